"""Fourier transforms, on torch tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from kcore_ops.plugin import joined, of_pairs, parts


def irfft(x, fft_length):
    return torch.fft.irfft(joined(torch.complex, x), fft_length)


TABLE: dict[str, Callable[..., Any]] = {
    "fft": of_pairs(torch.complex, torch.fft.fft),
    "fft2": of_pairs(torch.complex, torch.fft.fft2),
    "ifft2": of_pairs(torch.complex, torch.fft.ifft2),
    "irfft": irfft,
    "rfft": lambda x, fft_length: parts(torch.fft.rfft(x, fft_length)),
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
_HALF = {"float16": "float32", "bfloat16": "float32"}
WIDENED: dict[str, dict[str, str]] = {name: _HALF for name in TABLE}
