"""`Dense`: a linear map of the last axis."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.options import activations
from kcore_layers.options.argument_types import (
    ActivationLike,
    ConstraintLike,
    InitializerLike,
    LayerOptionsBesideRegularizer,
    RegularizerLike,
    Shape,
)
from kcore_layers.options.weight_options import checked_count, config_of, known_size, options_of, set_options
from kcore_layers.serialization.registry import builtin
from kcore_layers.weights.quantizable import Quantizable
from kcore_layers.weights.quantized import Layout

__all__ = ["Dense"]

_OPTIONS = (
    "units", "activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer",
    "bias_regularizer", "kernel_constraint", "bias_constraint",
)  # fmt: skip


@builtin("keras.layers")
class Dense(Quantizable):
    """Multiply by a matrix, add a bias, apply an activation: `activation(x @ kernel + bias)`.

    Shapes: the input is `(..., n)`, the output `(..., units)`; the kernel is `(n, units)`, the bias `(units,)`.

    Args:
        units: int, size of the last axis of the output.
        activation: function of the output, its name or config; None is the identity.
        use_bias: bool, whether a bias is added; True.
        kernel_initializer: initializer, its name or config, of the `(n, units)` kernel; Glorot uniform.
        bias_initializer: initializer, its name or config, of the `(units,)` bias; zeros.
        kernel_regularizer: regularizer, its name or config, of the kernel; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel after each update; None sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        lora_rank: int, the rank of the adapter that the kernel gets, as `enable_lora` adds it; None, it gets none.
        lora_alpha: float, by which the adapter is multiplied, after a division by the rank; None, the rank.
        quantization_config: `quantizers.QuantizationConfig`, how the kernel is rounded if the dtype policy, or
            `quantize`, has it rounded; None, the mode's own way.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `units` is not a positive integer.
        ShapeError: when called, if the size of the last axis is not known or not the one it was built for.

    >>> layer = Dense(3, kernel_initializer="ones")
    >>> layer(np.array([[1.0, 2.0]], "float32"))
    array([[3., 3., 3.]], dtype=float32)
    """

    activation: Any
    kernel: Any
    bias: Any

    def __init__(
        self,
        units: int,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Unpack[LayerOptionsBesideRegularizer],
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = checked_count(self, "units", units)
        self.use_bias = use_bias
        self.set_adapter(lora_rank, lora_alpha)
        self.set_quantization(quantization_config)
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

    def build(self, input_shape: Shape) -> None:
        """Make kernel and bias for inputs of a shape.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        size = known_size(input_shape)
        self.kernel = self.add_weight(shape=(size, self.units), **options_of(self, "kernel"))
        self.bias = self.add_weight(shape=(self.units,), **options_of(self, "bias")) if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})

    def call(self, inputs: Tensor) -> Tensor:
        """Return `activation(inputs @ kernel + bias)`.

        Args:
            inputs: tensor `(..., n)`.
        """
        bias = self.bias
        x = ops.matmul(inputs, self.kernel) if bias is None else ops.biased_matmul(inputs, self.kernel, bias)
        activation = self.activation
        return x if activation is None or activation is activations.linear else activation(x)

    def weight_layout(self, name: str) -> Layout:
        """Return how the kernel lies in the variables that it is kept in, if it is quantized.

        Args:
            name: the name of the weight's attribute.
        """
        return Layout(tuple(self.kernel.shape), summed=(0,), kept=(1,), scale_shape=(self.units,))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS), **self._config_of_adapter()}
