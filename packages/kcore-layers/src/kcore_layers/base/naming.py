"""Names of layers, and the path of the layer that is being built."""

from __future__ import annotations

import collections
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Self

from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.state.variable import variables_under

if TYPE_CHECKING:
    from kcore_layers.base.state import State

__all__ = [
    "auto_name",
    "building_under",
    "canonical_names",
    "current_path",
    "get_uid",
    "name_scope",
    "reset_names",
    "snake_case",
    "unique_names",
]

_counts: collections.Counter[str] = collections.Counter()
_uids: collections.Counter[str] = collections.Counter()
_lock = threading.Lock()  # no two threads are given one name
_path: ContextVar[str] = ContextVar("kcore_path", default="")
current_path = _path.get


def snake_case(name: str) -> str:
    """Return the name of an instance, from its class's.

    Args:
        name: the class's name.

    >>> snake_case("MaxPooling2D"), snake_case("LSTMCell"), snake_case("_Private")
    ('max_pooling2d', 'lstm_cell', 'private')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().lstrip("_")


def auto_name(prefix: str) -> str:
    """Return a name that no other call has returned: `dense`, then `dense_1`.

    Args:
        prefix: what the name begins with.
    """
    with _lock:
        number = _counts[prefix]
        _counts[prefix] += 1
    return f"{prefix}_{number}" if number else prefix


def get_uid(prefix: str = "") -> int:
    """Return the number of calls with a prefix since the process began, or since `clear_session`: 1, then 2.

    Args:
        prefix: the prefix; "" by default.

    >>> get_uid("a_prefix_of_ours"), get_uid("a_prefix_of_ours")
    (1, 2)
    """
    with _lock:
        _uids[prefix] += 1
        return _uids[prefix]


def reset_names() -> None:
    """Start counting anew, as `clear_session` does."""
    _counts.clear()
    _uids.clear()


def unique_names(names: Iterable[str]) -> list[str]:
    """Return names of which those that occur more than once are numbered.

    Args:
        names: the names.

    >>> unique_names(["dense", "relu", "dense"])
    ['dense', 'relu', 'dense_1']
    """
    seen: collections.Counter[str] = collections.Counter()
    unique = []
    for name in names:
        unique.append(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return unique


def canonical_names(layers: Iterable[State]) -> list[str]:
    """Return names for layers that a model and one made of its config agree on: made-up names count from the start.

    A name is taken to be made up if it is the class's, with or without a number: a config does not say.

    Args:
        layers: the layers, in order.
    """
    names: dict[str, None] = {}
    counts: collections.Counter[str] = collections.Counter()
    for layer in layers:
        plain = snake_case(type(layer).__name__)
        base = plain if re.fullmatch(rf"{re.escape(plain)}(_\d+)?", layer.name) else layer.name
        name = base
        while name in names:
            counts[base] += 1
            name = f"{base}_{counts[base]}"
        names[name] = None
    return list(names)


@contextmanager
def building_under(path: str) -> Iterator[None]:
    """Make `path` the one that layers built inside the `with` block are under.

    Args:
        path: names joined by "/".
    """
    token = _path.set(path)
    try:
        yield
    finally:
        _path.reset(token)


class name_scope:  # noqa: N801 (Keras's name)
    """Put a name before the paths of the variables and layers made inside the `with` block.

    Layers get their path as they are built; scopes nest.

    Args:
        name: str without "/".
        **kwargs: `caller`, `deduplicate` and `override_parent` of Keras, without effect.

    Raises:
        ArgumentError: if `name` is not such a string.

    >>> from kcore_ops import Variable
    >>> with name_scope("encoder"):
    ...     Variable([1.0], name="scale").path
    'encoder/scale'
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        unknown = set(kwargs) - {"caller", "deduplicate", "override_parent"}
        if not isinstance(name, str) or "/" in name or unknown:
            what = f"it takes no {', '.join(sorted(unknown))}" if unknown else f"{name!r} can not be a part of a path"
            raise ArgumentError(what, fix="use a string without /").at("name_scope")
        self.name = name
        self._entered: list[ExitStack] = []

    def __enter__(self) -> Self:
        outer = current_path()
        path = f"{outer}/{self.name}" if outer else self.name
        stack = ExitStack()
        stack.enter_context(building_under(path))
        stack.enter_context(variables_under(path))
        self._entered.append(stack)
        return self

    def __exit__(self, *error: object) -> None:
        self._entered.pop().close()
