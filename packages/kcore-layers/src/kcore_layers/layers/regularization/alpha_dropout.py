"""`AlphaDropout`: dropout that keeps the mean and variance of SELU's activations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.random import SeedGenerator

from kcore_layers.base.layer import Layer
from kcore_layers.layers.regularization.dropout import checked_noise_shape
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.options.weight_options import checked_rate
from kcore_layers.serialization.registry import builtin

__all__ = ["AlphaDropout"]

# The limit of SELU towards minus infinity: -scale * alpha.
_LOWEST = -1.0507009873554805 * 1.6732632423543772


@builtin("keras.layers")
class AlphaDropout(Layer):
    """Set a random part of the input to SELU's lowest value, then scale and shift so that mean 0 and variance 1 stay.

    Only while training. Shapes: the output is shaped like the input.

    Args:
        rate: float, the fraction that is replaced, below 1.
        noise_shape: sizes of the random mask, which broadcasts to the input; None among them is the input's size. None,
            the shape of the input.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if the rate is not from 0 to below 1, or `noise_shape` holds something else than sizes and None.

    Source: Klambauer et al. (2017), arXiv:1706.02515, section "Dropout".

    >>> AlphaDropout(0.5)(np.ones(2, "float32"))
    array([1., 1.], dtype=float32)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.rate = checked_rate(self, "rate", rate, may_be_one=False)
        self.noise_shape = checked_noise_shape(self, noise_shape)
        self.seed = seed
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Tensor, training: bool | None = False) -> Tensor:
        """Return the inputs, with elements replaced if `training`.

        Args:
            inputs: tensor of any shape.
            training: bool, whether to replace elements; False.
        """
        if not training or self.rate == 0:
            return inputs
        sizes = ops.shape(inputs)
        if self.noise_shape is not None:
            sizes = tuple(n if s is None else s for n, s in zip(sizes, self.noise_shape, strict=True))
        is_kept = ops.greater_equal(ops.random.uniform(sizes, seed=self.seed_generator), self.rate)
        a = ((1 - self.rate) * (1 + self.rate * _LOWEST**2)) ** -0.5
        b = -a * _LOWEST * self.rate
        return ops.add(ops.multiply(ops.where(is_kept, inputs, _LOWEST), a), b)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
