"""Which target, loss and metrics belong to which output of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcore_ops import tree
from kcore_ops.errors import ArgumentError

__all__ = ["is_single", "names_of_outputs", "per_output"]


def is_single(y_pred: Any) -> bool:
    """Say whether a model gave one tensor rather than several."""
    return not isinstance(y_pred, list | tuple | Mapping)


def names_of_outputs(y_pred: Any, known: Sequence[str] | None) -> list[str]:
    """Give a name for each output, in the order in which trees are flattened.

    Args:
        y_pred: what the model gave.
        known: the names that the model has for its outputs, if it has any.
    """
    paths = [path for path, _ in tree.flatten_with_path(y_pred)]
    if known is not None and len(known) == len(paths):
        return list(known)
    return ["_".join(map(str, path)) if isinstance(y_pred, Mapping) else f"output_{i}" for i, path in enumerate(paths)]


def per_output(given: Any, y_pred: Any, names: Sequence[str], what: str) -> list[Any]:
    """Give what belongs to each output, None where nothing does.

    Args:
        given: a list or tuple in the order of the outputs, or a dict by output; or what the outputs look like.
        y_pred: the outputs.
        names: their names.
        what: what is given, for errors.

    Raises:
        ArgumentError: if names are unknown, or the number is wrong.
    """
    if given is None:
        return [None] * len(names)
    keys = [str(key) for key in sorted(y_pred)] if isinstance(y_pred, Mapping) else list(names)
    if isinstance(given, Mapping):
        unknown = [str(name) for name in given if name not in keys and name not in names]
        if unknown:
            raise ArgumentError(
                f"{what} names {', '.join(map(repr, unknown))}, and the outputs are {', '.join(map(repr, keys))}",
                fix="name outputs of the model",
            )
        return [given.get(key, given.get(name)) for key, name in zip(keys, names, strict=True)]
    if isinstance(given, list | tuple):
        if isinstance(y_pred, Mapping):
            raise ArgumentError(
                f"{what} is a {type(given).__name__}, and the outputs go by name",
                fix=f"pass a dict with the keys {', '.join(map(repr, keys))}",
            )
        if len(given) != len(names):
            raise ArgumentError(
                f"{what} has {_counted(len(given), 'part')}, and the model {len(names)} outputs",
                fix=f"give one for each of {', '.join(map(repr, names))}",
            )
        return list(given)
    kind = "one array" if hasattr(given, "shape") else f"a {type(given).__name__}"
    raise ArgumentError(
        f"{what} is {kind}, and the model has {_counted(len(names), 'output')}", fix="pass a list, or a dict by output"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
