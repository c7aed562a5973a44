"""`GaussianNoise` and `GaussianDropout`: while training, noise is added to the input, or multiplies it."""

from __future__ import annotations

import math
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.random import SeedGenerator

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.options.weight_options import checked_rate
from kcore_layers.serialization.registry import builtin

__all__ = ["GaussianDropout", "GaussianNoise"]


@builtin("keras.layers")
class GaussianNoise(Layer):
    """Add normal noise of mean 0; only while training.

    Shapes: the output is shaped like the input.

    Args:
        stddev: float from 0 to 1, standard deviation of the noise.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if the standard deviation is not from 0 to 1.

    >>> GaussianNoise(0.1)(np.ones(2, "float32"))
    array([1., 1.], dtype=float32)
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.stddev = checked_rate(self, "stddev", stddev)
        self.seed = seed
        if stddev > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Tensor, training: bool | None = False) -> Tensor:
        """Return the inputs, with noise if `training`.

        Args:
            inputs: tensor of any shape.
            training: bool, whether to add noise; False.
        """
        if training and self.stddev > 0:
            noise = ops.random.normal(ops.shape(inputs), 0.0, self.stddev, self.compute_dtype, self.seed_generator)
            return ops.add(inputs, noise)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


@builtin("keras.layers")
class GaussianDropout(Layer):
    """Multiply by normal noise of mean 1, with the variance of dropout: `rate / (1 - rate)`; only while training.

    Shapes: the output is shaped like the input.

    Args:
        rate: float, a fraction as of `Dropout`, below 1.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if the rate is not from 0 to below 1.

    Source: Srivastava et al. (2014), JMLR 15:1929, section 10.

    >>> GaussianDropout(0.1)(np.ones(2, "float32"))
    array([1., 1.], dtype=float32)
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.rate = checked_rate(self, "rate", rate, may_be_one=False)
        self.seed = seed
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Tensor, training: bool | None = False) -> Tensor:
        """Return the inputs, times noise if `training`.

        Args:
            inputs: tensor of any shape.
            training: bool, whether to multiply by noise; False.
        """
        if training and self.rate > 0:
            stddev = math.sqrt(self.rate / (1.0 - self.rate))
            noise = ops.random.normal(ops.shape(inputs), 1.0, stddev, self.compute_dtype, self.seed_generator)
            return ops.multiply(inputs, noise)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
