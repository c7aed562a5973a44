"""Nested structures."""

from kcore_ops.tree import (
    assert_same_structure,
    flatten,
    flatten_with_path,
    is_nested,
    lists_to_tuples,
    map_structure,
    pack_sequence_as,
    traverse,
)

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
