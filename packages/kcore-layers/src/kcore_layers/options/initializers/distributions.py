"""Initializers that draw each element by itself: uniform, normal, and normal without its tails."""

from __future__ import annotations

from typing import Any

import numpy as np
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.random import SeedGenerator

from kcore_layers.options.initializers.initializer import MODULE, Array, RandomInitializer, number
from kcore_layers.serialization.objects import builtin

__all__ = ["RandomNormal", "RandomUniform", "TruncatedNormal", "random_normal", "random_uniform", "truncated_normal"]


@builtin(MODULE, aliases=("normal",))
class RandomNormal(RandomInitializer):
    """Draw a weight from a normal distribution.

    Args:
        mean: float, the mean of the distribution; 0.
        stddev: float from 0, its standard deviation; 0.05.
        seed: int or `SeedGenerator`, as `RandomInitializer` takes it; None.

    >>> RandomNormal(stddev=0.1, seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | SeedGenerator | None = None) -> None:
        self.mean = number("mean", mean)
        self.stddev = number("stddev", stddev, least=0)
        super().__init__(seed)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Draw an array of float32 or float64.

        Args:
            rng: generator of NumPy, to draw from.
            shape: tuple of ints, sizes of the array.
            dtype: float32 or float64, of NumPy.
        """
        return normal(rng, shape, dtype, self.mean, self.stddev)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@builtin(MODULE)
class TruncatedNormal(RandomInitializer):
    """Draw a weight from a normal distribution, again where it is more than two standard deviations from the mean.

    Args:
        mean: float, the mean of the distribution; 0.
        stddev: float from 0, its standard deviation before the tails are cut; after, it is 0.8796 times that; 0.05.
        seed: int or `SeedGenerator`, as `RandomInitializer` takes it; None.

    >>> w = TruncatedNormal(stddev=0.1, seed=1)((1000,))
    >>> bool(np.abs(w).max() <= 0.2)
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | SeedGenerator | None = None) -> None:
        self.mean = number("mean", mean)
        self.stddev = number("stddev", stddev, least=0)
        super().__init__(seed)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Draw an array of float32 or float64.

        Args:
            rng: generator of NumPy, to draw from.
            shape: tuple of ints, sizes of the array.
            dtype: float32 or float64, of NumPy.
        """
        return draw_truncated_normal(rng, shape, dtype, self.mean, self.stddev)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@builtin(MODULE, aliases=("uniform",))
class RandomUniform(RandomInitializer):
    """Draw a weight from a uniform distribution.

    Args:
        minval: float, the lower end; -0.05.
        maxval: float, the upper end, not below the lower one; 0.05.
        seed: int or `SeedGenerator`, as `RandomInitializer` takes it; None.

    Raises:
        ArgumentError: if the ends are the wrong way round.

    >>> w = RandomUniform(0.0, 1.0, seed=1)((1000,))
    >>> bool((w >= 0.0).all() and (w <= 1.0).all())
    True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | SeedGenerator | None = None) -> None:
        self.minval = number("minval", minval)
        self.maxval = number("maxval", maxval)
        if minval > maxval:
            raise ArgumentError(f"minval={minval} is above maxval={maxval}", fix="swap them").at("RandomUniform")
        super().__init__(seed)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Draw an array of float32 or float64.

        Args:
            rng: generator of NumPy, to draw from.
            shape: tuple of ints, sizes of the array.
            dtype: float32 or float64, of NumPy.
        """
        return uniform(rng, shape, dtype, self.minval, self.maxval)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any], mean: float, stddev: float) -> Array:
    """Draw normal numbers.

    Args:
        rng: generator of NumPy, to draw from.
        shape: tuple of ints, sizes of the array.
        dtype: float32 or float64, of NumPy.
        mean: float, the mean.
        stddev: float, the standard deviation.
    """
    return _scaled(rng.standard_normal(shape, dtype), stddev, mean)


def draw_truncated_normal(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any], mean: float, stddev: float
) -> Array:
    """Draw normal numbers within two standard deviations of the mean.

    Args:
        rng: generator of NumPy, to draw from.
        shape: tuple of ints, sizes of the array.
        dtype: float32 or float64, of NumPy.
        mean: float, the mean.
        stddev: float, the standard deviation before the tails are cut.
    """
    z = rng.standard_normal(shape, dtype)
    flat = z.reshape(-1)
    outside = np.flatnonzero(np.abs(flat) > 2)
    while outside.size:
        flat[outside] = rng.standard_normal(outside.size, dtype)
        outside = outside[np.abs(flat[outside]) > 2]
    return _scaled(z, stddev, mean)


def uniform(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any], minval: float, maxval: float
) -> Array:
    """Draw numbers from `minval` to `maxval`.

    Args:
        rng: generator of NumPy, to draw from.
        shape: tuple of ints, sizes of the array.
        dtype: float32 or float64, of NumPy.
        minval: float, the lower end.
        maxval: float, the upper end.
    """
    return _scaled(rng.random(shape, dtype), maxval - minval, minval)


def _scaled(x: Array, factor: float, offset: float) -> Array:
    """Return `x * factor + offset`, in place and in the dtype of `x`."""
    x *= x.dtype.type(factor)
    x += x.dtype.type(offset)
    return x


# Keras's other names for them.
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
