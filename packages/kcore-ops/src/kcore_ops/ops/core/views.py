"""The same memory read in another way: as another dtype, or as complex numbers and their parts."""

from __future__ import annotations

from kcore_ops.dtypes import at_least_float32
from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.numpy.arithmetic import complex_of, imag, real
from kcore_ops.ops.numpy.indexing import get_item
from kcore_ops.ops.numpy.joining import stack
from kcore_ops.specs.shapes import differ, show_shape

__all__ = ["view_as_complex", "view_as_real"]


@op(dtypes=real_floating)
def view_as_complex(x: Tensor) -> Tensor:
    """Return the complex numbers whose real and imaginary parts are the pairs along the last axis of `x`.

    Shapes: `(..., 2)` gives `(...)`. Dtype: complex128 for float64, else complex64.
    Raises: `ShapeError` if the last axis does not hold pairs; `DTypeError` if `x` is complex.

    >>> view_as_complex([[1.0, 2.0], [3.0, 4.0]])
    array([1.+2.j, 3.+4.j], dtype=complex64)
    """
    if not x.shape or differ(x.shape[-1], 2):
        raise ShapeError(
            f"x has shape {show_shape(x.shape)}", fix="the last axis must hold two numbers: real and imaginary part"
        )
    wide = cast(x, at_least_float32(dtype_of(x)))
    return complex_of(get_item(wide, (..., 0)), get_item(wide, (..., 1)))


@op
def view_as_real(x: Tensor) -> Tensor:
    """Return real and imaginary part of each number in `x` as a pair along a new last axis.

    Shapes: `(...)` gives `(..., 2)`. Dtype: that of the parts; real numbers, whose imaginary part is 0, keep theirs.

    >>> view_as_real([1 + 2j, 3 + 4j])
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    """
    return stack([real(x), imag(x)], axis=-1)
