"""Mean and variance together."""

from __future__ import annotations

from kcore_ops.dtypes import at_least_float32
from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.core.saturate_cast import saturate_cast
from kcore_ops.ops.numpy.arithmetic import squared_modulus
from kcore_ops.ops.numpy.manipulation import squeeze
from kcore_ops.ops.numpy.reductions import mean
from kcore_ops.specs.shapes import normalize_axes

__all__ = ["moments"]


@op(dtypes=real_floating)
def moments(x: Tensor, axes: Axis, keepdims: bool = False, synchronized: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and variance of `x` along `axes`, one or several, with one computation of the mean.

    Shapes: both without those axes, which stay with size 1 if `keepdims`. Dtype: as for `var`; a variance that float16
    can not hold is the largest number that it can.
    Raises: `ShapeError` if there is no such axis; `ArgumentError` if `synchronized`, over the replicas of a distributed
    run, is asked of a backend that has none.

    >>> moments([[1.0, 3.0], [2.0, 2.0]], axes=1)
    (array([2., 2.], dtype=float32), array([1., 0.], dtype=float32))
    """
    if synchronized:
        raise ArgumentError("there are no replicas to synchronize moments with", fix="leave out synchronized=")
    kind = dtype_of(x)
    wide = cast(x, at_least_float32(kind))
    center = mean(wide, axis=axes, keepdims=True)
    variance = mean(squared_modulus(wide - center), axis=axes, keepdims=keepdims)
    reduced = normalize_axes(axes, len(x.shape))
    return cast(center if keepdims or not reduced else squeeze(center, axis=reduced), kind), saturate_cast(
        variance, kind
    )
