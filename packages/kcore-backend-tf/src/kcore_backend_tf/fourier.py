"""Fourier transforms, on TensorFlow tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def _complex(x):
    real, imaginary = x
    if not real.shape.is_compatible_with(imaginary.shape):  # TensorFlow broadcasts them
        raise ValueError("the parts differ in shape")
    return tf.complex(real, imaginary)


def _check_points(x, fft_length, axes=1, least=1):
    # TensorFlow 2.21 ends the process on some transforms of nothing.
    sizes = x.shape[-axes:] if fft_length is None else [*x.shape[-1:], fft_length]
    if len(sizes) < axes or any(size is not None and size < least for size in sizes):
        raise ValueError("no points")


def _of_pair(function, axes):
    """Return a function of complex numbers as one of their two parts."""

    def of_pair(x):
        _check_points(x[0], None, axes)
        result = function(_complex(x))
        return tf.math.real(result), tf.math.imag(result)

    return of_pair


def rfft(x, fft_length):
    _check_points(x, fft_length)
    if fft_length is not None:
        # Resized here: the gradient of TensorFlow's rfft to another length than its input's fails (2.21).
        x = x[..., :fft_length]
        missing = fft_length - tf.shape(x)[-1]
        x = tf.pad(x, [*[(0, 0)] * (x.shape.rank - 1), (0, missing)])
    result = tf.signal.rfft(x)
    return tf.math.real(result), tf.math.imag(result)


def irfft(x, fft_length):
    _check_points(x[0], fft_length, least=2 if fft_length is None else 1)
    if fft_length is None:
        return tf.signal.irfft(_complex(x))
    # Cut here: the gradient of TensorFlow's irfft of more than it needs fails (2.21).
    return tf.signal.irfft(_complex(x)[..., : fft_length // 2 + 1], [fft_length])


TABLE: dict[str, Callable[..., Any]] = {
    "fft": _of_pair(tf.signal.fft, 1),
    "fft2": _of_pair(tf.signal.fft2d, 2),
    "ifft2": _of_pair(tf.signal.ifft2d, 2),
    "irfft": irfft,
    "rfft": rfft,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
_HALF = {"float16": "float32", "bfloat16": "float32"}
WIDENED: dict[str, dict[str, str]] = {name: _HALF for name in TABLE}
