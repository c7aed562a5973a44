"""`DepthwiseConv1D` and `DepthwiseConv2D`: each channel is convolved with kernels of its own."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor

from kcore_layers.layers.convolutional.convolution import SlidingKernel
from kcore_layers.options.argument_types import (
    ActivationLike,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    LayerOptionsBesideRegularizer,
    Padding,
    RegularizerLike,
    Shape,
    Sizes,
)
from kcore_layers.options.weight_options import checked_count, config_of, options_of, set_options
from kcore_layers.serialization.registry import builtin

__all__ = ["DepthwiseConv1D", "DepthwiseConv2D"]

_OPTIONS = (
    "depth_multiplier", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation", "use_bias",
    "depthwise_initializer", "bias_initializer", "depthwise_regularizer", "bias_regularizer", "activity_regularizer",
    "depthwise_constraint", "bias_constraint",
)  # fmt: skip


class _DepthwiseConv(SlidingKernel):
    """Depthwise convolution along one or two axes."""

    def __init__(
        self,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Padding = "valid",
        depth_multiplier: int = 1,
        data_format: DataFormat | None = None,
        dilation_rate: Sizes = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        depthwise_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        depthwise_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **kwargs: Unpack[LayerOptionsBesideRegularizer],
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.depth_multiplier = checked_count(self, "depth_multiplier", depth_multiplier)
        self.set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.use_bias = use_bias
        set_options(
            self,
            activation=activation,
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Shape) -> None:
        """Make kernel and bias for inputs of a shape.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        channels = self.set_channels(input_shape)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self.add_weight(shape=shape, **{**options_of(self, "depthwise"), "name": "kernel"})
        self.add_bias(channels * self.depth_multiplier)

    def call(self, inputs: Tensor) -> Tensor:
        """Return `activation(depthwise_conv(inputs, kernel) + bias)`.

        Args:
            inputs: tensor with a batch axis, spatial axes and one of channels, as `data_format` says.
        """
        x = ops.depthwise_conv(inputs, self.kernel, self.strides, self.padding, self.data_format, self.dilation_rate)
        return self.finish(x)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS)}


@builtin("keras.layers")
class DepthwiseConv1D(_DepthwiseConv):
    """Convolve each channel of a sequence with kernels of its own; add a bias, apply an activation.

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with `data_format="channels_first"`;
    the kernel is `(kernel_size, channels, depth_multiplier)`; the output has `channels * depth_multiplier` channels,
    those of one input channel side by side.

    Args:
        kernel_size: int, steps that a kernel covers.
        strides: int, steps from one position of the kernel to the next; 1.
        padding: "valid" keeps the kernel inside, "same" adds zeros around; "valid".
        depth_multiplier: int, number of kernels of each channel; 1.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        dilation_rate: int, steps from one element of the kernel to the next; 1.
        activation: function of the output, its name or config; None is the identity.
        use_bias: bool, whether a bias is added; True.
        depthwise_initializer: initializer, its name or config, of the `(kernel_size, channels, depth_multiplier)`
            kernel; Glorot uniform.
        bias_initializer: initializer, its name or config, of the `(channels * depth_multiplier,)` bias; zeros.
        depthwise_regularizer: regularizer, its name or config, of the kernel; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        depthwise_constraint: constraint, its name or config, of the kernel after each update; None sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, a number of channels that is not known, or less than the
            kernel covers.

    >>> DepthwiseConv1D(3)(np.ones((1, 8, 2), "float32")).shape
    (1, 6, 2)
    """

    rank = 1


@builtin("keras.layers")
class DepthwiseConv2D(_DepthwiseConv):
    """Convolve each channel of an image with kernels of its own; add a bias, apply an activation.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; the kernel is `(*kernel_size, channels, depth_multiplier)`; the output has
    `channels * depth_multiplier` channels, those of one input channel side by side.

    Args:
        kernel_size: int, or one for each of height and width, pixels that a kernel covers.
        strides: int, or one for each of height and width, pixels from one position of the kernel to the next; 1.
        padding: "valid" keeps the kernel inside, "same" adds zeros around; "valid".
        depth_multiplier: int, number of kernels of each channel; 1.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        dilation_rate: int, or one for each of height and width, pixels from one element of the kernel to the next; 1.
        activation: function of the output, its name or config; None is the identity.
        use_bias: bool, whether a bias is added; True.
        depthwise_initializer: initializer, its name or config, of the `(*kernel_size, channels, depth_multiplier)`
            kernel; Glorot uniform.
        bias_initializer: initializer, its name or config, of the `(channels * depth_multiplier,)` bias; zeros.
        depthwise_regularizer: regularizer, its name or config, of the kernel; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        depthwise_constraint: constraint, its name or config, of the kernel after each update; None sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, a number of channels that is not known, or less than the
            kernel covers.

    >>> DepthwiseConv2D(3, depth_multiplier=2)(np.ones((1, 8, 8, 3), "float32")).shape
    (1, 6, 6, 6)
    """

    rank = 2
