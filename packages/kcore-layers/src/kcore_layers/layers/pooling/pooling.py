"""Pooling of sequences, images and volumes: the largest element, or the mean, of each of a grid of windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Unpack

import kcore_ops as ops
from kcore_ops import config
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import one_of, pair

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import DataFormat, LayerOptionsBesideName, Padding, Sizes
from kcore_layers.serialization.registry import builtin

__all__ = ["AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "AvgPool1D", "AvgPool2D", "AvgPool3D",
           "MaxPool1D", "MaxPool2D", "MaxPool3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D"]  # fmt: skip


class _Pooling(Layer):
    """Pooling along one to three axes.

    Attributes:
        rank: number of spatial axes.
        pool: the op.
    """

    rank: ClassVar[int]
    pool: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        pool_size: Sizes,
        strides: Sizes | None = None,
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        name: str | None = None,
        **kwargs: Unpack[LayerOptionsBesideName],
    ) -> None:
        super().__init__(name=name, **kwargs)
        try:
            self.pool_size = pair(pool_size, self.rank, "pool_size")
            self.strides = self.pool_size if strides is None else pair(strides, self.rank, "strides")
            self.padding = one_of(
                "padding", padding.lower() if isinstance(padding, str) else padding, ("valid", "same")
            )
            self.data_format = config.standardize_data_format(data_format)
        except ArgumentError as error:
            raise error.at(type(self).__name__) from None
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the result of each window.

        Args:
            inputs: tensor with a batch axis, spatial axes and one of channels, as `data_format` says.
        """
        return type(self).pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = ("pool_size", "padding", "strides", "data_format")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


class _MaxPooling(_Pooling):
    """Pooling by the maximum; windows of two by default."""

    pool = staticmethod(ops.max_pool)

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        name: str | None = None,
        **kwargs: Unpack[LayerOptionsBesideName],
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


class _AveragePooling(_Pooling):
    """Pooling by the mean of the elements inside the tensor."""

    pool = staticmethod(ops.average_pool)


@builtin("keras.layers", aliases=("MaxPool1D",))
class MaxPooling1D(_MaxPooling):
    """Take the largest element of each window of sequences, channel by channel.

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with
    `data_format="channels_first"`; along a spatial axis the output has (size - pool_size) // stride + 1 elements, or
    ceil(size / stride) padded "same".

    Args:
        pool_size: int, steps that a window covers; 2.
        strides: int, steps from one window to the next; None is `pool_size`: side by side.
        padding: "valid" keeps windows inside, "same" lets them reach over the edges; "valid".
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        name: string, the layer's name; None makes one from the class's.
        **kwargs: `activity_regularizer`, `autocast`, `dtype` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, or a window does not fit.

    >>> MaxPooling1D()(np.array([[[1.0], [3.0], [2.0], [0.0]]], "float32")).ravel()
    array([3., 2.], dtype=float32)
    """

    rank = 1


@builtin("keras.layers", aliases=("MaxPool2D",))
class MaxPooling2D(_MaxPooling):
    """Take the largest element of each window of images, channel by channel.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; along a spatial axis the output has (size - pool_size) // stride + 1 elements, or
    ceil(size / stride) padded "same".

    Args:
        pool_size: int, or one for each of height and width, pixels that a window covers; 2.
        strides: int, or one for each of height and width, pixels from one window to the next; None is `pool_size`: side
            by side.
        padding: "valid" keeps windows inside, "same" lets them reach over the edges; "valid".
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        name: string, the layer's name; None makes one from the class's.
        **kwargs: `activity_regularizer`, `autocast`, `dtype` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, or a window does not fit.

    >>> MaxPooling2D()(np.ones((1, 8, 8, 3), "float32")).shape
    (1, 4, 4, 3)
    """

    rank = 2


@builtin("keras.layers", aliases=("MaxPool3D",))
class MaxPooling3D(_MaxPooling):
    """Take the largest element of each window of volumes, channel by channel.

    Shapes: the input is `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
    `data_format="channels_first"`; along a spatial axis the output has (size - pool_size) // stride + 1 elements, or
    ceil(size / stride) padded "same".

    Args:
        pool_size: int, or one for each of depth, height and width, voxels that a window covers; 2.
        strides: int, or one for each of depth, height and width, voxels from one window to the next; None is
            `pool_size`: side by side.
        padding: "valid" keeps windows inside, "same" lets them reach over the edges; "valid".
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        name: string, the layer's name; None makes one from the class's.
        **kwargs: `activity_regularizer`, `autocast`, `dtype` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, or a window does not fit.

    >>> MaxPooling3D()(np.ones((1, 8, 8, 8, 3), "float32")).shape
    (1, 4, 4, 4, 3)
    """

    rank = 3


@builtin("keras.layers", aliases=("AvgPool1D",))
class AveragePooling1D(_AveragePooling):
    """Average each window of sequences, channel by channel, over its elements inside the tensor.

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with
    `data_format="channels_first"`; along a spatial axis the output has (size - pool_size) // stride + 1 elements, or
    ceil(size / stride) padded "same".

    Args:
        pool_size: int, steps that a window covers.
        strides: int, steps from one window to the next; None is `pool_size`: side by side.
        padding: "valid" keeps windows inside, "same" lets them reach over the edges; "valid".
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        name: string, the layer's name; None makes one from the class's.
        **kwargs: `activity_regularizer`, `autocast`, `dtype` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, or a window does not fit.

    >>> AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]], "float32")).ravel()
    array([2., 1.], dtype=float32)
    """

    rank = 1


@builtin("keras.layers", aliases=("AvgPool2D",))
class AveragePooling2D(_AveragePooling):
    """Average each window of images, channel by channel, over its elements inside the tensor.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; along a spatial axis the output has (size - pool_size) // stride + 1 elements, or
    ceil(size / stride) padded "same".

    Args:
        pool_size: int, or one for each of height and width, pixels that a window covers.
        strides: int, or one for each of height and width, pixels from one window to the next; None is `pool_size`: side
            by side.
        padding: "valid" keeps windows inside, "same" lets them reach over the edges; "valid".
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        name: string, the layer's name; None makes one from the class's.
        **kwargs: `activity_regularizer`, `autocast`, `dtype` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, or a window does not fit.

    >>> AveragePooling2D(2)(np.ones((1, 8, 8, 3), "float32")).shape
    (1, 4, 4, 3)
    """

    rank = 2


@builtin("keras.layers", aliases=("AvgPool3D",))
class AveragePooling3D(_AveragePooling):
    """Average each window of volumes, channel by channel, over its elements inside the tensor.

    Shapes: the input is `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
    `data_format="channels_first"`; along a spatial axis the output has (size - pool_size) // stride + 1 elements, or
    ceil(size / stride) padded "same".

    Args:
        pool_size: int, or one for each of depth, height and width, voxels that a window covers.
        strides: int, or one for each of depth, height and width, voxels from one window to the next; None is
            `pool_size`: side by side.
        padding: "valid" keeps windows inside, "same" lets them reach over the edges; "valid".
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        name: string, the layer's name; None makes one from the class's.
        **kwargs: `activity_regularizer`, `autocast`, `dtype` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, or a window does not fit.

    >>> AveragePooling3D(2)(np.ones((1, 8, 8, 8, 3), "float32")).shape
    (1, 4, 4, 4, 3)
    """

    rank = 3


MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
