"""Fourier transforms, on torch tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def _complex(x):
    real, imaginary = x
    if real.shape != imaginary.shape:  # torch broadcasts them
        raise ValueError("the parts differ in shape")
    return torch.complex(real, imaginary)


def _of_pair(function):
    """Give a function of complex numbers as one of their two parts."""

    def of_pair(x):
        result = function(_complex(x))
        return result.real, result.imag

    return of_pair


def rfft(x, fft_length):
    result = torch.fft.rfft(x, fft_length)
    return result.real, result.imag


def irfft(x, fft_length):
    return torch.fft.irfft(_complex(x), fft_length)


TABLE: dict[str, Callable[..., Any]] = {
    "fft": _of_pair(torch.fft.fft),
    "fft2": _of_pair(torch.fft.fft2),
    "ifft2": _of_pair(torch.fft.ifft2),
    "irfft": irfft,
    "rfft": rfft,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
_HALF = {"float16": "float32", "bfloat16": "float32"}
WIDENED: dict[str, dict[str, str]] = {name: _HALF for name in TABLE}
