"""`DepthwiseConv1D` and `DepthwiseConv2D`: each channel is convolved with kernels of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
from kcore_layers.layers.convolutional.convolution import SlidingKernel
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
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
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

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias for inputs of a shape."""
        channels = self.set_channels(input_shape)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self.add_weight(shape=shape, **{**options_of(self, "depthwise"), "name": "kernel"})
        self.add_bias(channels * self.depth_multiplier)

    def call(self, inputs: Any) -> Any:
        """Give `activation(depthwise_conv(inputs, kernel) + bias)`."""
        x = ops.depthwise_conv(inputs, self.kernel, self.strides, self.padding, self.data_format, self.dilation_rate)
        return self.finish(x)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS)}


@builtin("keras.layers")
class DepthwiseConv1D(_DepthwiseConv):
    """Convolve each channel of a sequence with kernels of its own; add a bias, apply an activation.

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with `data_format="channels_first"`;
    the kernel is `(kernel_size, channels, depth_multiplier)`; the output has `channels * depth_multiplier` channels,
    those of one input channel side by side.

    Args:
        kernel_size: size of the kernel along the spatial axes, one number or one for each.
        strides: from one position of the kernel to the next, one number or one for each spatial axis.
        padding: "valid" keeps the kernel inside, "same" adds zeros around.
        depth_multiplier: number of kernels of each channel.
        data_format: "channels_last" or "channels_first"; None is `config.image_data_format()`.
        dilation_rate: from one element of the kernel to the next, one number or one for each spatial axis.
        activation: a function or its name; None is none.
        use_bias: whether a bias is added.
        depthwise_initializer: of the kernel of each channel.
        bias_initializer: of the bias.
        depthwise_regularizer: of the kernel of each channel.
        bias_regularizer: of the bias.
        activity_regularizer: of the output.
        depthwise_constraint: of the kernel of each channel.
        bias_constraint: of the bias.
        **kwargs: of `Layer`.

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
        kernel_size: size of the kernel along the spatial axes, one number or one for each.
        strides: from one position of the kernel to the next, one number or one for each spatial axis.
        padding: "valid" keeps the kernel inside, "same" adds zeros around.
        depth_multiplier: number of kernels of each channel.
        data_format: "channels_last" or "channels_first"; None is `config.image_data_format()`.
        dilation_rate: from one element of the kernel to the next, one number or one for each spatial axis.
        activation: a function or its name; None is none.
        use_bias: whether a bias is added.
        depthwise_initializer: of the kernel of each channel.
        bias_initializer: of the bias.
        depthwise_regularizer: of the kernel of each channel.
        bias_regularizer: of the bias.
        activity_regularizer: of the output.
        depthwise_constraint: of the kernel of each channel.
        bias_constraint: of the bias.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, a number of channels that is not known, or less than the
            kernel covers.

    >>> DepthwiseConv2D(3, depth_multiplier=2)(np.ones((1, 8, 8, 3), "float32")).shape
    (1, 6, 6, 6)
    """

    rank = 2
