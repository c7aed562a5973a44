"""`SeparableConv1D` and `SeparableConv2D`: each channel is convolved by itself, then the channels are mixed."""

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
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: Sizes = 1,
        depth_multiplier: int = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike = "glorot_uniform",
        pointwise_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        depthwise_regularizer: RegularizerLike = None,
        pointwise_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        depthwise_constraint: ConstraintLike = None,
        pointwise_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **kwargs: Unpack[LayerOptionsBesideRegularizer],
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

    def build(self, input_shape: Shape) -> None:
        """Make the two kernels and the bias for inputs of a shape.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        channels = self.set_channels(input_shape)
        depthwise = (*self.kernel_size, channels, self.depth_multiplier)
        pointwise = (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        options = {**options_of(self, "depthwise"), "name": "depthwise_kernel"}
        self.depthwise_kernel = self.add_weight(shape=depthwise, **options)
        options = {**options_of(self, "pointwise"), "name": "pointwise_kernel"}
        self.pointwise_kernel = self.add_weight(shape=pointwise, **options)
        self.add_bias(self.filters)

    def call(self, inputs: Tensor) -> Tensor:
        """Return `activation(separable_conv(inputs, depthwise_kernel, pointwise_kernel) + bias)`.

        Args:
            inputs: tensor with a batch axis, spatial axes and one of channels, as `data_format` says.
        """
        x = ops.separable_conv(
            inputs, self.depthwise_kernel, self.pointwise_kernel, self.strides, self.padding, self.data_format,
            self.dilation_rate,
        )  # fmt: skip
        return self.finish(x)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS)}


@builtin("keras.layers", aliases=("SeparableConvolution1D",))
class SeparableConv1D(_SeparableConv):
    """Convolve each channel of a sequence by itself, then mix the channels at each step; add a bias, activate.

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with `data_format="channels_first"`;
    the kernels are `(kernel_size, channels, depth_multiplier)` and `(1, channels * depth_multiplier, filters)`; the
    output has `filters` channels.

    Args:
        filters: int, number of channels of the output.
        kernel_size: int, steps that the kernels of the channels cover.
        strides: int, steps from one position of the kernel to the next; 1.
        padding: "valid" keeps the kernel inside, "same" adds zeros around; "valid".
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        dilation_rate: int, steps from one element of the kernel to the next; 1.
        depth_multiplier: int, number of kernels of each channel; 1.
        activation: function of the output, its name or config; None is the identity.
        use_bias: bool, whether a bias is added; True.
        depthwise_initializer: initializer, its name or config, of the `(kernel_size, channels, depth_multiplier)`
            kernel of the channels; Glorot uniform.
        pointwise_initializer: initializer, its name or config, of the `(1, channels * depth_multiplier, filters)`
            kernel that mixes them; Glorot uniform.
        bias_initializer: initializer, its name or config, of the `(filters,)` bias; zeros.
        depthwise_regularizer: regularizer, its name or config, of the kernel of the channels; None adds no penalty.
        pointwise_regularizer: regularizer, its name or config, of the kernel that mixes them; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        depthwise_constraint: constraint, its name or config, of the kernel of the channels after each update; None sets
            none.
        pointwise_constraint: constraint, its name or config, of the kernel that mixes them after each update; None sets
            none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

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
        filters: int, number of channels of the output.
        kernel_size: int, or one for each of height and width, pixels that the kernels of the channels cover.
        strides: int, or one for each of height and width, pixels from one position of the kernel to the next; 1.
        padding: "valid" keeps the kernel inside, "same" adds zeros around; "valid".
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        dilation_rate: int, or one for each of height and width, pixels from one element of the kernel to the next; 1.
        depth_multiplier: int, number of kernels of each channel; 1.
        activation: function of the output, its name or config; None is the identity.
        use_bias: bool, whether a bias is added; True.
        depthwise_initializer: initializer, its name or config, of the `(*kernel_size, channels, depth_multiplier)`
            kernel of the channels; Glorot uniform.
        pointwise_initializer: initializer, its name or config, of the `(1, 1, channels * depth_multiplier, filters)`
            kernel that mixes them; Glorot uniform.
        bias_initializer: initializer, its name or config, of the `(filters,)` bias; zeros.
        depthwise_regularizer: regularizer, its name or config, of the kernel of the channels; None adds no penalty.
        pointwise_regularizer: regularizer, its name or config, of the kernel that mixes them; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        depthwise_constraint: constraint, its name or config, of the kernel of the channels after each update; None sets
            none.
        pointwise_constraint: constraint, its name or config, of the kernel that mixes them after each update; None sets
            none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

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
