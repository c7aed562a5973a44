"""Fourier transforms, on torch tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from kcore_ops.plugin import joined, of_pairs, parts


def of_any_batch(function: Callable[..., Any], num_axes: int = 1) -> Callable[..., Any]:
    """Return a transform of the last axes that gives nothing of an empty batch: oneMKL refuses those (torch 2.13)."""

    def transform(x, *args):
        if x.numel():
            return function(x, *args)
        one = function(x.new_zeros((1, *x.shape[-num_axes:])), *args)
        return one.new_zeros((*x.shape[:-num_axes], *one.shape[-num_axes:]))

    return transform


_rfft, _irfft = of_any_batch(torch.fft.rfft), of_any_batch(torch.fft.irfft)

TABLE: dict[str, Callable[..., Any]] = {
    "fft": of_pairs(torch.complex, of_any_batch(torch.fft.fft)),
    "fft2": of_pairs(torch.complex, of_any_batch(torch.fft.fft2, 2)),
    "ifft2": of_pairs(torch.complex, of_any_batch(torch.fft.ifft2, 2)),
    "irfft": lambda x, fft_length: _irfft(joined(torch.complex, x), fft_length),
    "rfft": lambda x, fft_length: parts(_rfft(x, fft_length)),
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
_HALF = {"float16": "float32", "bfloat16": "float32"}
WIDENED: dict[str, dict[str, str]] = {name: _HALF for name in TABLE}
