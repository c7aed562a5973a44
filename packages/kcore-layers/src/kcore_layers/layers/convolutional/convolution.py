"""`Conv1D`, `Conv2D` and `Conv3D`: a kernel slides over a sequence, an image or a volume."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Unpack

import kcore_ops as ops
from kcore_ops import config
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import one_of, pair

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.options import activations
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
from kcore_layers.options.weight_options import checked_count, config_of, known_size, options_of, set_options
from kcore_layers.serialization.registry import builtin
from kcore_layers.weights.replaceable import Adaptable

__all__ = ["Conv1D", "Conv2D", "Conv3D", "Convolution1D", "Convolution2D", "Convolution3D"]


class SlidingKernel(Layer):
    """Base of the convolutions: the window, where it stands, and what follows.

    Attributes:
        rank: number of spatial axes.
        paddings: the names of paddings there are.
    """

    rank: ClassVar[int]
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    use_bias: bool
    activation: Any
    kernel: Any  # a Variable, once it is built

    def set_window(
        self,
        kernel_size: Sizes,
        strides: Sizes,
        padding: Padding | Literal["causal"],
        data_format: DataFormat | None,
        dilation_rate: Sizes,
    ) -> None:
        """Set where the kernel stands.

        Args:
            kernel_size: int, or one for each spatial axis: what the kernel covers.
            strides: int, or one for each: from one position to the next.
            padding: one of `paddings`, in any case of letters.
            data_format: "channels_last", "channels_first" or None for `config.image_data_format()`.
            dilation_rate: int, or one for each: from one element of the kernel to the next.

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

    def set_channels(self, input_shape: Shape) -> int:
        """Return the number of channels of inputs, and ask for it from now on.

        Args:
            input_shape: sizes of the inputs, the batch included.
        """
        if len(input_shape) != self.rank + 2:
            raise ShapeError(
                f"the input has shape {tuple(input_shape)}: it must have {self.rank + 2} axes",
                fix=f"pass a batch axis, {self.rank} spatial ones and one of channels",
            )
        channels = known_size(input_shape, self.channel_axis)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self.channel_axis: channels})
        return channels

    def add_bias(self, size: int) -> None:
        """Make the bias if `use_bias`; set it to None otherwise.

        Args:
            size: int, number of channels of the output.
        """
        self.bias = self.add_weight(shape=(size,), **options_of(self, "bias")) if self.use_bias else None
        self._bias_shape = (1, size, *(1,) * self.rank) if self.channel_axis == 1 else None

    def finish(self, x: Tensor) -> Any:
        """Add the bias and apply the activation.

        Args:
            x: tensor, the output of the convolution.
        """
        if self.bias is not None:
            x = ops.add(x, self.bias if self._bias_shape is None else ops.reshape(self.bias, self._bias_shape))
        return self.activated(x)

    def activated(self, x: Tensor) -> Any:
        """Apply the activation.

        Args:
            x: tensor, the output of the convolution with its bias.
        """
        activation = self.activation
        return x if activation is None or activation is activations.linear else activation(x)


