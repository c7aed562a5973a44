"""Initializers that scale what they draw by how many inputs or outputs a weight connects."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.random import SeedGenerator

from kcore_layers.options.initializers.distributions import draw_truncated_normal, normal, uniform
from kcore_layers.options.initializers.initializer import MODULE, Array, RandomInitializer, number
from kcore_layers.serialization.objects import builtin

__all__ = [
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "VarianceScaling",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "variance_scaling",
]

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

# Standard deviation of a standard normal number given that it lies in [-2, 2].
_TRUNCATED_STDDEV = 0.87962566103423978

_Axes = int | Sequence[int] | None


@builtin(MODULE)
class VarianceScaling(RandomInitializer):
    """Draw a weight with mean 0 and variance `scale / n`, `n` being the size of its input, its output, or their mean.

    The input of a matrix is its first axis, the output its last; of a kernel of a convolution, the last but one and the
    last, each times the number of positions in the window.

    Args:
        scale: float above 0, the variance times `n`; 1.
        mode: "fan_in", "fan_out" or "fan_avg", what `n` is; "fan_in".
        distribution: "truncated_normal" within two standard deviations, "untruncated_normal" or "uniform";
            "truncated_normal".
        seed: int or `SeedGenerator`, as `RandomInitializer` takes it; None.
        input_axes: int or ints, the axes of the input, where they are others; `output_axes` must be passed too.
            `EinsumDense` and the attention layers pass those of their kernels. None.
        output_axes: int or ints, the axes of the output, where they are others; None.

    Raises:
        ArgumentError: if an argument is none of these.
        ShapeError: when called, if the weight has not got the axes.
    Source: He et al. (2015), arXiv:1502.01852, section 2.2.

    >>> w = VarianceScaling(scale=2.0, seed=1)((100, 50))
    >>> bool(abs(w.var() * 100 - 2.0) < 0.1)
    True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in",
        distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal",
        seed: int | SeedGenerator | None = None,
        input_axes: _Axes = None,
        output_axes: _Axes = None,
    ) -> None:
        if number("scale", scale, least=0) == 0:
            raise ArgumentError(f"scale can not be {scale!r}", fix="use a positive number")
        for name, value, allowed in (("mode", mode, _MODES), ("distribution", distribution, _DISTRIBUTIONS)):
            if value not in allowed:
                raise ArgumentError(f"{name} can not be {value!r}", fix=f"use one of {', '.join(map(repr, allowed))}")
        if (input_axes is None) != (output_axes is None):
            raise ArgumentError(
                f"input_axes={input_axes} and output_axes={output_axes}: one without the other",
                fix="pass both, or neither",
            )
        super().__init__(seed)
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = _listed("input_axes", input_axes)
        self.output_axes = _listed("output_axes", output_axes)

    def with_axes(self, input_axes: Sequence[int], output_axes: Sequence[int]) -> Self:
        """Return one like it for a weight with these axes of input and output; itself, if it was made with others.

        Args:
            input_axes: ints, the axes of the input.
            output_axes: ints, the axes of the output.

        >>> bool(abs(HeUniform(seed=1).with_axes([0], [1, 2])((6, 4, 5))).max() <= 1.0)
        True
        """
        if self.input_axes is not None:
            return self
        made = copy.copy(self)
        made.input_axes, made.output_axes = list(input_axes), list(output_axes)
        return made

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Draw an array of float32 or float64.

        Args:
            rng: generator of NumPy, to draw from.
            shape: tuple of ints, sizes of the array.
            dtype: float32 or float64, of NumPy.
        """
        fan_in, fan_out = fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(n, 1))
        if self.distribution == "truncated_normal":
            return draw_truncated_normal(rng, shape, dtype, 0.0, stddev / _TRUNCATED_STDDEV)
        if self.distribution == "untruncated_normal":
            return normal(rng, shape, dtype, 0.0, stddev)
        limit = math.sqrt(3) * stddev
        return uniform(rng, shape, dtype, -limit, limit)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            **self._axes(),
        }

    def _axes(self) -> dict[str, Any]:
        return {"input_axes": self.input_axes, "output_axes": self.output_axes}


class _Named(VarianceScaling):
    """Variance scaling with a scale, mode and distribution of its own."""

    settings: tuple[float, Any, Any]

    def __init__(
        self, seed: int | SeedGenerator | None = None, input_axes: _Axes = None, output_axes: _Axes = None
    ) -> None:
        super().__init__(*self.settings, seed=seed, input_axes=input_axes, output_axes=output_axes)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {"seed": super().get_config()["seed"], **self._axes()}


@builtin(MODULE)
class GlorotUniform(_Named):
    """Draw a weight uniformly, with variance `2 / (fan_in + fan_out)`: between minus and plus `sqrt(6 / their sum)`.

    Args:
        seed: int or `SeedGenerator`, as `RandomInitializer` takes it; None.
        input_axes: int or ints, as `VarianceScaling` takes it; None.
        output_axes: int or ints, as `VarianceScaling` takes it; None.

    Source: Glorot & Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks", eq. 16.

    >>> bool(abs(GlorotUniform(seed=1)((2, 4))).max() <= 1.0)
    True
    """

    settings = (1.0, "fan_avg", "uniform")


@builtin(MODULE)
class GlorotNormal(_Named):
    """Draw a weight from a truncated normal distribution with variance `2 / (fan_in + fan_out)`.

    Args:
        seed: int or `SeedGenerator`, as `RandomInitializer` takes it; None.
        input_axes: int or ints, as `VarianceScaling` takes it; None.
        output_axes: int or ints, as `VarianceScaling` takes it; None.

    Source: Glorot & Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks", eq. 12.

    >>> GlorotNormal(seed=1)((2, 4)).shape
    (2, 4)
    """

    settings = (1.0, "fan_avg", "truncated_normal")


@builtin(MODULE)
class HeUniform(_Named):
    """Draw a weight uniformly, with variance `2 / fan_in`: between minus and plus `sqrt(6 / fan_in)`.

    Args:
        seed: int or `SeedGenerator`, as `RandomInitializer` takes it; None.
        input_axes: int or ints, as `VarianceScaling` takes it; None.
        output_axes: int or ints, as `VarianceScaling` takes it; None.

    Source: He et al. (2015), arXiv:1502.01852, eq. 10.

    >>> bool(abs(HeUniform(seed=1)((6, 4))).max() <= 1.0)
    True
    """

    settings = (2.0, "fan_in", "uniform")


@builtin(MODULE)
class HeNormal(_Named):
    """Draw a weight from a truncated normal distribution with variance `2 / fan_in`.

    Args:
        seed: int or `SeedGenerator`, as `RandomInitializer` takes it; None.
        input_axes: int or ints, as `VarianceScaling` takes it; None.
        output_axes: int or ints, as `VarianceScaling` takes it; None.

    Source: He et al. (2015), arXiv:1502.01852, eq. 10.

    >>> HeNormal(seed=1)((2, 4)).shape
    (2, 4)
    """

    settings = (2.0, "fan_in", "truncated_normal")


@builtin(MODULE)
class LecunUniform(_Named):
    """Draw a weight uniformly, with variance `1 / fan_in`: between minus and plus `sqrt(3 / fan_in)`.

    Args:
        seed: int or `SeedGenerator`, as `RandomInitializer` takes it; None.
        input_axes: int or ints, as `VarianceScaling` takes it; None.
        output_axes: int or ints, as `VarianceScaling` takes it; None.

    Source: LeCun et al. (1998), "Efficient BackProp", eq. 16.

    >>> bool(abs(LecunUniform(seed=1)((3, 4))).max() <= 1.0)
    True
    """

    settings = (1.0, "fan_in", "uniform")


@builtin(MODULE)
class LecunNormal(_Named):
    """Draw a weight from a truncated normal distribution with variance `1 / fan_in`.

    Args:
        seed: int or `SeedGenerator`, as `RandomInitializer` takes it; None.
        input_axes: int or ints, as `VarianceScaling` takes it; None.
        output_axes: int or ints, as `VarianceScaling` takes it; None.

    Source: LeCun et al. (1998), "Efficient BackProp", eq. 16.

    >>> LecunNormal(seed=1)((2, 4)).shape
    (2, 4)
    """

    settings = (1.0, "fan_in", "truncated_normal")


def fans(
    shape: tuple[int, ...], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """Return the number of inputs and of outputs that a weight connects.

    Args:
        shape: tuple of ints, sizes of the weight.
        input_axes: ints, the axes of the input; None is the last but one.
        output_axes: ints, the axes of the output; None is the last.

    >>> fans((3, 3, 16, 32))
    (144, 288)
    """
    if input_axes is not None and output_axes is not None:
        return _size(shape, input_axes), _size(shape, output_axes)
    if len(shape) < 2:
        n = math.prod(shape)
        return n, n
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def _listed(name: str, axes: Any) -> list[int] | None:
    """Return an axis or several as a list, which Keras reads from configs, too."""
    if axes is None:
        return None
    try:
        return [axis.__index__() for axis in (axes if isinstance(axes, Sequence) else [axes])]
    except (AttributeError, TypeError):
        raise ArgumentError(f"{name} can not be {axes!r}", fix="pass integers, for example [0, 1]") from None


def _size(shape: tuple[int, ...], axes: Sequence[int]) -> int:
    try:
        return math.prod(shape[axis] for axis in axes)
    except IndexError as error:
        raise ShapeError(
            f"a weight of shape {shape} has not got the axes {axes}", fix="check input_axes and output_axes"
        ) from error


# Keras's other names for them.
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
variance_scaling = VarianceScaling
