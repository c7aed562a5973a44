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


TABLE: dict[str, Callable[..., Any]] = {
    "random_bits": bits,
    "random_normal": normal,
    "random_uniform": uniform,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {}
