"""`Dropout`: while training, a random part of the elements is set to zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
from kcore_ops.errors import ArgumentError
from kcore_ops.random import SeedGenerator

from kcore_layers.layer import Layer
from kcore_layers.registered_objects import builtin

__all__ = ["Dropout", "checked_rate"]


def checked_rate(layer: Any, rate: Any, may_be_one: bool = True) -> float:
    """Give a fraction that must be from 0 to 1, or to below 1.

    Raises:
        ArgumentError: if it is not.
    """
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if not is_number or not 0 <= rate <= 1 or (rate == 1 and not may_be_one):
        end = "1" if may_be_one else "below 1"
        raise ArgumentError(f"rate can not be {rate!r}", fix=f"pass a fraction from 0 to {end}: 0.2 drops a fifth").at(
            type(layer).__name__
        )
    return float(rate)


@builtin("keras.layers")
class Dropout(Layer):
    """Set a random part of the input to zero, and divide the rest by the part kept; only while training.

    Shapes: the output is shaped like the input.

    Args:
        rate: the fraction set to zero.
        noise_shape: shape of the random mask, which broadcasts to that of the input; None in it is the input's size.
        seed: an integer; drawn at random if None.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if the rate is not from 0 to 1.

    Source: Srivastava et al. (2014), JMLR 15:1929.

    >>> Dropout(0.5)(np.ones(3, "float32"))
    array([1., 1., 1.], dtype=float32)
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = checked_rate(self, rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """Give the inputs, with holes if `training`."""
        if training and self.rate > 0:
            return ops.random.dropout(inputs, self.rate, self.noise_shape, self.seed_generator)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
