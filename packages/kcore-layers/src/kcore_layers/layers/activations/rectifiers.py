"""Rectifiers without weights: `ReLU`, `LeakyReLU` and `ELU`."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor

from kcore_layers.base.layer import Layer
from kcore_layers.options import activations
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.options.weight_options import checked_number
from kcore_layers.serialization.registry import builtin

__all__ = ["ELU", "LeakyReLU", "ReLU"]


def _not_negative(layer: Layer, name: str, value: Any) -> float:
    """Return an argument that must be a number from 0."""
    return float(checked_number(layer, name, value, "a number of 0 or more", least=0))


@builtin("keras.layers")
class ReLU(Layer):
    """Keep elements above `threshold`, up to `max_value`; replace the others by `negative_slope * (x - threshold)`.

    Shapes: the output is shaped like the input.

    Args:
        max_value: float from 0, the largest output; None, no limit.
        negative_slope: float from 0, the slope below the threshold; 0.
        threshold: float from 0, above which elements pass; 0.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if one of the three is negative.

    >>> ReLU(max_value=6.0)(np.array([-1.0, 2.0, 9.0], "float32"))
    array([0., 2., 6.], dtype=float32)
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _not_negative(self, "max_value", max_value)
        self.negative_slope = _not_negative(self, "negative_slope", negative_slope)
        self.threshold = _not_negative(self, "threshold", threshold)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return the rectified inputs.

        Args:
            inputs: tensor of any shape.
        """
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {"max_value": self.max_value, "negative_slope": self.negative_slope, "threshold": self.threshold}
        return {**super().get_config(), **own}


class _LeakyReLUOptions(LayerOptions, total=False):
    alpha: float


@builtin("keras.layers")
class LeakyReLU(Layer):
    """Multiply negative elements by `negative_slope`; keep the others.

    Shapes: the output is shaped like the input.

    Args:
        negative_slope: float from 0, the slope below 0; 0.3. Files of Keras 2 call it `alpha`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if the slope is negative.

    Source: Maas et al. (2013), "Rectifier nonlinearities improve neural network acoustic models".

    >>> LeakyReLU(0.5)(np.array([-1.0, 2.0], "float32"))
    array([-0.5,  2. ], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Unpack[_LeakyReLUOptions]) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = _not_negative(self, "negative_slope", negative_slope)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return `inputs` where positive, `negative_slope * inputs` elsewhere.

        Args:
            inputs: tensor of any shape.
        """
        return ops.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "negative_slope": self.negative_slope}


@builtin("keras.layers")
class ELU(Layer):
    """Replace negative elements by `alpha * (exp(x) - 1)`; keep the others.

    Shapes: the output is shaped like the input.

    Args:
        alpha: float, minus the limit of the output towards minus infinity; 1.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `alpha` is not a number.

    Source: Clevert et al. (2015), arXiv:1511.07289, eq. 15.

    >>> ELU()(np.array([-1.0, 2.0], "float32")).round(3)
    array([-0.632,  2.   ], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.alpha = checked_number(self, "alpha", alpha)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return `inputs` where positive, `alpha * (exp(inputs) - 1)` elsewhere.

        Args:
            inputs: tensor of any shape.
        """
        return ops.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "alpha": self.alpha}
