"""`UpSampling1D`, `2D` and `3D`: sequences, images and volumes made larger by integer factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Unpack, get_args

import kcore_ops as ops
from kcore_ops import config
from kcore_ops.dtypes import at_least_float32, is_float_dtype
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import one_of, pair

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import DataFormat, LayerOptions, Sizes
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.registry import builtin

__all__ = ["UpSampling1D", "UpSampling2D", "UpSampling3D"]

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]


def _repeated(x: Any, first: int, factors: Sequence[int]) -> Any:
    """Repeat each element along axes that follow one another."""
    for axis, factor in enumerate(factors, first):
        if factor > 1:
            sizes = ops.shape(x)
            wide = (*sizes[: axis + 1], factor, *sizes[axis + 1 :])
            x = ops.broadcast_to(ops.expand_dims(x, axis + 1), wide)
            x = ops.reshape(x, (*sizes[:axis], sizes[axis] * factor, *sizes[axis + 1 :]))
    return x


def _interpolated(x: Any, axis: int, factor: int) -> Any:
    """Put elements between those along an axis, on straight lines between the centres of their neighbours."""
    sizes = ops.shape(x)
    widths = [(1, 1) if i == axis else (0, 0) for i in range(len(sizes))]
    around = ops.pad(x, widths, mode="edge")
    key = [slice(None)] * len(sizes)
    key[axis] = slice(0, -2)
    before = ops.get_item(around, tuple(key))
    key[axis] = slice(2, None)
    after = ops.get_item(around, tuple(key))
    parts = []
    for i in range(factor):
        place = (i + 0.5) / factor - 0.5  # from the centre of the element, in units of the input
        neighbour, share = (before, -place) if place < 0 else (after, place)
        parts.append(ops.add(ops.multiply(x, 1.0 - share), ops.multiply(neighbour, share)))
    return ops.reshape(ops.stack(parts, axis + 1), (*sizes[:axis], sizes[axis] * factor, *sizes[axis + 1 :]))


@builtin("keras.layers")
class UpSampling1D(Layer):
    """Repeat each step of a sequence.

    Shapes: the input is `(batch, time, channels)`, the output `(batch, time * size, channels)`.

    Args:
        size: int, number of repetitions of each step; 2.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `size` is not a positive integer.

    >>> UpSampling1D(2)(np.array([[[1.0], [2.0]]], "float32")).ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    def __init__(self, size: int = 2, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.size = checked_count(self, "size", size)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the longer sequence.

        Args:
            inputs: tensor `(batch, time, channels)`.
        """
        return _repeated(inputs, 1, (self.size,))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "size": self.size}


@builtin("keras.layers")
class UpSampling2D(Layer):
    """Make images larger: repeat each pixel, or put others between them on lines or curves.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`; the output has `size` times the height and width. Dtype: integers stay such, the
    nearest ones.

    Args:
        size: int, or one for each of height and width, the factor of the size; 2 for both.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5", how pixels are computed; see the op
            `resize`; "nearest".
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    >>> UpSampling2D((1, 2), interpolation="bilinear")(np.array([[[[0.0], [1.0]]]], "float32")).ravel()
    array([0.  , 0.25, 0.75, 1.  ], dtype=float32)
    """

    def __init__(
        self,
        size: Sizes = (2, 2),
        data_format: DataFormat | None = None,
        interpolation: Interpolation = "nearest",
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        try:
            self.size = pair(size, 2, "size")
            self.data_format = config.standardize_data_format(data_format)
            name = interpolation.lower() if isinstance(interpolation, str) else interpolation
            self.interpolation = one_of("interpolation", name, get_args(Interpolation))
        except ArgumentError as error:
            raise error.at("UpSampling2D") from None
        self._first = 2 if self.data_format == "channels_first" else 1
        self.input_spec = InputSpec(ndim=4)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the larger images.

        Args:
            inputs: tensor `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
                `data_format="channels_first"`.
        """
        if self.interpolation == "nearest":
            return _repeated(inputs, self._first, self.size)
        dtype = ops.dtype(inputs)
        if self.interpolation != "bilinear" or not is_float_dtype(dtype):
            height, width = ops.shape(inputs)[self._first : self._first + 2]
            sizes = (height * self.size[0], width * self.size[1])
            return ops.image.resize(inputs, sizes, self.interpolation, data_format=self.data_format)
        x = ops.cast(inputs, at_least_float32(dtype))
        for axis, factor in enumerate(self.size, self._first):
            x = _interpolated(x, axis, factor) if factor > 1 else x
        return ops.cast(x, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {"size": self.size, "data_format": self.data_format, "interpolation": self.interpolation}
        return {**super().get_config(), **own}


@builtin("keras.layers")
class UpSampling3D(Layer):
    """Repeat each voxel of a volume.

    Shapes: the input is `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
    `data_format="channels_first"`; the output has `size` times the depth, height and width.

    Args:
        size: int, or one for each of depth, height and width, the factor of the size; 2 for all.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    >>> UpSampling3D(2)(np.ones((1, 1, 2, 3, 1), "float32")).shape
    (1, 2, 4, 6, 1)
    """

    def __init__(
        self, size: Sizes = (2, 2, 2), data_format: DataFormat | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**kwargs)
        try:
            self.size = pair(size, 3, "size")
            self.data_format = config.standardize_data_format(data_format)
        except ArgumentError as error:
            raise error.at("UpSampling3D") from None
        self._first = 2 if self.data_format == "channels_first" else 1
        self.input_spec = InputSpec(ndim=5)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the larger volume.

        Args:
            inputs: tensor `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
                `data_format="channels_first"`.
        """
        return _repeated(inputs, self._first, self.size)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}
