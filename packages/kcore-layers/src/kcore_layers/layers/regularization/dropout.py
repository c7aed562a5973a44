"""`Dropout`: while training, a random part of the elements is set to zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.random import SeedGenerator

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.options.weight_options import checked_rate
from kcore_layers.serialization.registry import builtin

__all__ = ["Dropout"]


def checked_noise_shape(layer: Layer, value: Any) -> tuple[int | None, ...] | None:
    """Return the shape of a random mask, in which None is the size of the input.

    Args:
        layer: layer that the error names.
        value: what was passed as `noise_shape`.

    Raises:
        ArgumentError: if it is no sequence of positive integers and None.
    """
    if value is None:
        return None
    sizes = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    is_fine = [
        size is None or (hasattr(size, "__index__") and not isinstance(size, bool) and size > 0) for size in sizes
    ]
    if not isinstance(value, Sequence) or not all(is_fine):
        raise ArgumentError(
            f"noise_shape can not be {value!r}", fix="pass a size, 1 or None (that of the input), for each axis"
        ).at(type(layer).__name__)
    return tuple(None if size is None else int(size) for size in sizes)


@builtin("keras.layers")
class Dropout(Layer):
    """Set a random part of the input to zero, and divide the rest by the part kept; only while training.

    Shapes: the output is shaped like the input.

    Args:
        rate: float from 0 to 1, the fraction set to zero.
        noise_shape: sizes of the random mask, which broadcasts to the input; None among them is the input's size. None,
            the shape of the input.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if the rate is not from 0 to 1, or `noise_shape` holds something else than sizes and None.

    Source: Srivastava et al. (2014), JMLR 15:1929.

    >>> Dropout(0.5)(np.ones(3, "float32"))
    array([1., 1., 1.], dtype=float32)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.rate = checked_rate(self, "rate", rate)
        self.noise_shape = checked_noise_shape(self, noise_shape)
        self.seed = seed
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Tensor, training: bool | None = False) -> Tensor:
        """Return the inputs, with elements set to zero if `training`.

        Args:
            inputs: tensor of any shape.
            training: bool, whether to set elements to zero; False.
        """
        if training and self.rate > 0:
            return ops.random.dropout(inputs, self.rate, self.noise_shape, self.seed_generator)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
