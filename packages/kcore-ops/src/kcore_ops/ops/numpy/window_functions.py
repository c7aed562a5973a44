"""Window functions for signals, which fall off from 1 in their middle. All are symmetric, as those of NumPy."""

from __future__ import annotations

import math
from typing import Any

from kcore_ops.dtypes import at_least_float32
from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.engine.sizes import size_of_value
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.foundation.settings import floatx
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.numpy.arithmetic import absolute, divide, maximum, square, subtract
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.exponentials import i0, sqrt
from kcore_ops.ops.numpy.trigonometry import cos
from kcore_ops.specs.shapes import show_shape

__all__ = ["bartlett", "blackman", "hamming", "hanning", "kaiser"]


@op
def bartlett(x: Any) -> Tensor:
    """Return the Bartlett window of `x` points: a triangle that is 0 at both ends.

    Shapes: `(x,)`; `x` is an integer or a scalar tensor of one. Dtype: the default float.
    Raises: `ArgumentError` if `x` is not an integer.

    Args:
        x: int, or scalar tensor of one, the number of points.

    >>> bartlett(5)
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return cast(subtract(1.0, absolute(_from_middle(x))), floatx())


@op
def hanning(x: Any) -> Tensor:
    """Return the Hann window of `x` points: a raised cosine that is 0 at both ends.

    Shapes, dtype and errors: as for `bartlett`.

    Args:
        x: int, or scalar tensor of one, the number of points.

    >>> hanning(5)
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _cosines(x, 0.5, 0.5)


@op
def hamming(x: Any) -> Tensor:
    """Return the Hamming window of `x` points: a raised cosine that is 0.08 at both ends.

    Shapes, dtype and errors: as for `bartlett`.

    Args:
        x: int, or scalar tensor of one, the number of points.

    >>> hamming(5).round(3)
    array([0.08, 0.54, 1.  , 0.54, 0.08], dtype=float32)
    """
    return _cosines(x, 0.54, 0.46)


@op
def blackman(x: Any) -> Tensor:
    """Return the Blackman window of `x` points: two cosines that add up to 0 at both ends.

    Shapes, dtype and errors: as for `bartlett`.

    Args:
        x: int, or scalar tensor of one, the number of points.

    >>> abs(blackman(5).round(3))
    array([0.  , 0.34, 1.  , 0.34, 0.  ], dtype=float32)
    """
    return _cosines(x, 0.42, 0.5, 0.08)


@op(dtypes=real_floating)
def kaiser(x: Any, beta: Tensor) -> Tensor:
    """Return the Kaiser window of `x` points, which falls off the more steeply the larger `beta`.

    Shapes: `(x,)`; `x` is an integer or a scalar tensor of one, and `beta` a scalar. Dtype: the default float.
    Raises: `ArgumentError` if `x` is not an integer or `beta` not a scalar; `DTypeError` if `beta` is complex.
    Source: Kaiser & Schafer (1980), "On the use of the I0-sinh window for spectrum analysis".

    Args:
        x: int, or scalar tensor of one, the number of points.
        beta: scalar tensor, the shape parameter, at least 0; 0 for a rectangle.

    >>> kaiser(3, 5.0).round(3)
    array([0.037, 1.   , 0.037], dtype=float32)
    """
    if len(beta.shape):
        raise ArgumentError(f"beta has shape {show_shape(beta.shape)}", fix="pass a number")
    steepness = cast(beta, at_least_float32(floatx()))
    rounded = sqrt(maximum(subtract(1.0, square(_from_middle(x))), 0.0))
    return cast(divide(i0(rounded * steepness), i0(steepness)), floatx())


def _cosines(x: Any, *amplitudes: float) -> Any:
    """Return the sum of cosines of 0, 1, 2, ... half turns from the middle to either end."""
    angle = _from_middle(x) * math.pi
    window = amplitudes[0] + amplitudes[1] * cos(angle)
    for times, amplitude in enumerate(amplitudes[2:], 2):
        window = window + amplitude * cos(angle * times)
    return cast(window, floatx())


def _from_middle(x: Any) -> Any:
    """Return the points' distances from the middle, from -1 to 1; a single point is the middle."""
    is_scalar = not isinstance(x, float | str | bool) and not len(getattr(x, "shape", ()))
    if not is_scalar or not (hasattr(x, "__index__") or hasattr(x, "dtype")):
        raise ArgumentError(f"x={x!r} is not a number of points", fix="pass an integer")
    count = size_of_value(x, "pass the number of points as a Python integer")
    from_first = cast(arange(count, dtype="int32"), at_least_float32(floatx()))
    last = float(count - 1) if isinstance(count, int) else cast(count - 1, dtype_of(from_first))
    return divide(subtract(from_first * 2.0, last), maximum(last, 1.0))
