"""Nested lists, tuples, named tuples and dicts, as optree has them; None is a leaf."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "register_container",
    "traverse",
]


class MAP_TO_NONE:
    """What a function given to `traverse` returns to have a part replaced by None, as None itself keeps the part.

    >>> traverse(lambda x: MAP_TO_NONE if x == 1 else None, [1, [2, 1]])
    [None, [2, None]]
    """


_NAMESPACE = "kcore"  # what is a container to us is none to others who use optree
_OPTIONS: dict[str, Any] = {"none_is_leaf": True, "namespace": _NAMESPACE}
_containers: dict[type, None] = {}  # registered with us, in order
_module: Any = None
_lock = threading.RLock()  # optree takes a class once, whichever threads meet a structure first


def _optree() -> Any:
    """Return optree, which is imported when a structure is first met: `import kcore_ops` is to be quick."""
    return _module if _module is not None else _load()


def _load() -> Any:
    global _module
    with _lock:
        if _module is None:
            optree = importlib.import_module("optree")
            for kind in _containers:
                _register(optree, kind)
            _module = optree
        return _module


def _register(optree: Any, kind: type) -> None:
    plain = dict if issubclass(kind, dict) else list

    def parts(container: Any) -> tuple[list[Any], Any, list[Any]]:
        whole = plain(container)
        leaves, form = optree.tree_flatten(whole, is_leaf=lambda x: x is not whole, none_is_leaf=True)
        return leaves, form, form.entries()

    optree.register_pytree_node(kind, parts, optree.tree_unflatten, namespace=_NAMESPACE)


def register_container(kind: type) -> None:
    """Make `kind`, a subclass of list or dict, a container like those, not a leaf; what is made of it anew is plain.

    Raises:
        TypeError: if it is no subclass of list or dict.

    >>> class Stack(list): pass
    >>> register_container(Stack)
    >>> flatten(Stack([1, [2]])), map_structure(lambda x: -x, Stack([1]))
    ([1, 2], [-1])
    """
    if not issubclass(kind, list | dict):
        raise TypeError(f"{kind.__qualname__} is no subclass of list or dict")
    with _lock:
        if kind not in _containers:
            _containers[kind] = None
            if _module is not None:
                _register(_module, kind)


def is_nested(structure: Any) -> bool:
    """Return whether `structure` is a container rather than a leaf.

    >>> is_nested([1]), is_nested(1)
    (True, False)
    """
    return not bool(_optree().tree_is_leaf(structure, **_OPTIONS))


def flatten(structure: Any) -> list[Any]:
    """Return the leaves of `structure` in order; dicts are taken in the order of their sorted keys.

    >>> flatten({"b": [2, 3], "a": 1})
    [1, 2, 3]
    """
    return list(_optree().tree_leaves(structure, **_OPTIONS))


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Return the leaves of `structure` in order, each with the keys and indices that lead to it.

    >>> flatten_with_path({"a": [5, 6]})
    [(('a', 0), 5), (('a', 1), 6)]
    """
    paths, leaves, _ = _optree().tree_flatten_with_path(structure, **_OPTIONS)
    return list(zip(paths, leaves, strict=True))


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """Compare the forms of two structures.

    Args:
        a: tree, any structure.
        b: tree, the structure that must have its form.
        check_types: bool or None, not used, and there for Keras's callers: the types of containers always count; None.

    Raises:
        ValueError: if they differ.

    >>> assert_same_structure((1, [2]), (3, [4]))
    """
    forms = [_optree().tree_structure(structure, **_OPTIONS) for structure in (a, b)]
    if forms[0] != forms[1]:
        raise ValueError(f"the structures differ in form\n  {forms[0]}\n  {forms[1]}")


