"""Complex numbers from their absolute values and angles."""

from __future__ import annotations

from kcore_ops.dtypes import at_least_float32
from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.numpy.arithmetic import complex_of
from kcore_ops.ops.numpy.trigonometry import cos, sin

__all__ = ["polar"]


@op(dtypes=real_floating)
def polar(abs_: Tensor, angle: Tensor) -> Tensor:
    """Complex number of a given size and angle in radians.

    Shapes: `abs_` and `angle` broadcast. Dtype: complex128 for float64, else complex64.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> polar(2.0, [0.0, 3.1416]).round(3)
    array([ 2.+0.j, -2.-0.j], dtype=complex64)
    """
    wide = at_least_float32(dtype_of(abs_))
    size, turn = cast(abs_, wide), cast(angle, wide)
    return complex_of(size * cos(turn), size * sin(turn))
