"""`Conv1DTranspose`, `2D` and `3D`: each element is spread over a window, as in the gradient of a convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.layers.convolutional.convolution import SlidingKernel
from kcore_layers.layers.reshaping.zero_padding import is_count
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

__all__ = ["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "Convolution1DTranspose", "Convolution2DTranspose",
           "Convolution3DTranspose"]  # fmt: skip

_OPTIONS = (
    "filters", "kernel_size", "strides", "padding", "output_padding", "data_format", "dilation_rate", "activation",
    "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
    "activity_regularizer", "kernel_constraint", "bias_constraint",
)  # fmt: skip


class _ConvTranspose(SlidingKernel):
    """Transposed convolution along one to three axes."""

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Padding = "valid",
        output_padding: Sizes | None = None,
        data_format: DataFormat | None = None,
        dilation_rate: Sizes = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **kwargs: Unpack[LayerOptionsBesideRegularizer],
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = checked_count(self, "filters", filters)
        self.set_window(kernel_size, strides, padding, data_format, dilation_rate)
        if output_padding is not None and not isinstance(output_padding, Sequence):
            output_padding = (output_padding,) * self.rank
        if output_padding is not None and (len(output_padding) != self.rank or not all(map(is_count, output_padding))):
            raise ArgumentError(
                f"output_padding can not be {output_padding!r}", fix=f"pass a number from 0, or {self.rank} of them"
            ).at(type(self).__name__)
        self.output_padding = None if output_padding is None else tuple(int(size) for size in output_padding)
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

    def build(self, input_shape: Shape) -> None:
        """Make kernel and bias for inputs of a shape.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        shape = (*self.kernel_size, self.filters, self.set_channels(input_shape))
        self.kernel = self.add_weight(shape=shape, **options_of(self, "kernel"))
        self.add_bias(self.filters)

    def call(self, inputs: Tensor) -> Tensor:
        """Return `activation(conv_transpose(inputs, kernel) + bias)`.

        Args:
            inputs: tensor with a batch axis, spatial axes and one of channels, as `data_format` says.
        """
        x = ops.conv_transpose(
            inputs, self.kernel, self.strides, self.padding, self.output_padding, self.data_format, self.dilation_rate
        )
        return self.finish(x)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS)}


@builtin("keras.layers", aliases=("Convolution1DTranspose",))
class Conv1DTranspose(_ConvTranspose):
    """Spread each step of a sequence over a window, times a kernel; add a bias, apply an activation.

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with `data_format="channels_first"`;
    the kernel is `(kernel_size, filters, channels)`; the output has `filters` channels and about time * stride steps.

    Args:
        filters: int, number of channels of the output.
        kernel_size: int, steps that the kernel covers.
        strides: int, steps of the output from one position of the kernel to the next; 1.
        padding: "valid" keeps all of the output, "same" crops it to size * stride; "valid".
        output_padding: int, what is added to the size (size - 1) * stride + kernel_size, less twice half the kernel if
            padded "same"; None for the sizes above.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        dilation_rate: int, steps from one element of the kernel to the next; 1.
        activation: function of the output, its name or config; None is the identity.
        use_bias: bool, whether a bias is added; True.
        kernel_initializer: initializer, its name or config, of the `(kernel_size, filters, channels)` kernel; Glorot
            uniform.
        bias_initializer: initializer, its name or config, of the `(filters,)` bias; zeros.
        kernel_regularizer: regularizer, its name or config, of the kernel; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel after each update; None sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed, or `output_padding` is not below the stride.
        ShapeError: when called, if the input has other axes, or a number of channels that is not known.

    Source: Dumoulin & Visin (2016), arXiv:1603.07285, chapter 4.

    >>> layer = Conv1DTranspose(1, 2, strides=2, kernel_initializer="ones")
    >>> layer(np.array([[[1.0], [2.0]]], "float32")).ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 1


@builtin("keras.layers", aliases=("Convolution2DTranspose",))
class Conv2DTranspose(_ConvTranspose):
    """Spread each pixel of an image over a window, times a kernel; add a bias, apply an activation.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; the kernel is `(*kernel_size, filters, channels)`; the output has `filters` channels
    and about stride times the height and width.

    Args:
        filters: int, number of channels of the output.
        kernel_size: int, or one for each of height and width, pixels that the kernel covers.
        strides: int, or one for each of height and width, pixels of the output from one position of the kernel to the
            next; 1.
        padding: "valid" keeps all of the output, "same" crops it to size * stride; "valid".
        output_padding: int, or one for each of height and width, what is added to the size (size - 1) * stride +
            kernel_size, less twice half the kernel if padded "same"; None for the sizes above.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        dilation_rate: int, or one for each of height and width, pixels from one element of the kernel to the next; 1.
        activation: function of the output, its name or config; None is the identity.
        use_bias: bool, whether a bias is added; True.
        kernel_initializer: initializer, its name or config, of the `(*kernel_size, filters, channels)` kernel; Glorot
            uniform.
        bias_initializer: initializer, its name or config, of the `(filters,)` bias; zeros.
        kernel_regularizer: regularizer, its name or config, of the kernel; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel after each update; None sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed, or `output_padding` is not below the stride.
        ShapeError: when called, if the input has other axes, or a number of channels that is not known.

    Source: Dumoulin & Visin (2016), arXiv:1603.07285, chapter 4.

    >>> Conv2DTranspose(4, 3, strides=2, padding="same")(np.ones((1, 4, 4, 3), "float32")).shape
    (1, 8, 8, 4)
    """

    rank = 2


@builtin("keras.layers", aliases=("Convolution3DTranspose",))
class Conv3DTranspose(_ConvTranspose):
    """Spread each voxel of a volume over a window, times a kernel; add a bias, apply an activation.

    Shapes: the input is `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
    `data_format="channels_first"`; the kernel is `(*kernel_size, filters, channels)`; the output has `filters` channels
    and about stride times the depth, height and width.

    Args:
        filters: int, number of channels of the output.
        kernel_size: int, or one for each of depth, height and width, voxels that the kernel covers.
        strides: int, or one for each of depth, height and width, voxels of the output from one position of the kernel
            to the next; 1.
        padding: "valid" keeps all of the output, "same" crops it to size * stride; "valid".
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        output_padding: int, or one for each of depth, height and width, what is added to the size (size - 1) * stride +
            kernel_size, less twice half the kernel if padded "same"; None for the sizes above.
        dilation_rate: int, or one for each of depth, height and width, voxels from one element of the kernel to the
            next; 1.
        activation: function of the output, its name or config; None is the identity.
        use_bias: bool, whether a bias is added; True.
        kernel_initializer: initializer, its name or config, of the `(*kernel_size, filters, channels)` kernel; Glorot
            uniform.
        bias_initializer: initializer, its name or config, of the `(filters,)` bias; zeros.
        kernel_regularizer: regularizer, its name or config, of the kernel; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel after each update; None sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed, or `output_padding` is not below the stride.
        ShapeError: when called, if the input has other axes, or a number of channels that is not known.

    Source: Dumoulin & Visin (2016), arXiv:1603.07285, chapter 4.

    >>> Conv3DTranspose(4, 2, strides=2)(np.ones((1, 2, 2, 2, 1), "float32")).shape
    (1, 4, 4, 4, 4)
    """

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        output_padding: Sizes | None = None,
        dilation_rate: Sizes = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **kwargs: Unpack[LayerOptionsBesideRegularizer],
    ) -> None:
        # As in Keras, data_format and output_padding stand the other way round here.
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )


Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
