"""Which target, loss, metrics and weights belong to which output of a model, and the masks that outputs carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kcore_layers.base.masking import get_mask, in_use, set_mask
from kcore_ops import tree
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ArgumentError

__all__ = ["is_single", "mapped_outputs", "masks_of", "names_of_losses", "names_of_outputs", "per_output",
           "with_masks"]  # fmt: skip


def is_single(y_pred: Tree) -> bool:
    """Return whether a model returned one tensor rather than several.

    Args:
        y_pred: what it returned.
    """
    return hasattr(y_pred, "dtype") or not isinstance(y_pred, (list, tuple, Mapping))


def names_of_outputs(y_pred: Tree, known: Sequence[str] | None) -> list[str]:
    """Return a name for each output, in the order in which trees are flattened.

    Args:
        y_pred: what the model returned.
        known: the names that the model has for its outputs, if it has any.
    """
    paths = [path for path, _ in tree.flatten_with_path(y_pred)]
    if known is not None and len(known) == len(paths):
        return list(known)
    return ["_".join(map(str, path)) if isinstance(y_pred, Mapping) else f"output_{i}" for i, path in enumerate(paths)]


def names_of_losses(y_pred: Tree, known: Sequence[str] | None) -> list[str]:
    """Return the name under which the loss of each output is reported, without `_loss`: nested ones say where they are.

    Args:
        y_pred: what the model returned.
        known: the names that the model has for its outputs, if it has any.

    >>> names_of_losses({"a": [1, 2], "b": 3}, ["x", "y", "b"])
    ['a/x', 'a/y', 'b']
    """
    names = names_of_outputs(y_pred, known)
    if known is None or len(known) != len(names):
        return names
    paths = [path for path, _ in tree.flatten_with_path(y_pred)]
    return ["/".join([*map(str, path[:-1]), name]) for path, name in zip(paths, names, strict=True)]


# What is given for outputs.


def per_output(given: Tree, y_pred: Tree, names: Sequence[str], what: str, *, holds_lists: bool = False) -> list[Any]:
    """Return what belongs to each output, in the order in which trees are flattened; None where nothing does.

    What is given has the form of the outputs, or is a list of them all, a dict by their names or, where there is one
    output only, what is for it. Nested outputs are gone through level by level.

    Args:
        given: losses, metrics, targets or weights.
        y_pred: the outputs.
        names: their names, in the order in which trees are flattened.
        what: what is given, for errors.
        holds_lists: whether a list can be what belongs to a single output, as one of metrics.

    Raises:
        ArgumentError: if names are unknown, the number is wrong, or a list is given for outputs by name whose order
            is not that of their sorted names: which of them it means would be a guess.

    >>> per_output({"b": 3, "a": [1, 2]}, {"a": [0.1, 0.2], "b": 0.3}, ["x", "y", "b"], "y")
    [1, 2, 3]
    >>> per_output([1], {"a": 0.1}, ["a"], "y"), per_output(1, [0.1], ["a"], "y")
    ([1], [1])
    """
    if given is None:
        return [None] * len(names)
    if is_single(y_pred):
        return [_for_only(given, names, what, holds_lists)]
    parts = _parts(y_pred, names)
    if isinstance(given, Mapping) and not _is_saved(given):
        found = _by_name(given, parts, names, what)
    elif isinstance(given, list | tuple) and len(given) == len(parts):
        _check_order(y_pred, given, what)
        found = list(given)
    elif len(names) == 1:
        found = [given]
    elif isinstance(given, list | tuple):
        if len(given) != len(names):
            raise ArgumentError(
                f"{what} has {_counted(len(given), 'part')}, and the model {len(names)} outputs",
                fix=f"give one for each of {', '.join(map(repr, names))}",
            )
        _check_order(y_pred, given, what)
        return list(given)
    else:
        kind = "one array" if hasattr(given, "shape") else f"a {type(given).__name__}"
        raise ArgumentError(
            f"{what} is {kind}, and the model has {_counted(len(names), 'output')}",
            fix="pass a list, or a dict by output",
        )
    return [
        each
        for part, (_, output, inside) in zip(found, parts, strict=True)
        for each in per_output(part, output, inside, what, holds_lists=holds_lists)
    ]


def _parts(y_pred: Tree, names: Sequence[str]) -> list[tuple[Any, Any, list[str]]]:
    """Return the keys of the outermost level of outputs, what is there, and the names of the outputs in it."""
    keys: Any = sorted(y_pred) if isinstance(y_pred, Mapping) else range(len(y_pred))
    found, start = [], 0
    for key in keys:
        count = 1 if is_single(y_pred[key]) else len(tree.flatten(y_pred[key]))
        found.append((key, y_pred[key], list(names[start : start + count])))
        start += count
    return found


def _by_name(
    given: Mapping[Any, Any], parts: Sequence[tuple[Any, Any, list[str]]], names: Sequence[str], what: str
) -> list[Any]:
    """Return what a dict has for each part: under its key or, if it has none, under the names of its outputs."""
    keys = [key for key, _, _ in parts if isinstance(key, str)]
    known = keys or names
    unknown = [str(name) for name in given if name not in keys and name not in names]
    if unknown and len(names) == 1:
        raise _other_name(given, known, what)
    if unknown:
        raise ArgumentError(
            f"{what} names {', '.join(map(repr, unknown))}, and the outputs are {', '.join(map(repr, known))}",
            fix="name outputs of the model",
        )
    found = []
    for key, output, inside in parts:
        named = {name: given[name] for name in inside if name in given}
        found.append(given[key] if key in given else named.get(inside[0]) if is_single(output) else named or None)
    return found


def _check_order(y_pred: Tree, given: Any, what: str) -> None:
    if isinstance(y_pred, Mapping) and list(y_pred) != sorted(y_pred):
        raise ArgumentError(
            f"{what} is a {type(given).__name__}, and the outputs go by name, in another order than that of the names",
            fix=f"pass a dict with the keys {', '.join(repr(key) for key in y_pred)}",
        )


def _for_only(given: Any, names: Sequence[str], what: str, holds_lists: bool) -> Any:
    """Return what is for the only output, also where it is in a list or a dict."""
    if isinstance(given, Mapping) and not _is_saved(given):
        if list(given) != [names[0]]:
            raise _other_name(given, names, what)
        return _for_only(given[names[0]], names, what, holds_lists)
    if not isinstance(given, list | tuple):
        return given
    if holds_lists:
        return given[0] if len(given) == 1 and isinstance(given[0], list | tuple) else given
    if len(given) != 1:
        raise ArgumentError(f"{what} has {len(given)} parts, and the model one output", fix="pass one")
    return _for_only(given[0], names, what, holds_lists)


def _other_name(given: Mapping[Any, Any], names: Sequence[str], what: str) -> ArgumentError:
    return ArgumentError(
        f"{what} names {', '.join(map(repr, given))}, and the only output is {names[0]!r}",
        fix=f"pass it alone, or in a dict under {names[0]!r}",
    )


def _is_saved(given: Mapping[Any, Any]) -> bool:
    """Return whether a dict is one object as plain data, rather than several by name."""
    return "class_name" in given


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# Masks.


def masks_of(y_pred: Tree) -> list[Tensor | None] | None:
    """Return the mask of each output, in the order in which trees are flattened; None if no output has one.

    What a framework differentiates or compiles gives its outputs anew, without what they carried: their masks are
    taken along beside them, and put back by `with_masks`.

    Args:
        y_pred: the outputs.
    """
    if not in_use():
        return None
    masks = [get_mask(y_pred)] if is_single(y_pred) else [get_mask(output) for output in tree.flatten(y_pred)]
    return None if all(mask is None for mask in masks) else masks


def with_masks(y_pred: Tree, masks: Sequence[Tensor | None] | None) -> Tree:
    """Return outputs with their masks attached again.

    Args:
        y_pred: the outputs.
        masks: what `masks_of` returned.
    """
    if masks is not None:
        for output, mask in zip([y_pred] if is_single(y_pred) else tree.flatten(y_pred), masks, strict=True):
            set_mask(output, mask)
    return y_pred


def mapped_outputs(function: Callable[[Tensor], Tensor], y_pred: Tree) -> Tree:
    """Return outputs that a function was applied to, with the masks they had.

    Args:
        function: takes one output, and returns what stands for it.
        y_pred: the outputs.
    """
    masks = masks_of(y_pred)
    mapped = function(y_pred) if is_single(y_pred) else tree.map_structure(function, y_pred)
    return mapped if masks is None else with_masks(mapped, masks)
