"""Fourier transforms, on JAX arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax
from kcore_ops.plugin import joined, of_pairs, parts


def irfft(x, fft_length):
    if fft_length is None and x[0].shape[-1] < 2:
        raise ValueError("no points")
    return jnp.fft.irfft(joined(lax.complex, x), fft_length)


TABLE: dict[str, Callable[..., Any]] = {
    "fft": of_pairs(lax.complex, jnp.fft.fft),
    "fft2": of_pairs(lax.complex, jnp.fft.fft2),
    "ifft2": of_pairs(lax.complex, jnp.fft.ifft2),
    "irfft": irfft,
    "rfft": lambda x, fft_length: parts(jnp.fft.rfft(x, fft_length)),
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
_HALF = {"float16": "float32", "bfloat16": "float32"}
WIDENED: dict[str, dict[str, str]] = {name: _HALF for name in TABLE}
