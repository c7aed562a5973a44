"""Rectifiers without weights: `ReLU`, `LeakyReLU` and `ELU`."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.base.layer import Layer
from kcore_layers.options import activations
from kcore_layers.options.weight_options import checked_number
from kcore_layers.serialization.registry import builtin

__all__ = ["ELU", "LeakyReLU", "ReLU"]


def _not_negative(layer: Layer, name: str, value: Any) -> float:
    """Give an argument that must be a number from 0."""
    return float(checked_number(layer, name, value, "a number of 0 or more", least=0))


@builtin("keras.layers")
class ReLU(Layer):
    """Elements above `threshold` as they are, at most `max_value`; the others `negative_slope * (x - threshold)`.

    Shapes: the output is shaped like the input.

    Args:
        max_value: the largest output; None is no limit.
        negative_slope: the slope below the threshold.
        threshold: from where on elements pass.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if one of the three is negative.

    >>> ReLU(max_value=6.0)(np.array([-1.0, 2.0, 9.0], "float32"))
    array([0., 2., 6.], dtype=float32)
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _not_negative(self, "max_value", max_value)
        self.negative_slope = _not_negative(self, "negative_slope", negative_slope)
        self.threshold = _not_negative(self, "threshold", threshold)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Give the rectified elements."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        own = {"max_value": self.max_value, "negative_slope": self.negative_slope, "threshold": self.threshold}
        return {**super().get_config(), **own}


@builtin("keras.layers")
class LeakyReLU(Layer):
    """Positive elements as they are, the others times `negative_slope`.

    Shapes: the output is shaped like the input.

    Args:
        negative_slope: the slope below 0. Files of Keras 2 call it `alpha`.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if the slope is negative.

    Source: Maas et al. (2013), "Rectifier nonlinearities improve neural network acoustic models".

    >>> LeakyReLU(0.5)(np.array([-1.0, 2.0], "float32"))
    array([-0.5,  2. ], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = _not_negative(self, "negative_slope", negative_slope)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Give the rectified elements."""
        return ops.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), "negative_slope": self.negative_slope}


@builtin("keras.layers")
class ELU(Layer):
    """Positive elements as they are, the others `alpha * (exp(x) - 1)`.

    Shapes: the output is shaped like the input.

    Args:
        alpha: minus the limit of the output towards minus infinity.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if `alpha` is not a number.

    Source: Clevert et al. (2015), arXiv:1511.07289, eq. 15.

    >>> ELU()(np.array([-1.0, 2.0], "float32")).round(3)
    array([-0.632,  2.   ], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = checked_number(self, "alpha", alpha)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Give the elements, the negative ones bent."""
        return ops.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), "alpha": self.alpha}
