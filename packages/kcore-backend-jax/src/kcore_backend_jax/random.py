"""Random numbers, on JAX arrays, by JAX's own Threefry generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from kcore_ops.dtypes import at_least_float32

from kcore_backend_jax.dtypes import native_dtype


def key(seed):
    return jax.random.wrap_key_data(seed, impl="threefry2x32")


def bits(seed, shape):
    return jax.random.bits(key(seed), shape, "uint32")


def uniform(seed, shape, dtype):
    return jax.random.uniform(key(seed), shape, native_dtype(dtype))


def normal(seed, shape, dtype):
    return jax.random.normal(key(seed), shape, native_dtype(dtype))


def gamma(seed, shape, alpha, dtype):
    wide = native_dtype(at_least_float32(dtype))
    return jax.random.gamma(key(seed), alpha.astype(wide), shape, wide).astype(native_dtype(dtype))


def binomial(seed, shape, counts, probabilities, dtype):
    wide = native_dtype(at_least_float32(dtype))
    counts, probabilities = counts.astype(wide), probabilities.astype(wide)
    return jax.random.binomial(key(seed), counts, probabilities, shape, wide).astype(native_dtype(dtype))


TABLE: dict[str, Callable[..., Any]] = {
    "random_binomial": binomial,
    "random_bits": bits,
    "random_gamma": gamma,
    "random_normal": normal,
    "random_uniform": uniform,
}
