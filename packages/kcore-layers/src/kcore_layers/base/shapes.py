"""Shapes of trees of tensors, and the specs that stand for tensors of given shapes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from kcore_ops import TensorSpec, tree
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.op import Tree
from kcore_ops.specs.spec import is_unknown, standardize_shape

from kcore_layers.options.argument_types import Shape

__all__ = ["DTypeTree", "ShapeTree", "dtypes_of", "shape_of", "specs_of", "tuples_of"]

# A shape or the name of a dtype, or trees of them.
ShapeTree: TypeAlias = "Shape | Sequence[ShapeTree] | Mapping[str, ShapeTree] | None"
DTypeTree: TypeAlias = "str | Sequence[DTypeTree] | Mapping[str, DTypeTree]"


def shape_of(value: Tree) -> Any:
    """Return the shape of a tensor, or the tree of shapes of a tree of them; sizes not known are None.

    Args:
        value: a tensor or spec, or a tree of them; what has no shape, None for one, has None here.
    """
    if hasattr(value, "shape"):
        return tuple([None if is_unknown(size) or not isinstance(size, int) else size for size in value.shape])
    if value is None or not tree.is_nested(value):
        return None
    return tree.map_structure(lambda leaf: shape_of(leaf), value)


def dtypes_of(values: Tree) -> Any:
    """Return the names of the dtypes of a tree of tensors.

    Args:
        values: a tensor or spec, or a tree of them.
    """
    return tree.map_structure(lambda leaf: dtype_of(leaf) if hasattr(leaf, "dtype") else None, values)


def specs_of(shape: ShapeTree, dtype: DTypeTree) -> Any:
    """Return the spec, or the tree of specs, for a shape or a tree of shapes.

    Args:
        shape: tuple of sizes, None for one that is not known; a tree of them; or None for no tensor.
        dtype: name of a dtype, or a tree of them, one for each shape.
    """
    if shape is None:
        return None
    if isinstance(shape, Mapping):
        dtypes: Any = dict.fromkeys(shape, dtype) if isinstance(dtype, str) else dtype
        return {name: specs_of(each, dtypes[name]) for name, each in shape.items()}
    if isinstance(shape, list | tuple) and any(isinstance(each, list | tuple | Mapping) for each in shape):
        dtypes = itertools.repeat(dtype) if isinstance(dtype, str) else dtype
        return type(shape)(specs_of(each, part) for each, part in zip(shape, dtypes, strict=False))
    return TensorSpec(standardize_shape(shape), dtype)


def tuples_of(shape: ShapeTree) -> Any:
    """Return a shape, or a tree of them, with tuples in place of the lists that files have.

    Args:
        shape: list of sizes, or a tree of lists.
    """
    if isinstance(shape, Mapping):
        return {name: tuples_of(each) for name, each in shape.items()}
    if isinstance(shape, list | tuple):
        return tuple(tuples_of(each) for each in shape)
    return shape
