"""Random tensors, each determined by its seed.

A seed is an integer, a `SeedGenerator`, whose state advances with every draw, or None for the generator of the process.
The same seed gives the same numbers on one backend, whose native generator is used; the definitions here, for backends
without one, are counter-based: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kcore_ops import dtypes
from kcore_ops.arithmetic import add, divide, multiply
from kcore_ops.comparison import where
from kcore_ops.conversion import cast, shape
from kcore_ops.conversion import dtype as dtype_of
from kcore_ops.creation import arange, zeros_like
from kcore_ops.errors import ArgumentError, DTypeError, ShapeError
from kcore_ops.exponentials import erfinv, log
from kcore_ops.indexing import take
from kcore_ops.logic import bitwise_xor, left_shift, right_shift
from kcore_ops.operation import DType, FloatDType, Shape, Tensor, op
from kcore_ops.promotion import floating
from kcore_ops.reductions import argmax
from kcore_ops.seed_generator import SeedGenerator, draw_seed, set_seed
from kcore_ops.shapes import broadcast_shapes, normalize_axis, show_shape
from kcore_ops.shaping import broadcast_to, expand_dims, reshape
from kcore_ops.sorting import argsort

__all__ = [
    "SeedGenerator",
    "categorical",
    "dropout",
    "normal",
    "randint",
    "set_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]

# Numbers of random bits a float has room for below 1.
_MANTISSA = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}


# Draws in terms of a seed tensor: what backends override.


@op
def random_bits(seed: Tensor, shape: Shape) -> Tensor:
    """Draw 32 random bits for each element, as uint32, by the Threefry-2x32 cipher with 20 rounds.

    Shapes: `seed` is `(2,)`, uint32. Source: Salmon et al. (2011), https://doi.org/10.1145/2063384.2063405.

    >>> random_bits(np.array([0, 0], "uint32"), (2, 3)).shape
    (2, 3)
    """
    count: Any = 1
    for length in shape:
        count = length * count
    counter = cast(arange(count, dtype="int32"), "uint32")
    key1, key2 = take(seed, 0, axis=0), take(seed, 1, axis=0)
    key3 = bitwise_xor(bitwise_xor(key1, key2), np.uint32(0x1BD11BDA))
    keys = (key1, key2, key3)
    x, y = add(zeros_like(counter), key1), add(counter, key2)
    for block in range(5):
        for rotation in ((13, 15, 26, 6), (17, 29, 16, 24))[block % 2]:
            x = add(x, y)
            left, right = left_shift(y, np.uint32(rotation)), right_shift(y, np.uint32(32 - rotation))
            y = bitwise_xor(x, add(left, right))
        x = add(x, keys[(block + 1) % 3])
        y = add(add(y, keys[(block + 2) % 3]), np.uint32(block + 1))
    return reshape(x, shape)


@op
def random_uniform(seed: Tensor, shape: Shape, dtype: FloatDType = None) -> Tensor:
    """Draw floats from [0, 1), all multiples of a power of two that the dtype holds exactly.

    Shapes: `seed` is `(2,)`.
    """
    digits = _MANTISSA[dtype]
    bits = random_bits(seed, shape)
    if digits <= 32:
        return cast(multiply(cast(right_shift(bits, np.uint32(32 - digits)), "float32"), 2.0**-digits), dtype)
    more = random_bits(bitwise_xor(seed, np.array([0x9E3779B9, 0x7F4A7C15], "uint32")), shape)
    low = multiply(cast(right_shift(more, np.uint32(64 - digits)), dtype), 2.0**-digits)
    return add(multiply(cast(bits, dtype), 2.0**-32), low)


@op
def random_normal(seed: Tensor, shape: Shape, dtype: FloatDType = None) -> Tensor:
    """Draw from the normal distribution of mean 0 and variance 1. Shapes: `seed` is `(2,)`."""
    wide = dtypes.at_least_float32(dtype)
    u = random_uniform(seed, shape, wide)
    # Half a step away from 0, so that no draw is infinite.
    return cast(multiply(erfinv(2.0 * (u + 2.0 ** -(_MANTISSA[wide] + 1)) - 1.0), math.sqrt(2.0)), dtype)


@op
def random_truncated_normal(seed: Tensor, shape: Shape, dtype: FloatDType = None) -> Tensor:
    """Draw from the standard normal distribution, given that it lies between -2 and 2. Shapes: `seed` is `(2,)`."""
    wide = dtypes.at_least_float32(dtype)
    inside = math.erf(2.0 / math.sqrt(2.0))
    u = random_uniform(seed, shape, wide)
    return cast(multiply(erfinv((2.0 * u - 1.0) * inside), math.sqrt(2.0)), dtype)


@op
def random_randint(seed: Tensor, shape: Shape, minval: int, maxval: int, dtype: DType = "int32") -> Tensor:
    """Draw integers from [minval, maxval), with a bias below (maxval - minval) / 2**64.

    Shapes: `seed` is `(2,)`. Raises: `ArgumentError` if the interval is empty; `DTypeError` if `dtype` is no integer.
    """
    if dtype not in dtypes.INTEGERS:
        raise DTypeError(f"random integers can not be {dtype}", fix="use an integer dtype, or uniform")
    span = int(maxval) - int(minval)
    least, most = dtypes.limits(dtype)
    if span <= 0 or minval < least or maxval - 1 > most:
        problem = f"there are no {dtype} integers from minval={minval} to below maxval={maxval}"
        raise ArgumentError(problem, fix="pass minval < maxval, both within the dtype")
    if span > 2**31:
        raise ArgumentError(f"maxval - minval is {span}, above 2**31", fix="draw two and combine them")
    # (high * 2**32 + low) mod span, without a number over 2**62.
    high, low = (
        random_bits(seed, shape),
        random_bits(bitwise_xor(seed, np.array([0x9E3779B9, 0x7F4A7C15], "uint32")), shape),
    )
    high, low = cast(high, "int64") % span, cast(low, "int64") % span
    return cast(add((high * (2**32 % span) + low) % span, int(minval)), dtype)


@op
def random_shuffle(x: Tensor, seed: Tensor, axis: int = 0) -> Tensor:
    """Put the slices of `x` along `axis` into a random order. Shapes: `seed` is `(2,)`; the result is like `x`."""
    axis = normalize_axis(axis, len(x.shape))
    return take(x, argsort(random_bits(seed, (shape(x)[axis],))), axis=axis)


@op
def random_categorical(logits: Tensor, seed: Tensor, num_samples: int, dtype: DType = "int32") -> Tensor:
    """Draw `num_samples` classes for each row of unnormalized log probabilities.

    Shapes: `logits` is `(batch, classes)`, the result `(batch, num_samples)`.
    Source: the Gumbel trick, Maddison et al. (2014), arXiv:1411.0030.
    """
    if len(logits.shape) != 2:
        problem = f"logits must have two axes, (batch, classes), and have shape {show_shape(logits.shape)}"
        raise ShapeError(problem, fix="reshape them")
    logits = cast(logits, "float32")
    batch, classes = shape(logits)
    u = random_uniform(seed, (batch, num_samples, classes), "float32") + 2.0**-25
    return cast(argmax(expand_dims(logits, 1) - log(-log(u)), axis=-1), dtype)


@op(dtypes={"x": floating})
def random_dropout(x: Tensor, seed: Tensor, rate: float, noise_shape: Any = None) -> Tensor:
    """Set a random part of `x` to zero and divide the rest by the part kept.

    Shapes: `noise_shape`, where given, broadcasts to the shape of `x`; None in it is the size of `x`.
    Raises: `ArgumentError` if `rate` is not in [0, 1]. Source: Srivastava et al. (2014), JMLR 15:1929.
    """
    if not 0 <= rate <= 1:
        raise ArgumentError(f"rate must be a fraction from 0 to 1 and is {rate}", fix="0.2 drops a fifth")
    sizes = shape(x)
    if noise_shape is not None:
        if len(noise_shape) != len(sizes):
            raise ShapeError(f"noise_shape={noise_shape} does not have {len(sizes)} axes, as the input has")
        sizes = tuple(given if wanted is None else wanted for given, wanted in zip(sizes, noise_shape, strict=True))
        broadcast_shapes(tuple(s for s in sizes if isinstance(s, int)), ())
    if rate == 1:
        return zeros_like(x)
    # Drawn in float32 at least, so that the rate is not rounded.
    kept = random_uniform(seed, sizes, dtypes.at_least_float32(dtype_of(x))) >= rate
    return where(broadcast_to(kept, shape(x)), divide(x, 1.0 - rate), zeros_like(x))


# What users call: Keras's signatures.


def _float_dtype(dtype: Any) -> str:
    name = dtypes.standardize_dtype(dtype)
    if name not in _MANTISSA:
        raise DTypeError(f"random floats can not be {name}", fix=f"use one of {', '.join(_MANTISSA)}, or randint")
    return name


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draw floats evenly from [minval, maxval).

    Args:
        shape: the sizes.
        minval: the least number drawn.
        maxval: draws stay below it, but for rounding.
        dtype: a floating dtype; None is `config.floatx()`.
        seed: an integer, a `SeedGenerator`, or None.

    Raises:
        DTypeError: if the dtype is not floating.

    >>> uniform((2,), seed=1).shape
    (2,)
    """
    u = random_uniform(draw_seed(seed), shape, _float_dtype(dtype))
    return u if minval == 0 and maxval == 1 else u * (maxval - minval) + minval


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from the normal distribution.

    Args:
        shape: the sizes.
        mean: the distribution's mean.
        stddev: its standard deviation.
        dtype: a floating dtype; None is `config.floatx()`.
        seed: an integer, a `SeedGenerator`, or None.

    >>> normal((2, 3), seed=1).shape
    (2, 3)
    """
    z = random_normal(draw_seed(seed), shape, _float_dtype(dtype))
    return z if mean == 0 and stddev == 1 else z * stddev + mean


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from the normal distribution, given that it lies within two standard deviations of the mean.

    Args:
        shape: the sizes.
        mean: the mean of the distribution before truncation.
        stddev: its standard deviation.
        dtype: a floating dtype; None is `config.floatx()`.
        seed: an integer, a `SeedGenerator`, or None.

    >>> bool((abs(truncated_normal((100,), seed=1)) <= 2).all())
    True
    """
    z = random_truncated_normal(draw_seed(seed), shape, _float_dtype(dtype))
    return z if mean == 0 and stddev == 1 else z * stddev + mean


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Draw integers evenly from [minval, maxval).

    Args:
        shape: the sizes.
        minval: the least integer drawn.
        maxval: one above the greatest.
        dtype: an integer dtype.
        seed: an integer, a `SeedGenerator`, or None.

    Raises:
        ArgumentError: if the interval is empty, or wider than 2**31.
        DTypeError: if the dtype is not an integer one.

    >>> bool((randint((50,), 0, 3, seed=1) < 3).all())
    True
    """
    return random_randint(draw_seed(seed), shape, minval, maxval, dtype)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """Put the slices of a tensor along an axis into a random order.

    Args:
        x: the tensor.
        axis: the axis whose slices change places.
        seed: an integer, a `SeedGenerator`, or None.

    Raises:
        ShapeError: if there is no such axis.

    >>> sorted(shuffle([1, 2, 3], seed=1).tolist())
    [1, 2, 3]
    """
    return random_shuffle(x, draw_seed(seed), axis)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Draw classes from unnormalized log probabilities.

    Args:
        logits: of shape (batch, classes).
        num_samples: the number of draws for each row.
        dtype: the dtype of the result.
        seed: an integer, a `SeedGenerator`, or None.

    Returns:
        Class numbers, of shape (batch, num_samples).

    Raises:
        ShapeError: if `logits` does not have two axes.

    >>> categorical([[0.0, 100.0]], 3, seed=1)
    array([[1, 1, 1]], dtype=int32)
    """
    return random_categorical(logits, draw_seed(seed), num_samples, dtype)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Set a random part of a tensor to zero, and scale up the rest so that the sum is expected to stay.

    Args:
        inputs: the tensor.
        rate: the fraction set to zero.
        noise_shape: the shape of the mask, which broadcasts to that of the inputs; None is that of the inputs.
        seed: an integer, a `SeedGenerator`, or None.

    Raises:
        ArgumentError: if the rate is not a fraction from 0 to 1.

    >>> sorted(set(dropout(np.ones(100, "float32"), 0.5, seed=1).tolist()))
    [0.0, 2.0]
    """
    return random_dropout(inputs, draw_seed(seed), rate, noise_shape)
