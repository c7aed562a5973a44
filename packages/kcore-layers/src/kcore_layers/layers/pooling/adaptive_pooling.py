"""Adaptive pooling: as many windows as are asked for, which cover each spatial axis as evenly as they can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Unpack

import kcore_ops as ops
from kcore_ops import config
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import pair

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import DataFormat, LayerOptions, Sizes
from kcore_layers.serialization.registry import builtin

__all__ = ["AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D", "AdaptiveMaxPooling1D",
           "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D"]  # fmt: skip


class _AdaptivePooling(Layer):
    """Adaptive pooling along one to three axes.

    Attributes:
        rank: number of spatial axes.
        pool: the op.
    """

    rank: ClassVar[int]
    pool: ClassVar[Callable[..., Any]]

    def __init__(
        self, output_size: Sizes, data_format: DataFormat | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**kwargs)
        try:
            self.output_size = pair(output_size, self.rank, "output_size")
            self.data_format = config.standardize_data_format(data_format)
        except ArgumentError as error:
            raise error.at(type(self).__name__) from None
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the result of each window.

        Args:
            inputs: tensor with a batch axis, spatial axes and one of channels, as `data_format` says.
        """
        return type(self).pool(inputs, self.output_size, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "output_size": self.output_size, "data_format": self.data_format}


@builtin("keras.layers")
class AdaptiveAveragePooling1D(_AdaptivePooling):
    """Average each of `output_size` windows of sequences, channel by channel.

    Of `n` elements window `i` of `m` holds those from floor(i n / m) to before ceil((i + 1) n / m).

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with
    `data_format="channels_first"`; the output has `output_size` in place of the spatial sizes.

    Args:
        output_size: int, number of windows.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, or nothing along one.

    >>> AdaptiveAveragePooling1D(2)(np.ones((1, 5, 3), "float32")).shape
    (1, 2, 3)
    """

    rank = 1
    pool = staticmethod(ops.adaptive_average_pool)


@builtin("keras.layers")
class AdaptiveAveragePooling2D(_AdaptivePooling):
    """Average each of `output_size` windows of images, channel by channel.

    Of `n` elements window `i` of `m` holds those from floor(i n / m) to before ceil((i + 1) n / m).

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; the output has `output_size` in place of the spatial sizes.

    Args:
        output_size: int, or one for each of height and width, number of windows.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, or nothing along one.

    >>> AdaptiveAveragePooling2D(2)(np.ones((1, 5, 5, 3), "float32")).shape
    (1, 2, 2, 3)
    """

    rank = 2
    pool = staticmethod(ops.adaptive_average_pool)


@builtin("keras.layers")
class AdaptiveAveragePooling3D(_AdaptivePooling):
    """Average each of `output_size` windows of volumes, channel by channel.

    Of `n` elements window `i` of `m` holds those from floor(i n / m) to before ceil((i + 1) n / m).

    Shapes: the input is `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
    `data_format="channels_first"`; the output has `output_size` in place of the spatial sizes.

    Args:
        output_size: int, or one for each of depth, height and width, number of windows.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, or nothing along one.

    >>> AdaptiveAveragePooling3D(2)(np.ones((1, 5, 5, 5, 3), "float32")).shape
    (1, 2, 2, 2, 3)
    """

    rank = 3
    pool = staticmethod(ops.adaptive_average_pool)


@builtin("keras.layers")
class AdaptiveMaxPooling1D(_AdaptivePooling):
    """Take the largest element of each of `output_size` windows of sequences, channel by channel.

    Of `n` elements window `i` of `m` holds those from floor(i n / m) to before ceil((i + 1) n / m).

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with
    `data_format="channels_first"`; the output has `output_size` in place of the spatial sizes.

    Args:
        output_size: int, number of windows.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, or nothing along one.

    >>> AdaptiveMaxPooling1D(2)(np.ones((1, 5, 3), "float32")).shape
    (1, 2, 3)
    """

    rank = 1
    pool = staticmethod(ops.adaptive_max_pool)


@builtin("keras.layers")
class AdaptiveMaxPooling2D(_AdaptivePooling):
    """Take the largest element of each of `output_size` windows of images, channel by channel.

    Of `n` elements window `i` of `m` holds those from floor(i n / m) to before ceil((i + 1) n / m).

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; the output has `output_size` in place of the spatial sizes.

    Args:
        output_size: int, or one for each of height and width, number of windows.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, or nothing along one.

    >>> AdaptiveMaxPooling2D(2)(np.ones((1, 5, 5, 3), "float32")).shape
    (1, 2, 2, 3)
    """

    rank = 2
    pool = staticmethod(ops.adaptive_max_pool)


@builtin("keras.layers")
class AdaptiveMaxPooling3D(_AdaptivePooling):
    """Take the largest element of each of `output_size` windows of volumes, channel by channel.

    Of `n` elements window `i` of `m` holds those from floor(i n / m) to before ceil((i + 1) n / m).

    Shapes: the input is `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
    `data_format="channels_first"`; the output has `output_size` in place of the spatial sizes.

    Args:
        output_size: int, or one for each of depth, height and width, number of windows.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ShapeError: when called, if the input has other axes, or nothing along one.

    >>> AdaptiveMaxPooling3D(2)(np.ones((1, 5, 5, 5, 3), "float32")).shape
    (1, 2, 2, 2, 3)
    """

    rank = 3
    pool = staticmethod(ops.adaptive_max_pool)
