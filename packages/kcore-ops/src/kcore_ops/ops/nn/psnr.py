"""Peak signal-to-noise ratio."""

from __future__ import annotations

from kcore_ops.dtypes import at_least_float32
from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.nn.precision import narrowed, widened
from kcore_ops.ops.numpy.arithmetic import square, subtract
from kcore_ops.ops.numpy.exponentials import log10
from kcore_ops.ops.numpy.reductions import mean
from kcore_ops.specs.shapes import check_same_shape

__all__ = ["psnr"]


@op(dtypes=real_floating)
def psnr(x1: Tensor, x2: Tensor, max_val: float) -> Tensor:
    """Peak signal-to-noise ratio of `x1` and `x2`, in decibels: `10 log10(max_val² / mean squared difference)`.

    Shapes: both have one shape, over all of which the mean is taken; the result is a scalar, infinite if they are
    equal. Dtype: the common one; integers become the default float; float16 and bfloat16 are computed in float32.
    Raises: `ShapeError` if the shapes differ; `ArgumentError` if `max_val` is not positive.

    >>> psnr([0.0, 1.0], [0.1, 0.9], max_val=1.0).round(3).item()
    20.0
    """
    check_same_shape("x1", x1, "x2", x2)
    if isinstance(max_val, int | float) and not max_val > 0:
        raise ArgumentError(f"max_val can not be {max_val!r}", fix="pass the largest value that an element may have")
    error = mean(square(subtract(widened(x1), widened(x2))))
    return narrowed(20.0 * log10(cast(max_val, at_least_float32(dtype_of(x1)))) - 10.0 * log10(error), x1)
