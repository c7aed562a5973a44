"""Discrete Fourier transforms. Complex numbers come as a pair of tensors: real and imaginary parts.

The definitions multiply by the matrix of the transform; every backend of kcore has the fast algorithm in its place.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.math.complex_pairs import Pair
from kcore_ops.ops.nn.precision import narrowed, widened
from kcore_ops.ops.numpy.arithmetic import add, divide, mod, multiply, negative, subtract
from kcore_ops.ops.numpy.comparison import equal, where
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.indexing import get_item
from kcore_ops.ops.numpy.manipulation import expand_dims, pad, swapaxes
from kcore_ops.ops.numpy.products import matmul
from kcore_ops.ops.numpy.trigonometry import cos, sin
from kcore_ops.specs.shapes import differ, show_shape
from kcore_ops.specs.spec import is_unknown

__all__ = ["fft", "fft2", "ifft2", "irfft", "rfft"]


@op(dtypes=real_floating)
def fft(x: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Fourier transform along the last axis: `y[k] = sum(x[n] * exp(-2j * pi * k * n / N) for n in range(N))`.

    Shapes: `x` is a pair (real part, imaginary part) of one shape `(..., N)`, as is the result.
    Dtype: the common one; integers and booleans become the default float; float16 and bfloat16 are computed in float32.
    Raises: `ArgumentError` if `x` is not a pair; `ShapeError` if its shapes differ or there are no points.

    >>> real, imaginary = fft(([1.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, -1.0]))
    >>> abs(real.round(3)), abs(imaginary.round(3))
    (array([0., 4., 0., 0.], dtype=float32), array([0., 0., 0., 0.], dtype=float32))
    """
    checked_pair(x, 1)
    return _like(_transformed((widened(x[0]), widened(x[1]))), x)


