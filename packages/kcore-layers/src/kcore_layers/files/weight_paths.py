"""Which objects of a model have weights in a file, and under which paths: the layout of Keras 3's `.weights.h5` files.

An object's path is made of the attributes it is reached by; each object counts once, where it is met first. Things in a
list, tuple or dict are called by their classes, in order: `blocks/dense`, `blocks/dense_1`; containers are `container`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.layer import Layer
from kcore_layers.base.naming import snake_case, unique_names
from kcore_layers.base.saved_attributes import saved_attributes
from kcore_layers.base.tracking import is_metric

__all__ = ["join", "find_optimizers", "find_paths", "saved_objects"]


def saved_objects(model: Layer, skip: Iterable[Any] = (), places: Iterable[str] | None = None) -> list[tuple[str, Any]]:
    """Return the layers and optimizers of a model that a file of weights has entries for, each with its path there.

    The model itself comes first, at the path "".

    Args:
        model: the model.
        skip: objects to pass over, with what is only reached through them; () by default.
        places: the paths that a file has; None, the default, if no file is read. An object that is reached by several,
            of which a property may be one, has the first of them that is among these, if one is.

    >>> from kcore_layers import Input, Sequential
    >>> from kcore_layers.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(4), Dense(2)])
    >>> [path for path, _ in saved_objects(model)]
    ['', 'layers/dense', 'layers/dense_1']
    """
    walk = _Walk(model, skip, places)
    return sorted(walk.found, key=lambda entry: walk.order[id(entry[1])])


def find_paths(model: Layer, objects: Iterable[Any]) -> list[str]:
    """Return the paths by which objects are reached, all of each.

    Args:
        model: the model.
        objects: layers of the model, or its optimizer.

    Raises:
        ArgumentError: if the model does not hold one of them.
    """
    objects = list(objects)
    paths = _Walk(model, objects, None).skipped if objects else {}
    unknown = [each for each in objects if id(each) not in paths]
    if unknown:
        raise ArgumentError(
            f"the model does not hold {', '.join(map(repr, unknown))}",
            fix="pass layers of this model, or its optimizer",
        )
    return [path for found in paths.values() for path in found]


def find_optimizers(model: Layer) -> list[Any]:
    """Return the optimizers of a model and of models inside it, which a file of weights has entries for.

    Args:
        model: the model.
    """
    return [saved for _, saved in saved_objects(model) if not isinstance(saved, Layer)]


def join(*parts: str) -> str:
    """Return a path made of parts, leaving out those that are empty.

    Args:
        *parts: paths.
    """
    return "/".join(part for part in parts if part)


class _Walk:
    """One way through a model's attributes."""

    def __init__(self, model: Any, skip: Iterable[Any], places: Iterable[str] | None) -> None:
        self.found: list[tuple[str, Any]] = []
        self.skipped: dict[int, list[str]] = {}
        self.order: dict[int, int] = {}  # in which objects were first met
        self._ids_to_skip = {id(each) for each in skip}
        self._seen: set[int] = set()
        # What was reached by paths that the file has not, until it is reached by one that the file has.
        self._late: dict[int, tuple[str, Any]] = {}
        self._known = None if places is None else {prefix for place in places for prefix in _prefixes(place)}
        self._visit(model, "", ())
        # What the file has under no path.
        self._known = None
        while self._late:
            path, value = self._late.pop(next(iter(self._late)))
            self._visit(value, path, ())

    def _visit(self, value: Any, path: str, outer: tuple[int, ...]) -> None:
        """Go through an object, or a container, which may contain itself."""
        children: Iterable[tuple[str, Any]]
        if _has_saved_state(value):
            if id(value) in self._ids_to_skip:
                self.skipped.setdefault(id(value), []).append(path)
                return
            if id(value) in self._seen:
                return
            self.order.setdefault(id(value), len(self.order))
            if self._known is not None and path not in self._known:
                self._late.setdefault(id(value), (path, value))
                return
            self._seen.add(id(value))
            self._late.pop(id(value), None)
            self.found.append((path, value))
            children, outer = _children(value), ()
        elif isinstance(value, list | tuple | dict):
            if id(value) in outer:
                return
            children = _named_by_class(value.values() if isinstance(value, dict) else value)
            outer = (*outer, id(value))
        else:
            return
        for name, child in children:
            self._visit(child, join(path, name), outer)


def _prefixes(place: str) -> Iterator[str]:
    parts = place.split("/")
    return ("/".join(parts[:i]) for i in range(len(parts) + 1))


def _has_saved_state(value: Any) -> bool:
    """Return whether a value is a layer or an optimizer; metrics begin anew in each process."""
    return isinstance(value, Layer) or (hasattr(type(value), "save_own_variables") and not is_metric(value))


def _named_by_class(values: Iterable[Any]) -> list[tuple[str, Any]]:
    kept = [value for value in values if _has_saved_state(value) or isinstance(value, list | tuple | dict)]
    classes = [snake_case(type(value).__name__) if _has_saved_state(value) else "container" for value in kept]
    return list(zip(unique_names(classes), kept, strict=True))


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    return value._kcore_saved_children() if isinstance(value, Layer) else saved_attributes(value)
