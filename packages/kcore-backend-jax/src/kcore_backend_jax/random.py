"""Random numbers, on JAX arrays, by JAX's own Threefry generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from kcore_backend_jax.dtypes import native_dtype


def key(seed):
    return jax.random.wrap_key_data(seed, impl="threefry2x32")


def bits(seed, shape):
    return jax.random.bits(key(seed), shape, "uint32")


def uniform(seed, shape, dtype):
    return jax.random.uniform(key(seed), shape, native_dtype(dtype))


def normal(seed, shape, dtype):
    return jax.random.normal(key(seed), shape, native_dtype(dtype))


TABLE: dict[str, Callable[..., Any]] = {
    "random_bits": bits,
    "random_normal": normal,
    "random_uniform": uniform,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {}
