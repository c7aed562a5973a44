"""`Activation`: a function of each element, as a layer."""

from __future__ import annotations

from typing import Any

from kcore_layers.base.layer import Layer
from kcore_layers.options.weight_options import config_of, set_options
from kcore_layers.serialization.registry import builtin

__all__ = ["Activation"]


@builtin("keras.layers")
class Activation(Layer):
    """Apply an activation function.

    Shapes: those of the function, for most the output is shaped like the input.

    Args:
        activation: a function or its name; None is none.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if there is no such activation.

    >>> Activation("relu")(np.array([-1.0, 2.0], "float32"))
    array([0., 2.], dtype=float32)
    """

    activation: Any

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        set_options(self, activation=activation)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Give the function's value."""
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, "activation")}