@op(dtypes=real_floating)
def fft2(x: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Fourier transform along the last two axes, one after the other.

    Shapes: `x` is a pair (real part, imaginary part) of one shape `(..., M, N)`, as is the result.
    Dtype: as for `fft`.
    Raises: `ArgumentError` if `x` is not a pair; `ShapeError` if its shapes differ or there are no points.

    >>> real, imaginary = fft2(([[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]))
    >>> real.round(3)
    array([[4., 0.],
           [0., 0.]], dtype=float32)
    """
    checked_pair(x, 2)
    return _like(_along_rows_and_columns((widened(x[0]), widened(x[1]))), x)


@op(dtypes=real_floating)
def ifft2(x: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Undo `fft2`.

    Shapes: `x` is a pair (real part, imaginary part) of one shape `(..., M, N)`, as is the result.
    Dtype: as for `fft`.
    Raises: `ArgumentError` if `x` is not a pair; `ShapeError` if its shapes differ or there are no points.

    >>> real, imaginary = ifft2(([[4.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]))
    >>> real.round(3)
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """
    checked_pair(x, 2)
    # The inverse is the conjugate of the transform of the conjugate, divided by the number of points.
    real, imaginary = _along_rows_and_columns((widened(x[0]), negative(widened(x[1]))))
    rows, columns = shape(x[0])[-2:]
    count = cast(multiply(rows, columns), dtype_of(real))
    return _like((divide(real, count), negative(divide(imaginary, count))), x)


@op(dtypes=real_floating)
def rfft(x: Tensor, fft_length: int | None = None) -> tuple[Tensor, Tensor]:
    """Fourier transform of real numbers along the last axis: the first half of what `fft` gives, which says it all.

    Args:
        x: the numbers.
        fft_length: number of points, to which the axis is cut or filled up with zeros; by default its size.

    Shapes: `(..., n)` gives real and imaginary part, `(..., fft_length // 2 + 1)` each. Dtype: as for `fft`.
    Raises: `ShapeError` if there are no points; `ArgumentError` if `fft_length` is not a positive integer.

    >>> real, imaginary = rfft([1.0, 1.0, 1.0, 1.0])
    >>> real.round(3)
    array([4., 0., 0.], dtype=float32)
    """
    check_points(x, 1)
    check_length(fft_length)
    points = widened(x) if fft_length is None else _resized(widened(x), fft_length)
    length = shape(points)[-1]
    angles = _angles(length, length // 2 + 1, length, dtype_of(points))
    return _like((matmul(points, cos(angles)), negative(matmul(points, sin(angles)))), (x, x))


@op(dtypes=real_floating)
def irfft(x: Sequence[Tensor], fft_length: int | None = None) -> Tensor:
    """Undo `rfft`: the real numbers whose transform begins with `x`.

    Args:
        x: a pair, real and imaginary part. The imaginary part of the first number, and with an even `fft_length` of
            that at `fft_length // 2`, counts as 0.
        fft_length: how many numbers to give. `x` is cut, or filled up with zeros, to `fft_length // 2 + 1`. By default
            `2 * (m - 1)`, which is right for transforms of an even number of points.

    Shapes: `(..., m)` each gives `(..., fft_length)`. Dtype: as for `fft`.
    Raises: `ArgumentError` if `x` is not a pair, or `fft_length` not a positive integer; `ShapeError` if the shapes of
    `x` differ or there are no points.

    >>> irfft(rfft([1.0, 2.0, 3.0, 4.0])).round(3)
    array([1., 2., 3., 4.], dtype=float32)
    """
    checked_pair(x, 1)
    check_length(fft_length)
    length = 2 * (shape(x[0])[-1] - 1) if fft_length is None else fft_length
    if not is_unknown(length) and isinstance(length, int) and length < 1:
        raise ShapeError(
            f"x has shape {show_shape(x[0].shape)}: {length} points", fix="pass two numbers or more, or fft_length="
        )
    kept = length // 2 + 1
    real, imaginary = (widened(part) if fft_length is None else _resized(widened(part), kept) for part in x)
    angles = _angles(kept, length, length, dtype_of(real))
    # All but the first, and in the middle of an even number of points the last, stand for their conjugates too.
    places = arange(kept)
    is_single = equal(mod(multiply(2, places), length), 0)
    weights = divide(cast(where(is_single, 1, 2), dtype_of(real)), cast(length, dtype_of(real)))
    weights = expand_dims(weights, -1)
    sines = where(expand_dims(is_single, -1), 0.0, multiply(weights, sin(angles)))
    return narrowed(subtract(matmul(real, multiply(weights, cos(angles))), matmul(imaginary, sines)), x[0])


def checked_pair(x: Any, axes: int) -> None:
    """Check that `x` is a real and an imaginary part with at least `axes` axes, none of the last empty.

    Raises:
        ArgumentError: if there are not two tensors.
        ShapeError: if they differ in shape, or there are no points.
    """
    if len(x) != 2:
        raise ArgumentError(f"x holds {len(x)} tensors", fix="pass a pair: real part, imaginary part")
    shapes = tuple(x[0].shape), tuple(x[1].shape)
    if len(shapes[0]) != len(shapes[1]) or any(map(differ, *shapes)):
        raise ShapeError(
            f"the real part has shape {show_shape(shapes[0])} and the imaginary part {show_shape(shapes[1])}",
            fix="both parts must have one shape",
        )
    check_points(x[0], axes)


def check_points(x: Any, axes: int) -> None:
    """Check that there is something to transform along the last axes.

    Raises:
        ShapeError: if there is not.
    """
    if len(x.shape) < axes:
        raise ShapeError(
            f"x has shape {show_shape(x.shape)}, and {axes} of its axes are to be transformed",
            fix=f"pass a tensor with {axes} or more axes",
        )
    if 0 in x.shape[len(x.shape) - axes :]:
        raise ShapeError(f"x has shape {show_shape(x.shape)}: no points", fix="pass a tensor that is not empty")


def check_length(fft_length: Any) -> None:
    """Check a number of points.

    Raises:
        ArgumentError: if it is not positive.
    """
    if fft_length is not None and (not hasattr(fft_length, "__index__") or fft_length < 1):
        raise ArgumentError(f"fft_length={fft_length!r} is no number of points", fix="pass a positive integer")


def _angles(rows: Any, columns: Any, count: Any, dtype: str) -> Any:
    """Return `2 * pi * row * column / count`, with whole turns taken off before they cost precision."""
    turns = mod(multiply(expand_dims(arange(rows), 1), arange(columns)), count)
    return divide(multiply(cast(turns, dtype), 2 * math.pi), cast(count, dtype))


def _transformed(x: Pair) -> Pair:
    real, imaginary = x
    count = shape(real)[-1]
    angles = _angles(count, count, count, dtype_of(real))
    cosines, sines = cos(angles), sin(angles)
    return (
        add(matmul(real, cosines), matmul(imaginary, sines)),
        subtract(matmul(imaginary, cosines), matmul(real, sines)),
    )


def _along_rows_and_columns(x: Pair) -> Pair:
    real, imaginary = _transformed(x)
    real, imaginary = _transformed((swapaxes(real, -1, -2), swapaxes(imaginary, -1, -2)))
    return swapaxes(real, -1, -2), swapaxes(imaginary, -1, -2)


def _resized(x: Any, size: Any) -> Any:
    """Cut the last axis, or fill it up with zeros."""
    old = shape(x)[-1]
    if isinstance(old, int) and isinstance(size, int) and not is_unknown(old) and not is_unknown(size):
        missing: Any = builtins.max(size - old, 0)
    else:
        missing = size  # at least as many as are missing
    padded = pad(x, [(0, 0)] * (len(x.shape) - 1) + [(0, missing)])
    return get_item(padded, (..., slice(None, size)))


def _like(pair: Pair, x: Any) -> Pair:
    return narrowed(pair[0], x[0]), narrowed(pair[1], x[1])
