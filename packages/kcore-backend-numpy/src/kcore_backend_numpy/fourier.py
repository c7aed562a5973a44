"""Fourier transforms, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from kcore_ops.plugin import joined, of_pairs, parts


def join(real, imaginary):
    return real + 1j * imaginary


def irfft(x, fft_length):
    return np.fft.irfft(joined(join, x), fft_length)


TABLE: dict[str, Callable[..., Any]] = {
    "fft": of_pairs(join, np.fft.fft),
    "fft2": of_pairs(join, np.fft.fft2),
    "ifft2": of_pairs(join, np.fft.ifft2),
    "irfft": irfft,
    "rfft": lambda x, fft_length: parts(np.fft.rfft(x, fft_length)),
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
_HALF = {"float16": "float32", "bfloat16": "float32"}
WIDENED: dict[str, dict[str, str]] = {name: _HALF for name in TABLE}
