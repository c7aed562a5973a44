"""`Conv1D`, `Conv2D` and `Conv3D`: a kernel slides over a sequence, an image or a volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import kcore_ops as ops
from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.options import activations
from kcore_layers.options.weight_options import checked_count, config_of, known_size, options_of, set_options
from kcore_layers.serialization.registry import builtin
from kcore_ops import config
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import one_of, pair

__all__ = ["Conv1D", "Conv2D", "Conv3D", "Convolution1D", "Convolution2D", "Convolution3D", "SlidingKernel"]


class SlidingKernel(Layer):
    """What all convolutions share: the window, where it stands, and what follows.

    Attributes:
        rank: number of spatial axes.
        paddings: the names of paddings there are.
    """

    rank: ClassVar[int]
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    use_bias: bool
    activation: Any

    def set_window(
        self, kernel_size: Any, strides: Any, padding: str, data_format: str | None, dilation_rate: Any
    ) -> None:
        """Set where the kernel stands.

        Raises:
            ArgumentError: if an argument does not fit the spatial axes, or there is no such padding or layout.
        """
        place = type(self).__name__
        try:
            self.kernel_size = pair(kernel_size, self.rank, "kernel_size")
            self.strides = pair(strides, self.rank, "strides")
            self.dilation_rate = pair(dilation_rate, self.rank, "dilation_rate")
            self.padding = one_of("padding", padding.lower() if isinstance(padding, str) else padding, self.paddings)
            self.data_format = config.standardize_data_format(data_format)
        except ArgumentError as error:
            raise error.at(place) from None
        self.channel_axis = 1 if self.data_format == "channels_first" else -1
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def set_channels(self, input_shape: Any) -> int:
        """Give the number of channels of inputs, and ask for it from now on."""
        if len(input_shape) != self.rank + 2:
            raise ShapeError(
                f"the input has shape {tuple(input_shape)}: it must have {self.rank + 2} axes",
                fix=f"pass a batch axis, {self.rank} spatial ones and one of channels",
            )
        channels = known_size(input_shape, self.channel_axis)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self.channel_axis: channels})
        return channels

    def add_bias(self, size: int) -> None:
        """Make the bias, if there is to be one."""
        self.bias = self.add_weight(shape=(size,), **options_of(self, "bias")) if self.use_bias else None
        self._bias_shape = (1, size, *(1,) * self.rank) if self.channel_axis == 1 else None

    def finish(self, x: Any) -> Any:
        """Add the bias and apply the activation."""
        if self.bias is not None:
            x = ops.add(x, self.bias if self._bias_shape is None else ops.reshape(self.bias, self._bias_shape))
        activation = self.activation
        return x if activation is None or activation is activations.linear else activation(x)


class _Conv(SlidingKernel):
    """Convolution along one to three axes."""

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
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
        self.filters = checked_count(self, "filters", filters)
        self.groups = checked_count(self, "groups", groups)
        if self.filters % self.groups:
            raise ArgumentError(
                f"{filters} filters do not split into {groups} groups", fix="let filters be a multiple of groups"
            ).at(type(self).__name__)
        self.set_window(kernel_size, strides, padding, data_format, dilation_rate)
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

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias for inputs of a shape."""
        channels = self.set_channels(input_shape)
        if channels % self.groups:
            raise ShapeError(
                f"the input has {channels} channels, which do not split into {self.groups} groups",
                fix="let groups be a divisor of the number of channels",
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self.add_weight(shape=shape, **options_of(self, "kernel"))
        self.add_bias(self.filters)

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolve inputs with a kernel, without bias and activation; to be overridden for another kind of product."""
        return ops.conv(inputs, kernel, self.strides, self.padding, self.data_format, self.dilation_rate)

    def call(self, inputs: Any) -> Any:
        """Give `activation(conv(inputs, kernel) + bias)`."""
        return self.finish(self.convolution_op(inputs, self.kernel))

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS)}


_OPTIONS = (
    "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation", "use_bias",
    "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer", "activity_regularizer",
    "kernel_constraint", "bias_constraint",
)  # fmt: skip


@builtin("keras.layers", aliases=("Convolution1D",))
class Conv1D(_Conv):
    """Convolve sequences with a kernel, add a bias, apply an activation.

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with `data_format="channels_first"`;
    the kernel is `(kernel_size, channels / groups, filters)`; the output has `filters` channels and, padded "same",
    ceil(time / stride) steps.

    Args:
        filters: number of channels of the output.
        kernel_size: number of steps that the kernel covers.
        strides: steps from one position of the kernel to the next.
        padding: "valid" keeps the kernel inside; "same" adds zeros around; "causal" adds zeros before, so that no
            output depends on a later input.
        data_format: "channels_last" or "channels_first"; None is `config.image_data_format()`.
        dilation_rate: steps from one element of the kernel to the next.
        groups: number of groups of channels, each convolved with its own share of the filters.
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
        ArgumentError: if an argument is not one of those allowed, or filters do not split into groups.
        ShapeError: when called, if the input has other axes, channels that do not split, or is smaller than the kernel.

    >>> layer = Conv1D(1, 2, padding="causal", kernel_initializer="ones")
    >>> layer(np.array([[[1.0], [2.0], [4.0]]], "float32")).ravel()
    array([1., 3., 6.], dtype=float32)
    """

    rank = 1
    paddings = ("valid", "same", "causal")

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolve inputs with a kernel, without bias and activation; to be overridden for another kind of product."""
        if self.padding != "causal":
            return super().convolution_op(inputs, kernel)
        before = (self.kernel_size[0] - 1) * self.dilation_rate[0]
        time = (before, 0)
        widths = ((0, 0), (0, 0), time) if self.channel_axis == 1 else ((0, 0), time, (0, 0))
        inputs = ops.pad(inputs, widths)
        return ops.conv(inputs, kernel, self.strides, "valid", self.data_format, self.dilation_rate)


@builtin("keras.layers", aliases=("Convolution2D",))
class Conv2D(_Conv):
    """Convolve images with a kernel, add a bias, apply an activation.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; the kernel is `(*kernel_size, channels / groups, filters)`; the output has `filters`
    channels and, padded "same", ceil(size / stride) positions along an axis.

    Args:
        filters: number of channels of the output.
        kernel_size: height and width of the kernel, one number or two.
        strides: pixels from one position of the kernel to the next, one number or two.
        padding: "valid" keeps the kernel inside, "same" adds zeros around.
        data_format: "channels_last" or "channels_first"; None is `config.image_data_format()`.
        dilation_rate: pixels from one element of the kernel to the next, one number or two.
        groups: number of groups of channels, each convolved with its own share of the filters.
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
        ArgumentError: if an argument is not one of those allowed, or filters do not split into groups.
        ShapeError: when called, if the input has other axes, channels that do not split, or is smaller than the kernel.

    >>> Conv2D(4, 3, padding="same")(np.ones((1, 8, 8, 3), "float32")).shape
    (1, 8, 8, 4)
    """

    rank = 2


@builtin("keras.layers", aliases=("Convolution3D",))
class Conv3D(_Conv):
    """Convolve volumes with a kernel, add a bias, apply an activation.

    Shapes: the input is `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
    `data_format="channels_first"`; the kernel is `(*kernel_size, channels / groups, filters)`; the output has `filters`
    channels and, padded "same", ceil(size / stride) positions along an axis.

    Args:
        filters: number of channels of the output.
        kernel_size: depth, height and width of the kernel, one number or three.
        strides: voxels from one position of the kernel to the next, one number or three.
        padding: "valid" keeps the kernel inside, "same" adds zeros around.
        data_format: "channels_last" or "channels_first"; None is `config.image_data_format()`.
        dilation_rate: voxels from one element of the kernel to the next, one number or three.
        groups: number of groups of channels, each convolved with its own share of the filters.
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
        ArgumentError: if an argument is not one of those allowed, or filters do not split into groups.
        ShapeError: when called, if the input has other axes, channels that do not split, or is smaller than the kernel.

    >>> Conv3D(4, 3)(np.ones((1, 4, 4, 4, 1), "float32")).shape
    (1, 2, 2, 2, 4)
    """

    rank = 3


Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution3D = Conv3D
