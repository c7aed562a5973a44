"""The same memory read as another dtype."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes import dtype_size
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import primitive
from kcore_ops.engine.op import DType, Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.specs.shapes import show_shape
from kcore_ops.specs.spec import TensorSpec, is_unknown

__all__ = ["view"]


@primitive
def view(x: Tensor, dtype: DType = None) -> Tensor:
    """Read the bits of the elements as elements of another dtype.

    Shapes: like `x`, but for the last axis, which becomes longer where the new elements are smaller and shorter where
    they are larger. Dtype: `dtype`, by default that of `x`. There is no gradient.
    Raises: `ShapeError` if the bytes along the last axis do not divide into elements of `dtype`, or `x` is a scalar and
    its one element is of another size.

    >>> view(np.array([1.0, -1.0], "float32"), "uint8").tolist()
    [0, 0, 128, 63, 0, 0, 128, 191]
    """
    if dtype is None:
        return x
    old, new = dtype_size(dtype_of(x)), dtype_size(dtype)
    if old == new:
        return TensorSpec(x.shape, dtype)
    if not x.shape:
        raise ShapeError(
            f"x is a scalar of {old} bits, and {dtype} has {new}", fix="pass a dtype of the same size, or reshape x"
        )
    size: Any = x.shape[-1]
    if new > old and not is_unknown(size) and size * old % new:
        raise ShapeError(
            f"x has shape {show_shape(x.shape)}: {size} elements of {old} bits do not divide into {dtype} of {new}",
            fix=f"make the size of the last axis a multiple of {new // old}",
        )
    return TensorSpec((*x.shape[:-1], size * old // new), dtype)