def assert_same_paths(a: Any, b: Any) -> None:
    """Compare the paths that lead to the leaves of `a` and `b`: keys and indices, whatever the containers are.

    Raises:
        ValueError: if they differ.

    >>> assert_same_paths([1, {"a": 2}], (3, {"a": 4}))
    """
    paths = [{path for path, _ in flatten_with_path(structure)} for structure in (a, b)]
    lines = [
        f"  only in the {which}: {', '.join(map(str, sorted(only, key=str)))}"
        for which, only in (("first", paths[0] - paths[1]), ("second", paths[1] - paths[0]))
        if only
    ]
    if lines:
        raise ValueError("the structures have other paths\n" + "\n".join(lines))


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Apply a function to every part of a structure, containers too; what it returns replaces the part, None keeps it.

    Args:
        func: function, from a part to its replacement, or None.
        structure: tree, what to go through.
        top_down: bool, whether a container is visited before its parts, which are then left alone if it is replaced;
            True.

    >>> traverse(lambda x: tuple(x) if isinstance(x, list) else None, [1, [2]], top_down=False)
    (1, (2,))
    """
    if top_down:
        replacement = func(structure)
        if replacement is not None:
            return _replacement(replacement)
    if is_nested(structure):
        parts, form = _optree().tree_flatten(structure, is_leaf=lambda x: x is not structure, **_OPTIONS)
        structure = _optree().tree_unflatten(form, [traverse(func, part, top_down) for part in parts])
    if not top_down:
        replacement = func(structure)
        return structure if replacement is None else _replacement(replacement)
    return structure


def _replacement(given: Any) -> Any:
    return None if given is MAP_TO_NONE or isinstance(given, MAP_TO_NONE) else given


def lists_to_tuples(structure: Any) -> Any:
    """Turn every list in `structure` into a tuple.

    >>> lists_to_tuples([1, {"a": [2]}])
    (1, {'a': (2,)})
    """
    return traverse(lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False)


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """Apply a function to the leaves of structures of one form.

    Args:
        func: function, from one leaf of each structure to that of the result.
        *structures: trees of one form, one or more.
        none_is_leaf: bool, whether `func` is called for None; otherwise None stays where it is; True.

    Raises:
        ValueError: if their forms differ.

    >>> map_structure(lambda a, b: a + b, (1, [2]), (3, [4]))
    (4, [6])
    """
    return _optree().tree_map(func, *structures, none_is_leaf=none_is_leaf, namespace=_NAMESPACE)


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """Apply a function to those parts of structures that stand where another has its leaves.

    Args:
        shallow_structure: tree, the one whose leaves say where.
        func: function, from one part of each structure to the leaf of the result.
        *structures: trees that go on below those leaves, or end there.

    Raises:
        ValueError: if the structures do not have the form of the other, as far as that goes.

    >>> map_structure_up_to([0, 0], lambda part, number: (part, number), [[1, 2], 3], [4, 5])
    [([1, 2], 4), (3, 5)]
    """
    form = _optree().tree_structure(shallow_structure, **_OPTIONS)
    parts = [form.flatten_up_to(structure) for structure in structures]
    return form.unflatten(func(*part) for part in zip(*parts, strict=True))


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """Apply `func` to the shapes in `structure`: tuples and lists of sizes, which are integers or None.

    >>> map_shape_structure(lambda shape: (None, *shape), {"a": (2, 3), "b": [(4,)]})
    {'a': (None, 2, 3), 'b': [(None, 4)]}
    """
    return _optree().tree_map(func, structure, is_leaf=_is_shape, **_OPTIONS)


def _is_shape(part: Any) -> bool:
    return isinstance(part, list | tuple) and all(size is None or isinstance(size, int) for size in part)


def pack_sequence_as(structure: Any, flat_sequence: list[Any]) -> Any:
    """Return leaves the form of a structure.

    Args:
        structure: tree, the form; its own leaves do not count.
        flat_sequence: list of the leaves, in the order of `flatten`.

    Raises:
        ValueError: if there are too few or too many.

    >>> pack_sequence_as({"a": 0, "b": (0, 0)}, [1, 2, 3])
    {'a': 1, 'b': (2, 3)}
    """
    return _optree().tree_unflatten(_optree().tree_structure(structure, **_OPTIONS), flat_sequence)
