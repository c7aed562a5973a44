"""The same memory read in another way: as another dtype, or as complex numbers and their parts."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes import at_least_float32, dtype_size, standardize_dtype
from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.op import DType, Tensor, op, primitive
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.core.indexing import get_item
from kcore_ops.ops.numpy.arithmetic import complex_of, imag, real
from kcore_ops.ops.numpy.joining import stack
from kcore_ops.specs.shapes import differ, show_shape
from kcore_ops.specs.spec import TensorSpec, is_unknown

__all__ = ["view", "view_as_complex", "view_as_real"]


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
    old, new = dtype_size(x.dtype), dtype_size(dtype)
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


@op(dtypes=real_floating)
def view_as_complex(x: Tensor) -> Tensor:
    """Give the complex numbers whose real and imaginary parts are the pairs along the last axis.

    Shapes: `(..., 2)` gives `(...)`. Dtype: complex128 for float64, else complex64.
    Raises: `ShapeError` if the last axis does not hold pairs; `DTypeError` if `x` is complex.

    >>> view_as_complex([[1.0, 2.0], [3.0, 4.0]])
    array([1.+2.j, 3.+4.j], dtype=complex64)
    """
    if not x.shape or differ(x.shape[-1], 2):
        raise ShapeError(
            f"x has shape {show_shape(x.shape)}", fix="the last axis must hold two numbers: real and imaginary part"
        )
    wide = cast(x, at_least_float32(standardize_dtype(x.dtype)))
    return complex_of(get_item(wide, (..., 0)), get_item(wide, (..., 1)))


@op
def view_as_real(x: Tensor) -> Tensor:
    """Give real and imaginary part of each number as a pair along a new last axis.

    Shapes: `(...)` gives `(..., 2)`. Dtype: that of the parts; real numbers, whose imaginary part is 0, keep theirs.

    >>> view_as_real([1 + 2j, 3 + 4j])
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    """
    return stack([real(x), imag(x)], axis=-1)
