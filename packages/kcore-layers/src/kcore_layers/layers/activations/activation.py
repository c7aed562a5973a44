"""`Activation`: a function of each element, as a layer."""

from __future__ import annotations

from typing import Any, Unpack

from kcore_ops.engine.op import Tensor

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import ActivationLike, LayerOptions
from kcore_layers.options.weight_options import config_of, set_options
from kcore_layers.serialization.registry import builtin

__all__ = ["Activation"]


@builtin("keras.layers")
class Activation(Layer):
    """Apply an activation function.

    Shapes: those of the function, for most the output is shaped like the input.

    Args:
        activation: function of the inputs, its name or config; None is the identity.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if there is no such activation.

    >>> Activation("relu")(np.array([-1.0, 2.0], "float32"))
    array([0., 2.], dtype=float32)
    """

    activation: Any

    def __init__(self, activation: ActivationLike, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        set_options(self, activation=activation)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return `activation(inputs)`.

        Args:
            inputs: tensor of any shape.
        """
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, "activation")}
