"""What data looks like: the specs that models, losses and metrics are built for."""

from __future__ import annotations

import kcore_ops as ops
from kcore_ops import TensorSpec
from kcore_ops.dtypes import STRING, is_string_dtype
from kcore_ops.engine.op import Tree

__all__ = ["spec_of", "specs_of"]


def specs_of(data: Tree, is_any_batch: bool = True) -> Tree:
    """Return a tree of data with the spec of each tensor in its place.

    Args:
        data: arrays, tensors, or a tree of them.
        is_any_batch: whether the length along the first axis is left open.
    """
    return ops.tree.map_structure(lambda leaf: spec_of(leaf, is_any_batch), data)


def spec_of(x: Tree, is_any_batch: bool = True) -> Tree:
    """Return the spec of an array or tensor; what has no shape is returned as it is.

    Args:
        x: the data.
        is_any_batch: whether the length along the first axis is left open.
    """
    if isinstance(x, TensorSpec) or not hasattr(x, "shape"):
        return x
    shape = tuple(x.shape)
    sizes = (None, *shape[1:]) if shape and is_any_batch else shape
    if is_string_dtype(x.dtype):
        return TensorSpec(sizes, STRING)
    return TensorSpec(sizes, ops.dtype(x if ops.is_tensor(x) else ops.convert_to_tensor(x)))
