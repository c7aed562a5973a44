"""Random tensors, each determined by its seed.

A seed is an integer, a `SeedGenerator`, whose state advances with every draw, or None for the generator of the process.
The same seed gives the same numbers on one backend, whose native generator is used where it has one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore_ops import dtypes
from kcore_ops.engine.call import dtype_of
from kcore_ops.foundation.errors import DTypeError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.random.distributions import random_beta, random_binomial, random_gamma
from kcore_ops.ops.random.primitives import (
    MANTISSA,
    random_categorical,
    random_dropout,
    random_normal,
    random_randint,
    random_shuffle,
    random_truncated_normal,
    random_uniform,
)
from kcore_ops.ops.random.seeds import draw_seed

__all__ = [
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]


def _float_dtype(dtype: Any) -> str:
    name = dtypes.standardize_dtype(dtype)
    if name not in MANTISSA:
        raise DTypeError(f"random floats can not be {name}", fix=f"use one of {', '.join(MANTISSA)}, or randint")
    return name


def _moved(x: Any, scale: Any, offset: Any) -> Any:
    """Return `x * scale + offset`, of the dtype of `x` whatever that of the others, which may be tensors."""
    if isinstance(scale, int | float) and isinstance(offset, int | float):
        return x if scale == 1 and offset == 0 else x * scale + offset
    return cast(x * scale + offset, dtype_of(x))


def _exact(parameter: Any, dtype: str) -> Any:
    """Return a parameter that is a Python number in the precision it is used in, which may be above the default one."""
    is_number = isinstance(parameter, int | float) and not isinstance(parameter, bool)
    return np.asarray(parameter, dtypes.numpy_dtype(dtypes.at_least_float32(dtype))) if is_number else parameter


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draw floats evenly from [minval, maxval).

    Args:
        shape: int or sequence of ints, the sizes of the result.
        minval: number or tensor that broadcasts to `shape`, the least drawn; 0.
        maxval: number or tensor, what draws stay below, but for rounding; 1.
        dtype: floating dtype, that of the result, None for `config.floatx()`; None.
        seed: int, the same numbers in each call; `SeedGenerator`, others in each; seed tensor; or None, the next seed
            of the process; None.

    Raises:
        DTypeError: if the dtype is not floating.

    >>> uniform((2,), seed=1).shape
    (2,)
    """
    u = random_uniform(draw_seed(seed), shape, _float_dtype(dtype))
    return _moved(u, maxval - minval, minval)


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from the normal distribution.

    Args:
        shape: int or sequence of ints, the sizes of the result.
        mean: number or tensor that broadcasts to `shape`, the distribution's mean; 0.
        stddev: number or tensor, its standard deviation; 1.
        dtype: floating dtype, that of the result, None for `config.floatx()`; None.
        seed: int, the same numbers in each call; `SeedGenerator`, others in each; seed tensor; or None, the next seed
            of the process; None.

    >>> normal((2, 3), seed=1).shape
    (2, 3)
    """
    z = random_normal(draw_seed(seed), shape, _float_dtype(dtype))
    return _moved(z, stddev, mean)


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from the normal distribution, given that it lies within two standard deviations of the mean.

    Args:
        shape: int or sequence of ints, the sizes of the result.
        mean: number or tensor that broadcasts to `shape`, the mean of the distribution before truncation; 0.
        stddev: number or tensor, its standard deviation before truncation; 1.
        dtype: floating dtype, that of the result, None for `config.floatx()`; None.
        seed: int, the same numbers in each call; `SeedGenerator`, others in each; seed tensor; or None, the next seed
            of the process; None.

    >>> bool((abs(truncated_normal((100,), seed=1)) <= 2).all())
    True
    """
    z = random_truncated_normal(draw_seed(seed), shape, _float_dtype(dtype))
    return _moved(z, stddev, mean)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from the gamma distribution of rate 1.

    Args:
        shape: int or sequence of ints, the sizes of the result.
        alpha: the distribution's shape parameter, not negative: a number, or a tensor that broadcasts to `shape`.
        dtype: floating dtype, that of the result, None for `config.floatx()`; None.
        seed: int, the same numbers in each call; `SeedGenerator`, others in each; seed tensor; or None, the next seed
            of the process; None.

    Returns:
        A tensor with mean and variance `alpha`; NaN where `alpha` is negative or NaN.

    Raises:
        DTypeError: if the dtype is not floating.
        ShapeError: if `alpha` does not broadcast to `shape`.

    >>> bool((gamma((3, 2), [0.5, 100.0], seed=1) > 0).all())
    True
    """
    dtype = _float_dtype(dtype)
    return random_gamma(draw_seed(seed), shape, _exact(alpha, dtype), dtype)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from the beta distribution: on [0, 1], with density in proportion to `x**(alpha - 1) * (1 - x)**(beta - 1)`.

    Args:
        shape: int or sequence of ints, the sizes of the result.
        alpha: the first parameter, not negative: a number, or a tensor that broadcasts to `shape`.
        beta: the second, likewise.
        dtype: floating dtype, that of the result, None for `config.floatx()`; None.
        seed: int, the same numbers in each call; `SeedGenerator`, others in each; seed tensor; or None, the next seed
            of the process; None.

    Returns:
        A tensor with mean `alpha / (alpha + beta)`; NaN where a parameter is negative or NaN, or both are 0.

    Raises:
        DTypeError: if the dtype is not floating.
        ShapeError: if a parameter does not broadcast to `shape`.

    >>> beta((2, 3), 1.0, [[0.0], [1.0]], seed=1)[0]
    array([1., 1., 1.], dtype=float32)
    """
    dtype = _float_dtype(dtype)
    return random_beta(draw_seed(seed), shape, _exact(alpha, dtype), _exact(beta, dtype), dtype)


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draw how many of a number of trials succeed.

    Args:
        shape: int or sequence of ints, the sizes of the result.
        counts: how many trials, rounded down: a number, or a tensor that broadcasts to `shape`.
        probabilities: how likely each is to succeed, a fraction from 0 to 1, likewise.
        dtype: floating dtype, that of the result, None for `config.floatx()`; None.
        seed: int, the same numbers in each call; `SeedGenerator`, others in each; seed tensor; or None, the next seed
            of the process; None.

    Returns:
        A tensor of whole numbers from 0 to `counts`; NaN where a parameter is NaN, `counts` is negative, or
        `probabilities` is no fraction.

    Raises:
        DTypeError: if the dtype is not floating.
        ShapeError: if a parameter does not broadcast to `shape`.

    >>> binomial((3,), 10, [0.0, 1.0, 1.0], seed=1)
    array([ 0., 10., 10.], dtype=float32)
    """
    dtype = _float_dtype(dtype)
    return random_binomial(draw_seed(seed), shape, _exact(counts, dtype), _exact(probabilities, dtype), dtype)


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Draw integers evenly from [minval, maxval).

    Args:
        shape: int or sequence of ints, the sizes of the result.
        minval: int, the least that is drawn.
        maxval: int, one above the greatest.
        dtype: integer dtype, that of the result; int32.
        seed: int, the same numbers in each call; `SeedGenerator`, others in each; seed tensor; or None, the next seed
            of the process; None.

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
        x: tensor, what to shuffle.
        axis: int, the axis whose slices change places; 0.
        seed: int, the same numbers in each call; `SeedGenerator`, others in each; seed tensor; or None, the next seed
            of the process; None.

    Raises:
        ShapeError: if there is no such axis.

    >>> sorted(shuffle([1, 2, 3], seed=1).tolist())
    [1, 2, 3]
    """
    return random_shuffle(x, draw_seed(seed), axis)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Draw classes from unnormalized log probabilities.

    Args:
        logits: tensor, of shape (batch, classes).
        num_samples: int, the number of draws for each row.
        dtype: dtype of the result, None for int32; int32.
        seed: int, the same numbers in each call; `SeedGenerator`, others in each; seed tensor; or None, the next seed
            of the process; None.

    Returns:
        Class numbers, of shape (batch, num_samples).

    Raises:
        ShapeError: if `logits` does not have two axes.

    >>> categorical([[0.0, 100.0]], 3, seed=1)
    array([[1, 1, 1]], dtype=int32)
    """
    return random_categorical(logits, draw_seed(seed), num_samples, dtype or "int32")


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Set a random part of a tensor to zero, and scale up the rest so that the sum is expected to stay.

    Args:
        inputs: floating tensor, what to set to zero in part.
        rate: float from 0 to 1, the fraction set to zero.
        noise_shape: sequence of ints and None, or None, the shape of the mask, which broadcasts to that of the inputs;
            elements that share one of it are dropped together. None is a size, or the shape, of the inputs; None.
        seed: int, the same numbers in each call; `SeedGenerator`, others in each; seed tensor; or None, the next seed
            of the process; None.

    Raises:
        ArgumentError: if the rate is not a fraction from 0 to 1.

    >>> sorted(set(dropout(np.ones(100, "float32"), 0.5, seed=1).tolist()))
    [0.0, 2.0]
    """
    return random_dropout(inputs, draw_seed(seed), rate, noise_shape)
