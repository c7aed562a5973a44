"""Nested lists, tuples, named tuples and dicts, as optree has them; None is a leaf."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

__all__ = [
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_structure",
    "pack_sequence_as",
    "traverse",
]


@functools.cache
def _optree() -> Any:
    """Give optree, which is imported when a structure is first met: `import kcore_ops` is to be quick."""
    return importlib.import_module("optree")


def is_nested(structure: Any) -> bool:
    """Say whether a structure is a container rather than a leaf.

    >>> is_nested([1]), is_nested(1)
    (True, False)
    """
    return not bool(_optree().tree_is_leaf(structure, none_is_leaf=True))


def flatten(structure: Any) -> list[Any]:
    """Give the leaves in order; dicts are taken in the order of their sorted keys.

    >>> flatten({"b": [2, 3], "a": 1})
    [1, 2, 3]
    """
    return list(_optree().tree_leaves(structure, none_is_leaf=True))


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Give the leaves in order, each with the keys and indices that lead to it.

    >>> flatten_with_path({"a": [5, 6]})
    [(('a', 0), 5), (('a', 1), 6)]
    """
    paths, leaves, _ = _optree().tree_flatten_with_path(structure, none_is_leaf=True)
    return list(zip(paths, leaves, strict=True))


def assert_same_structure(a: Any, b: Any) -> None:
    """Compare the forms of two structures.

    Raises:
        ValueError: if they differ.

    >>> assert_same_structure((1, [2]), (3, [4]))
    """
    forms = [_optree().tree_structure(structure, none_is_leaf=True) for structure in (a, b)]
    if forms[0] != forms[1]:
        raise ValueError(f"the structures differ in form\n  {forms[0]}\n  {forms[1]}")


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Apply a function to every part of a structure, containers too; what it returns replaces the part, None keeps it.

    Args:
        func: from a part to its replacement, or None.
        structure: what to go through.
        top_down: whether a container is visited before its parts, which are then left alone if it is replaced.

    >>> traverse(lambda x: tuple(x) if isinstance(x, list) else None, [1, [2]], top_down=False)
    (1, (2,))
    """
    if top_down:
        replacement = func(structure)
        if replacement is not None:
            return replacement
    if is_nested(structure):
        parts, form = _optree().tree_flatten(structure, is_leaf=lambda x: x is not structure, none_is_leaf=True)
        structure = _optree().tree_unflatten(form, [traverse(func, part, top_down) for part in parts])
    if not top_down:
        replacement = func(structure)
        return structure if replacement is None else replacement
    return structure


def lists_to_tuples(structure: Any) -> Any:
    """Turn every list into a tuple.

    >>> lists_to_tuples([1, {"a": [2]}])
    (1, {'a': (2,)})
    """
    return traverse(lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False)


def map_structure(func: Callable[..., Any], *structures: Any) -> Any:
    """Apply a function to the leaves of structures of one form.

    Raises:
        ValueError: if their forms differ.

    >>> map_structure(lambda a, b: a + b, (1, [2]), (3, [4]))
    (4, [6])
    """
    return _optree().tree_map(func, *structures, none_is_leaf=True)


def pack_sequence_as(structure: Any, flat_sequence: list[Any]) -> Any:
    """Give leaves the form of a structure.

    Raises:
        ValueError: if there are too few or too many.

    >>> pack_sequence_as({"a": 0, "b": (0, 0)}, [1, 2, 3])
    {'a': 1, 'b': (2, 3)}
    """
    return _optree().tree_unflatten(_optree().tree_structure(structure, none_is_leaf=True), flat_sequence)
