"""Which objects of a model have weights in a file, and under which paths: the layout of Keras 3's `.weights.h5` files.

An object's path is made of the attributes it is reached by; each object counts once, where it is met first. Things in a
list, tuple or dict are called by their classes, in order: `blocks/dense`, `blocks/dense_1`; containers are `container`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kcore_layers.functional import Functional
from kcore_layers.layer import Layer
from kcore_layers.model import Model
from kcore_layers.naming import snake_case, unique_names
from kcore_layers.sequential import Sequential
from kcore_layers.tracking import is_metric

__all__ = ["join", "saved_objects"]


def saved_objects(model: Any) -> list[tuple[str, Any]]:
    """Give the layers and optimizers of a model that a file of weights has entries for, each with its path there.

    The model itself comes first, at the path "".

    >>> from kcore_layers import Input
    >>> from kcore_layers.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(4), Dense(2)])
    >>> [path for path, _ in saved_objects(model)]
    ['', 'layers/dense', 'layers/dense_1']
    """
    found: list[tuple[str, Any]] = []
    _walk(model, "", set(), found)
    return found


def join(*parts: str) -> str:
    """Give a path made of parts, leaving out those that are empty."""
    return "/".join(part for part in parts if part)


def _walk(value: Any, path: str, seen: set[int], found: list[tuple[str, Any]]) -> None:
    if _is_saved(value):
        if id(value) in seen:
            return
        seen.add(id(value))
        found.append((path, value))
        children: Iterable[tuple[str, Any]] = _attributes(value)
    elif isinstance(value, list | tuple):
        children = _named_by_class(value)
    elif isinstance(value, dict):
        children = _named_by_class(value.values())
    else:
        return
    for name, child in children:
        _walk(child, join(path, name), seen, found)


def _is_saved(value: Any) -> bool:
    """Say whether a value is a layer or an optimizer; metrics begin anew in each process."""
    return isinstance(value, Layer) or (hasattr(type(value), "save_own_variables") and not is_metric(value))


def _named_by_class(values: Iterable[Any]) -> list[tuple[str, Any]]:
    kept = [value for value in values if _is_saved(value) or isinstance(value, list | tuple | dict)]
    classes = [snake_case(type(value).__name__) if _is_saved(value) else "container" for value in kept]
    return list(zip(unique_names(classes), kept, strict=True))


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """Give what an object's attributes hold, in the order of files: private ones last."""
    passed_over = _own_names(value)
    # Not dir(value): a framework's modules may have more names there, for the same layers.
    names = {name for name in object.__dir__(value) if name not in passed_over and not name.startswith("__")}
    # What the user has assigned is saved whatever its name: `model.summary` may be a layer.
    names.update(getattr(value, "_kcore_tracked_names", ()))
    if isinstance(value, Model):
        names.add("optimizer")
        if isinstance(value, Functional | Sequential):
            yield "layers", value.layers
        else:
            names.add("layers")
    for name in sorted(names, key=lambda name: f"~{name[1:]}" if name.startswith("_") else name):
        try:
            held = getattr(value, name)
        except Exception:
            continue  # a property that has no value now
        yield name, held


def _own_names(value: Any) -> set[str]:
    """Give the attributes that every object of its kind has, which hold no parts of their own."""
    base = next((cls for cls in (Functional, Sequential, Model, Layer) if isinstance(value, cls)), None)
    if base is None:
        return set()
    plain: Any = Layer(name="plain")
    return {*dir(base), *dir(plain._kcore_backend.layer_base), *dir(plain._kcore_backend.layer_mixin), *plain.__dict__}
