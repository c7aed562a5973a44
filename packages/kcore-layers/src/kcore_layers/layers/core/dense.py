"""`Dense`: a linear map of the last axis."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.options import activations
from kcore_layers.options.weight_options import checked_count, config_of, known_size, options_of, set_options
from kcore_layers.serialization.registry import builtin

__all__ = ["Dense"]

_OPTIONS = (
    "units", "activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer",
    "bias_regularizer", "kernel_constraint", "bias_constraint",
)  # fmt: skip


@builtin("keras.layers")
class Dense(Layer):
    """Multiply by a matrix, add a bias, apply an activation: `activation(x @ kernel + bias)`.

    Shapes: the input is `(..., n)`, the output `(..., units)`; the kernel is `(n, units)`, the bias `(units,)`.

    Args:
        units: size of the last axis of the output.
        activation: a function or its name; None is none.
        use_bias: whether a bias is added.
        kernel_initializer: of the kernel.
        bias_initializer: of the bias.
        kernel_regularizer: of the kernel.
        bias_regularizer: of the bias.
        activity_regularizer: of the output.
        kernel_constraint: of the kernel.
        bias_constraint: of the bias.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if `units` is not a positive integer.
        ShapeError: when called, if the size of the last axis is not known or not the one it was built for.

    >>> layer = Dense(3, kernel_initializer="ones")
    >>> layer(np.array([[1.0, 2.0]], "float32"))
    array([[3., 3., 3.]], dtype=float32)
    """

    activation: Any
    bias: Any

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = checked_count(self, "units", units)
        self.use_bias = use_bias
        set_options(
            self,
            activation=activation,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias for inputs of a shape."""
        size = known_size(input_shape)
        self.kernel = self.add_weight(shape=(size, self.units), **options_of(self, "kernel"))
        self.bias = self.add_weight(shape=(self.units,), **options_of(self, "bias")) if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})

    def call(self, inputs: Any) -> Any:
        """Give `activation(inputs @ kernel + bias)`."""
        x = ops.matmul(inputs, self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        activation = self.activation
        return x if activation is None or activation is activations.linear else activation(x)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS)}
