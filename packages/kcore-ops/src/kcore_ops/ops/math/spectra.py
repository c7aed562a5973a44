"""Signals in overlapping sequences, their short-time spectra, and correlation."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kcore_ops.dtypes import numpy_dtype
from kcore_ops.dtypes.promotion import fractions
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, convert_to_tensor, shape
from kcore_ops.ops.math.fourier import check_points, checked_pair, irfft, rfft
from kcore_ops.ops.nn.precision import narrowed, widened
from kcore_ops.ops.numpy.arithmetic import add, divide, maximum, multiply, square
from kcore_ops.ops.numpy.comparison import greater, where
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.indexing import get_item, take
from kcore_ops.ops.numpy.manipulation import broadcast_to, expand_dims, pad, reshape
from kcore_ops.specs.shapes import differ, one_of, show_shape
from kcore_ops.specs.spec import Size, is_unknown

__all__ = ["extract_sequences", "istft", "stft"]

# Below this, what a window has left of a sample is rounding error, and no number to divide by.
_NOTHING = 1e-10


@op
def extract_sequences(x: Tensor, sequence_length: int, sequence_stride: int) -> Tensor:
    """Cut the last axis into sequences that start `sequence_stride` elements apart; what does not fill one is left out.

    Shapes: `(..., n)` gives `(..., sequences, sequence_length)`, with `(n - sequence_length) // sequence_stride + 1`
    sequences, or none where `n` is too small. Dtype: that of `x`.
    Raises: `ShapeError` if `x` is a scalar; `ArgumentError` if one of the others is not a positive integer.

    >>> extract_sequences([1, 2, 3, 4, 5, 6], sequence_length=3, sequence_stride=2)
    array([[1, 2, 3],
           [3, 4, 5]], dtype=int32)
    """
    _check_positive(sequence_length=sequence_length, sequence_stride=sequence_stride)
    if not x.shape:
        raise ShapeError("x is a scalar", fix="pass a signal, with time along its last axis")
    size = shape(x)[-1]
    count: Any = (size - sequence_length) // sequence_stride + 1
    if isinstance(count, int):
        count = Size(builtins.max(count, 0)) if is_unknown(count) else builtins.max(count, 0)
    else:
        count = maximum(count, 0)
    starts = expand_dims(multiply(arange(count, dtype="int32"), sequence_stride), 1)
    return take(x, add(starts, arange(sequence_length, dtype="int32")), axis=-1)


@op(dtypes={"x": fractions})
def stft(
    x: Tensor, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True
) -> tuple[Tensor, Tensor]:
    """Short-time Fourier transform: the spectra, by `rfft`, of overlapping sequences of a signal.

    Args:
        x: the signal, with time along its last axis.
        sequence_length: how many samples the window covers.
        sequence_stride: how many samples after one another sequences start.
        fft_length: how many samples each sequence has, at least `sequence_length`; the window is put into their middle.
        window: `"hann"`, `"hamming"`, both periodic, or a tensor `(sequence_length,)`, to multiply each sequence with;
            None leaves all `fft_length` samples as they are.
        center: whether sequence i is centred at sample `i * sequence_stride`; the signal is mirrored at its ends.
            Otherwise it begins there.

    Shapes: `(..., n)` gives real and imaginary part, `(..., sequences, fft_length // 2 + 1)` each.
    Dtype: that of `x`; float16 and bfloat16 are computed in float32.
    Raises: `DTypeError` if `x` is not floating, as samples in integers are of some scale that has to be said;
    `ArgumentError` if the lengths do not fit or there is no such window; `ShapeError` if the window has another length,
    or there are no samples.
    Source: Allen & Rabiner (1977), "A unified approach to short-time Fourier analysis and synthesis".

    >>> real, imaginary = stft(np.ones(8, "float32"), 4, 2, 4)
    >>> real.round(3)[:2]
    array([[ 2., -1.,  0.],
           [ 2., -1.,  0.]], dtype=float32)
    """
    _check_lengths(sequence_length, sequence_stride, fft_length)
    check_points(x, 1)
    signal = widened(x)
    factors = _window(window, sequence_length, fft_length, signal)
    if center:
        ends = (fft_length // 2, fft_length // 2)
        signal = pad(signal, [(0, 0)] * (len(x.shape) - 1) + [ends], mode="reflect")
    sequences = extract_sequences(signal, fft_length, sequence_stride)
    parts = rfft(sequences if factors is None else multiply(sequences, factors))
    return narrowed(parts[0], x), narrowed(parts[1], x)


@op(dtypes={"x": fractions})
def istft(
    x: Sequence[Tensor],
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Tensor:
    """Undo `stft`: add up the sequences, each multiplied with the window, and divide by the sum of squared windows.

    That is the signal whose `stft` is nearest to `x`. Samples to which no window reaches stay 0. With `window=None` the
    sequences are added up, and the sum is left as it is: not divided by the number of sequences that overlap.

    Args:
        x: a pair, real and imaginary part.
        sequence_length: as for `stft`, as are the others.
        sequence_stride: as for `stft`.
        fft_length: as for `stft`.
        length: how many samples to give at most; by default as many as the sequences cover, less the mirrored ends.
        window: as for `stft`.
        center: as for `stft`.

    Shapes: `(..., sequences, fft_length // 2 + 1)` each gives `(..., n)`. Dtype: as for `stft`.
    Raises: as `stft`; `ArgumentError` if `x` is not a pair, `ShapeError` if the parts differ in shape.
    Source: Griffin & Lim (1984), "Signal estimation from modified short-time Fourier transform", eq. 6.

    >>> signal = np.arange(8, dtype="float32")
    >>> istft(stft(signal, 4, 2, 4), 4, 2, 4).round(3)
    array([0., 1., 2., 3., 4., 5., 6., 7.], dtype=float32)
    """
    _check_lengths(sequence_length, sequence_stride, fft_length)
    checked_pair(x, 2)
    real_part, imaginary_part = widened(x[0]), widened(x[1])
    sequences = irfft((real_part, imaginary_part), fft_length)
    factors = _window(window, sequence_length, fft_length, sequences)
    if factors is None:
        signal = _overlapped(sequences, sequence_stride)
    else:
        signal = _overlapped(multiply(sequences, factors), sequence_stride)
        squares = broadcast_to(square(factors), (shape(sequences)[-2], fft_length))
        weights = _overlapped(squares, sequence_stride)
        is_reached = greater(weights, _NOTHING)
        signal = where(is_reached, divide(signal, where(is_reached, weights, 1.0)), 0.0)
    start = fft_length // 2 if center else 0
    stop: Any = None if length is None else start + length
    if length is None and center:
        stop = -(fft_length // 2) or None
    return narrowed(get_item(signal, (..., slice(start, stop))), x[0])


def _overlapped(sequences: Tensor, stride: int) -> Tensor:
    """Add up sequences that start `stride` apart: `(..., count, n)` gives `(..., (count - 1) * stride + n)`."""
    *batch, count, length = shape(sequences)
    free = [(0, 0)] * len(batch)
    turns = math.ceil(length / stride)
    # Each sequence in parts as long as the stride: part j lies where part 0 of the sequence j places on does.
    parts = pad(sequences, [*free, (0, 0), (0, turns * stride - length)])
    parts = reshape(parts, (*batch, count, turns, stride))
    total: Any = None
    for j in range(turns):
        moved = pad(get_item(parts, (..., j, slice(None))), [*free, (j, turns - 1 - j), (0, 0)])
        total = moved if total is None else add(total, moved)
    whole = reshape(total, (*batch, (count + turns - 1) * stride))
    return get_item(whole, (..., slice(None, (count - 1) * stride + length)))


def _window(window: Any, sequence_length: int, fft_length: int, like: Any) -> Any:
    """Return what to multiply each sequence with, or None.

    Raises:
        ArgumentError: if there is no window of that name.
        ShapeError: if a tensor has another length.
    """
    if window is None:
        return None
    before = (fft_length - sequence_length) // 2
    ends = (before, fft_length - sequence_length - before)
    kind = dtype_of(like)
    if isinstance(window, str):
        one_of("window", window, ("hann", "hamming"))
        floor = 0.5 if window == "hann" else 0.54
        factors = floor - (1 - floor) * np.cos(2 * np.pi * np.arange(sequence_length) / sequence_length)
        return np.pad(factors, ends).astype(numpy_dtype(kind))
    if not hasattr(window, "shape"):
        window = convert_to_tensor(window)
    if len(window.shape) != 1 or differ(window.shape[0], sequence_length):
        raise ShapeError(
            f"window has shape {show_shape(window.shape)}, where sequence_length={sequence_length}",
            fix="pass a window (sequence_length,)",
        )
    return pad(cast(window, kind), ends)


def _check_lengths(sequence_length: Any, sequence_stride: Any, fft_length: Any) -> None:
    _check_positive(sequence_length=sequence_length, sequence_stride=sequence_stride, fft_length=fft_length)
    if fft_length < sequence_length:
        raise ArgumentError(
            f"fft_length={fft_length} is less than sequence_length={sequence_length}",
            fix="pass an fft_length that the sequences fit into",
        )


def _check_positive(**numbers: Any) -> None:
    for name, number in numbers.items():
        if not hasattr(number, "__index__") or number < 1:
            raise ArgumentError(f"{name}={number!r} is not a positive integer", fix="pass a number of elements")
