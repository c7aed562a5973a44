"""`SeparableConv1D` and `SeparableConv2D`: each channel is convolved by itself, then the channels are mixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
from kcore_layers.layers.convolutional.convolution import SlidingKernel
from kcore_layers.options.weight_options import checked_count, config_of, options_of, set_options
from kcore_layers.serialization.registry import builtin

__all__ = ["SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D"]

_OPTIONS = (
    "depth_multiplier", "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation",
    "use_bias", "depthwise_initializer", "pointwise_initializer", "bias_initializer", "depthwise_regularizer",
    "pointwise_regularizer", "bias_regularizer", "activity_regularizer", "depthwise_constraint", "pointwise_constraint",
    "bias_constraint",
)  # fmt: skip


class _SeparableConv(SlidingKernel):
    """Separable convolution along one or two axes."""

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = checked_count(self, "filters", filters)
        self.depth_multiplier = checked_count(self, "depth_multiplier", depth_multiplier)
        self.set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.use_bias = use_bias
        set_options(
            self,
            activation=activation,
            depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """Make the two kernels and the bias for inputs of a shape."""
        channels = self.set_channels(input_shape)
        depthwise = (*self.kernel_size, channels, self.depth_multiplier)
        pointwise = (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        options = {**options_of(self, "depthwise"), "name": "depthwise_kernel"}
        self.depthwise_kernel = self.add_weight(shape=depthwise, **options)
        options = {**options_of(self, "pointwise"), "name": "pointwise_kernel"}
        self.pointwise_kernel = self.add_weight(shape=pointwise, **options)
        self.add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """Give `activation(separable_conv(inputs, depthwise_kernel, pointwise_kernel) + bias)`."""
        x = ops.separable_conv(
            inputs, self.depthwise_kernel, self.pointwise_kernel, self.strides, self.padding, self.data_format,
            self.dilation_rate,
        )  # fmt: skip
        return self.finish(x)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS)}


@builtin("keras.layers", aliases=("SeparableConvolution1D",))
class SeparableConv1D(_SeparableConv):
    """Convolve each channel of a sequence by itself, then mix the channels at each step; add a bias, activate.

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with `data_format="channels_first"`;
    the kernels are `(kernel_size, channels, depth_multiplier)` and `(1, channels * depth_multiplier, filters)`; the
    output has `filters` channels.

    Args:
        filters: number of channels of the output.
        kernel_size: size of the kernel along the spatial axes, one number or one for each.
        strides: from one position of the kernel to the next, one number or one for each spatial axis.
        padding: "valid" keeps the kernel inside, "same" adds zeros around.
        data_format: "channels_last" or "channels_first"; None is `config.image_data_format()`.
        dilation_rate: from one element of the kernel to the next, one number or one for each spatial axis.
        depth_multiplier: number of kernels of each channel.
        activation: a function or its name; None is none.
        use_bias: whether a bias is added.
        depthwise_initializer: of the kernel of each channel.
        pointwise_initializer: of the kernel that mixes.
        bias_initializer: of the bias.
        depthwise_regularizer: of the kernel of each channel.
        pointwise_regularizer: of the kernel that mixes.
        bias_regularizer: of the bias.
        activity_regularizer: of the output.
        depthwise_constraint: of the kernel of each channel.
        pointwise_constraint: of the kernel that mixes.
        bias_constraint: of the bias.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, a number of channels that is not known, or less than the
            kernel covers.

    Source: Chollet (2017), arXiv:1610.02357, section 1.

    >>> SeparableConv1D(4, 3)(np.ones((1, 8, 2), "float32")).shape
    (1, 6, 4)
    """

    rank = 1


@builtin("keras.layers", aliases=("SeparableConvolution2D",))
class SeparableConv2D(_SeparableConv):
    """Convolve each channel of an image by itself, then mix the channels at each pixel; add a bias, activate.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; the kernels are `(*kernel_size, channels, depth_multiplier)` and
    `(1, 1, channels * depth_multiplier, filters)`; the output has `filters` channels.

    Args:
        filters: number of channels of the output.
        kernel_size: size of the kernel along the spatial axes, one number or one for each.
        strides: from one position of the kernel to the next, one number or one for each spatial axis.
        padding: "valid" keeps the kernel inside, "same" adds zeros around.
        data_format: "channels_last" or "channels_first"; None is `config.image_data_format()`.
        dilation_rate: from one element of the kernel to the next, one number or one for each spatial axis.
        depth_multiplier: number of kernels of each channel.
        activation: a function or its name; None is none.
        use_bias: whether a bias is added.
        depthwise_initializer: of the kernel of each channel.
        pointwise_initializer: of the kernel that mixes.
        bias_initializer: of the bias.
        depthwise_regularizer: of the kernel of each channel.
        pointwise_regularizer: of the kernel that mixes.
        bias_regularizer: of the bias.
        activity_regularizer: of the output.
        depthwise_constraint: of the kernel of each channel.
        pointwise_constraint: of the kernel that mixes.
        bias_constraint: of the bias.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, a number of channels that is not known, or less than the
            kernel covers.

    Source: Chollet (2017), arXiv:1610.02357, section 1.

    >>> SeparableConv2D(4, 3)(np.ones((1, 8, 8, 3), "float32")).shape
    (1, 6, 6, 4)
    """

    rank = 2


SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D
