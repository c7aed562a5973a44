"""Global pooling: the largest element, or the mean, of each channel."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

import kcore_ops as ops
from kcore_ops import config
from kcore_ops.engine.op import Tensor

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.base.masking import none_without_one
from kcore_layers.options.argument_types import DataFormat, LayerOptions
from kcore_layers.serialization.registry import builtin

__all__ = ["GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalAvgPool1D",
           "GlobalAvgPool2D", "GlobalAvgPool3D", "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPool3D",
           "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D"]  # fmt: skip


class _GlobalPooling(Layer):
    """Global pooling along one to three axes.

    Attributes:
        rank: number of spatial axes.
    """

    rank: ClassVar[int]

    def __init__(
        self, data_format: DataFormat | None = None, keepdims: bool = False, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.keepdims = keepdims
        first = 2 if self.data_format == "channels_first" else 1
        self._axes = tuple(range(first, first + self.rank))
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class _GlobalAveragePooling(_GlobalPooling):
    """Global pooling by the mean."""

    def call(self, inputs: Tensor) -> Tensor:
        """Return the mean of each channel.

        Args:
            inputs: tensor with a batch axis, spatial axes and one of channels, as `data_format` says.
        """
        return ops.mean(inputs, self._axes, keepdims=self.keepdims)


class _GlobalMaxPooling(_GlobalPooling):
    """Global pooling by the maximum."""

    def call(self, inputs: Tensor) -> Tensor:
        """Return the largest element of each channel.

        Args:
            inputs: tensor with a batch axis, spatial axes and one of channels, as `data_format` says.
        """
        return ops.max(inputs, self._axes, keepdims=self.keepdims)


@builtin("keras.layers", aliases=("GlobalAvgPool1D",))
class GlobalAveragePooling1D(_GlobalAveragePooling):
    """Average each channel of sequences.

    Steps that a mask, booleans of shape `(batch, time)`, leaves out do not count; with none left the mean is NaN. A
    mask of one axis, the batch, leaves out no steps.

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with
    `data_format="channels_first"`; the output is `(batch, channels)`, or has the spatial axes with size 1.

    Args:
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        keepdims: bool, whether the spatial axes stay, with size 1; False.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if there is no such layout.
        ShapeError: when called, if the input has other axes.

    >>> x = np.array([[[1.0], [3.0], [8.0]]], "float32")
    >>> GlobalAveragePooling1D()(x), GlobalAveragePooling1D()(x, mask=np.array([[True, True, False]]))
    (array([[4.]], dtype=float32), array([[2.]], dtype=float32))
    """

    rank = 1

    def __init__(
        self, data_format: DataFormat | None = None, keepdims: bool = False, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    @none_without_one
    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        """Return None: the steps are gone.

        Args:
            inputs: tensor, as `call` takes it.
            mask: boolean tensor, the mask of the inputs; None. Not used.
        """
        return None

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the mean of each channel, over the steps that the mask keeps.

        Args:
            inputs: tensor `(batch, time, channels)`, or `(batch, channels, time)` with `data_format="channels_first"`.
            mask: boolean tensor `(batch, time)`, False for steps to leave out; None keeps all.
        """
        if mask is None or len(mask.shape) == 1:
            return ops.mean(inputs, self._axes, keepdims=self.keepdims)
        (axis,) = self._axes
        mask = ops.expand_dims(ops.cast(mask, ops.dtype(inputs)), 3 - axis)
        total = ops.sum(ops.multiply(inputs, mask), axis, keepdims=self.keepdims)
        return ops.divide(total, ops.sum(mask, axis, keepdims=self.keepdims))


@builtin("keras.layers", aliases=("GlobalAvgPool2D",))
class GlobalAveragePooling2D(_GlobalAveragePooling):
    """Average each channel of images.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; the output is `(batch, channels)`, or has the spatial axes with size 1.

    Args:
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        keepdims: bool, whether the spatial axes stay, with size 1; False.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if there is no such layout.
        ShapeError: when called, if the input has other axes.

    >>> GlobalAveragePooling2D()(np.ones((1, 2, 2, 3), "float32")).shape
    (1, 3)
    """

    rank = 2


@builtin("keras.layers", aliases=("GlobalAvgPool3D",))
class GlobalAveragePooling3D(_GlobalAveragePooling):
    """Average each channel of volumes.

    Shapes: the input is `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
    `data_format="channels_first"`; the output is `(batch, channels)`, or has the spatial axes with size 1.

    Args:
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        keepdims: bool, whether the spatial axes stay, with size 1; False.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if there is no such layout.
        ShapeError: when called, if the input has other axes.

    >>> GlobalAveragePooling3D()(np.ones((1, 2, 2, 2, 3), "float32")).shape
    (1, 3)
    """

    rank = 3


@builtin("keras.layers", aliases=("GlobalMaxPool1D",))
class GlobalMaxPooling1D(_GlobalMaxPooling):
    """Take the largest element of each channel of sequences.

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with
    `data_format="channels_first"`; the output is `(batch, channels)`, or has the spatial axes with size 1.

    Args:
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        keepdims: bool, whether the spatial axes stay, with size 1; False.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if there is no such layout.
        ShapeError: when called, if the input has other axes.

    >>> GlobalMaxPooling1D()(np.ones((1, 2, 3), "float32")).shape
    (1, 3)
    """

    rank = 1


@builtin("keras.layers", aliases=("GlobalMaxPool2D",))
class GlobalMaxPooling2D(_GlobalMaxPooling):
    """Take the largest element of each channel of images.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; the output is `(batch, channels)`, or has the spatial axes with size 1.

    Args:
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        keepdims: bool, whether the spatial axes stay, with size 1; False.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if there is no such layout.
        ShapeError: when called, if the input has other axes.

    >>> GlobalMaxPooling2D()(np.ones((1, 2, 2, 3), "float32")).shape
    (1, 3)
    """

    rank = 2


@builtin("keras.layers", aliases=("GlobalMaxPool3D",))
class GlobalMaxPooling3D(_GlobalMaxPooling):
    """Take the largest element of each channel of volumes.

    Shapes: the input is `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
    `data_format="channels_first"`; the output is `(batch, channels)`, or has the spatial axes with size 1.

    Args:
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        keepdims: bool, whether the spatial axes stay, with size 1; False.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if there is no such layout.
        ShapeError: when called, if the input has other axes.

    >>> GlobalMaxPooling3D()(np.ones((1, 2, 2, 2, 3), "float32")).shape
    (1, 3)
    """

    rank = 3


GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