class _Conv(SlidingKernel, Adaptable):
    """Convolution along one to three axes."""

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Padding | Literal["causal"] = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: Sizes = 1,
        groups: int = 1,
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
        **kwargs: Unpack[LayerOptionsBesideRegularizer],
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
        self.set_adapter(lora_rank, lora_alpha)
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
        channels = self.set_channels(input_shape)
        if channels % self.groups:
            raise ShapeError(
                f"the input has {channels} channels, which do not split into {self.groups} groups",
                fix="let groups be a divisor of the number of channels",
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self.add_weight(shape=shape, **options_of(self, "kernel"))
        self.add_bias(self.filters)

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Any:
        """Convolve inputs with a kernel, without bias and activation. Override it for another kind of product.

        Args:
            inputs: tensor with a batch axis, spatial axes and one of channels, as `data_format` says.
            kernel: tensor `(*kernel_size, channels / groups, filters)`.
        """
        return ops.conv(*self._padded(inputs, kernel))

    def _padded(self, inputs: Tensor, kernel: Tensor, *bias: Tensor) -> tuple[Any, ...]:
        """Return the arguments of the op."""
        return inputs, kernel, *bias, self.strides, self.padding, self.data_format, self.dilation_rate

    def call(self, inputs: Tensor) -> Tensor:
        """Return `activation(conv(inputs, kernel) + bias)`.

        Args:
            inputs: tensor with a batch axis, spatial axes and one of channels, as `data_format` says.
        """
        if self.bias is None or type(self).convolution_op is not _Conv.convolution_op:
            return self.finish(self.convolution_op(inputs, self.kernel))
        return self.activated(ops.biased_conv(*self._padded(inputs, self.kernel, self.bias)))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS), **self._config_of_adapter()}


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
        filters: int, number of channels of the output.
        kernel_size: int, steps that the kernel covers.
        strides: int, steps from one position of the kernel to the next; 1.
        padding: "valid" keeps the kernel inside; "same" adds zeros around; "causal" adds zeros before, so that no
            output depends on a later input; "valid".
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        dilation_rate: int, steps from one element of the kernel to the next; 1.
        groups: int, number of groups of channels, each convolved with its own share of the filters; 1.
        activation: function of the output, its name or config; None is the identity.
        use_bias: bool, whether a bias is added; True.
        kernel_initializer: initializer, its name or config, of the `(kernel_size, channels / groups, filters)` kernel;
            Glorot uniform.
        bias_initializer: initializer, its name or config, of the `(filters,)` bias; zeros.
        kernel_regularizer: regularizer, its name or config, of the kernel; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel after each update; None sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        lora_rank: int, the rank of the adapter that the kernel gets, as `enable_lora` adds it; None, it gets none.
        lora_alpha: float, by which the adapter is multiplied, after a division by the rank; None, the rank.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed, or filters do not split into groups.
        ShapeError: when called, if the input has other axes, channels that do not split, or is smaller than the kernel.

    >>> layer = Conv1D(1, 2, padding="causal", kernel_initializer="ones")
    >>> layer(np.array([[[1.0], [2.0], [4.0]]], "float32")).ravel()
    array([1., 3., 6.], dtype=float32)
    """

    rank = 1
    paddings = ("valid", "same", "causal")

    def _padded(self, inputs: Tensor, kernel: Tensor, *bias: Tensor) -> tuple[Any, ...]:
        if self.padding != "causal":
            return super()._padded(inputs, kernel, *bias)
        before = (self.kernel_size[0] - 1) * self.dilation_rate[0]
        time = (before, 0)
        widths = ((0, 0), (0, 0), time) if self.channel_axis == 1 else ((0, 0), time, (0, 0))
        return ops.pad(inputs, widths), kernel, *bias, self.strides, "valid", self.data_format, self.dilation_rate


@builtin("keras.layers", aliases=("Convolution2D",))
class Conv2D(_Conv):
    """Convolve images with a kernel, add a bias, apply an activation.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; the kernel is `(*kernel_size, channels / groups, filters)`; the output has `filters`
    channels and, padded "same", ceil(size / stride) positions along an axis.

    Args:
        filters: int, number of channels of the output.
        kernel_size: int, or one for each of height and width, pixels that the kernel covers.
        strides: int, or one for each of height and width, pixels from one position of the kernel to the next; 1.
        padding: "valid" keeps the kernel inside, "same" adds zeros around; "valid".
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        dilation_rate: int, or one for each of height and width, pixels from one element of the kernel to the next; 1.
        groups: int, number of groups of channels, each convolved with its own share of the filters; 1.
        activation: function of the output, its name or config; None is the identity.
        use_bias: bool, whether a bias is added; True.
        kernel_initializer: initializer, its name or config, of the `(*kernel_size, channels / groups, filters)` kernel;
            Glorot uniform.
        bias_initializer: initializer, its name or config, of the `(filters,)` bias; zeros.
        kernel_regularizer: regularizer, its name or config, of the kernel; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel after each update; None sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        lora_rank: int, the rank of the adapter that the kernel gets, as `enable_lora` adds it; None, it gets none.
        lora_alpha: float, by which the adapter is multiplied, after a division by the rank; None, the rank.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

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
        filters: int, number of channels of the output.
        kernel_size: int, or one for each of depth, height and width, voxels that the kernel covers.
        strides: int, or one for each of depth, height and width, voxels from one position of the kernel to the next; 1.
        padding: "valid" keeps the kernel inside, "same" adds zeros around; "valid".
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        dilation_rate: int, or one for each of depth, height and width, voxels from one element of the kernel to the
            next; 1.
        groups: int, number of groups of channels, each convolved with its own share of the filters; 1.
        activation: function of the output, its name or config; None is the identity.
        use_bias: bool, whether a bias is added; True.
        kernel_initializer: initializer, its name or config, of the `(*kernel_size, channels / groups, filters)` kernel;
            Glorot uniform.
        bias_initializer: initializer, its name or config, of the `(filters,)` bias; zeros.
        kernel_regularizer: regularizer, its name or config, of the kernel; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel after each update; None sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        lora_rank: int, the rank of the adapter that the kernel gets, as `enable_lora` adds it; None, it gets none.
        lora_alpha: float, by which the adapter is multiplied, after a division by the rank; None, the rank.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

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
