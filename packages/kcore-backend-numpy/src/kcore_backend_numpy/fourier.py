"""Fourier transforms, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _complex(x):
    real, imaginary = x
    if real.shape != imaginary.shape:  # NumPy broadcasts them
        raise ValueError("the parts differ in shape")
    return real + 1j * imaginary


def _of_pair(function):
    """Give a function of complex numbers as one of their two parts."""

    def of_pair(x):
        result = function(_complex(x))
        return result.real, result.imag

    return of_pair


def rfft(x, fft_length):
    result = np.fft.rfft(x, fft_length)
    return result.real, result.imag


def irfft(x, fft_length):
    return np.fft.irfft(_complex(x), fft_length)


TABLE: dict[str, Callable[..., Any]] = {
    "fft": _of_pair(np.fft.fft),
    "fft2": _of_pair(np.fft.fft2),
    "ifft2": _of_pair(np.fft.ifft2),
    "irfft": irfft,
    "rfft": rfft,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
_HALF = {"float16": "float32", "bfloat16": "float32"}
WIDENED: dict[str, dict[str, str]] = {name: _HALF for name in TABLE}
