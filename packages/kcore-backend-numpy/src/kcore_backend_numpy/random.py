"""Random numbers, on NumPy arrays, by the counter-based generator Philox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from kcore_ops.dtypes import at_least_float32, numpy_dtype


def generator(seed):
    return np.random.Generator(np.random.Philox(key=np.asarray(seed, "uint64")))


def bits(seed, shape):
    return generator(seed).integers(0, 2**32, shape, "uint32")


def uniform(seed, shape, dtype):
    # Rounded down: half precision must not reach 1.
    steps = {"float16": 2.0**11, "bfloat16": 2.0**8}.get(dtype)
    numbers = generator(seed).random(shape, at_least_float32(dtype))
    return numbers if steps is None else (np.floor(numbers * steps) / steps).astype(numpy_dtype(dtype))


def normal(seed, shape, dtype):
    return np.asarray(generator(seed).standard_normal(shape, at_least_float32(dtype))).astype(numpy_dtype(dtype))


def gamma(seed, shape, alpha, dtype):
    is_valid = alpha >= 0
    numbers = generator(seed).standard_gamma(np.where(is_valid, alpha, 1), shape, at_least_float32(dtype))
    return np.where(is_valid, numbers, np.nan).astype(numpy_dtype(dtype))


def binomial(seed, shape, counts, probabilities, dtype):
    is_valid = (counts >= 0) & (probabilities >= 0) & (probabilities <= 1)
    counts, probabilities = (np.where(is_valid, x, 0) for x in (counts, probabilities))
    numbers = generator(seed).binomial(counts.astype("int64"), probabilities, shape)
    return np.where(is_valid, numbers, np.nan).astype(numpy_dtype(dtype))


TABLE: dict[str, Callable[..., Any]] = {
    "random_binomial": binomial,
    "random_bits": bits,
    "random_gamma": gamma,
    "random_normal": normal,
    "random_uniform": uniform,
}
