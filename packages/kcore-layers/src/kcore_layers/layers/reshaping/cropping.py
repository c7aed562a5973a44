"""`Cropping1D`, `2D` and `3D`: the ends of the spatial axes are cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

import kcore_ops as ops
from kcore_ops import config
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.specs.shapes import show_shape

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.layers.reshaping.zero_padding import end_pairs, ends
from kcore_layers.options.argument_types import DataFormat, LayerOptions
from kcore_layers.serialization.registry import builtin

__all__ = ["Cropping1D", "Cropping2D", "Cropping3D"]


class _Cropping(Layer):
    """Cropping of spatial axes."""

    rank: ClassVar[int]
    cropping: Any

    def set_cropping(self, cropping: tuple[tuple[int, int], ...], data_format: str) -> None:
        """Set the pair (before, after) of each spatial axis, and the layout.

        Args:
            cropping: pair (before, after) for each spatial axis.
            data_format: "channels_last" or "channels_first".
        """
        self._first = 2 if data_format == "channels_first" else 1
        self._cropped = cropping
        self._key = (*(slice(None),) * self._first, *(slice(before, -after or None) for before, after in cropping))
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Tensor) -> Tensor:
        """Return what is left of the inputs.

        Args:
            inputs: tensor with a batch axis, spatial axes and one of channels, as `data_format` says.
        """
        for axis, (before, after) in enumerate(self._cropped, self._first):
            size = inputs.shape[axis]
            if isinstance(size, int) and before + after >= size:
                raise ShapeError(
                    f"cropping {before} before and {after} after leaves nothing of axis {axis}: the input has shape "
                    f"{show_shape(inputs.shape)}",
                    fix="crop less, or pass a larger input",
                )
        return ops.get_item(inputs, self._key)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "cropping": self.cropping}


@builtin("keras.layers")
class Cropping1D(_Cropping):
    """Cut off both ends of sequences.

    Shapes: the input is `(batch, time, channels)`.

    Args:
        cropping: int, number of steps at both ends, or two, before and after; 1 at both.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `cropping` is no such number or pair.
        ShapeError: when called, if nothing is left.

    >>> Cropping1D((1, 0))(np.array([[[1.0], [2.0], [3.0]]], "float32")).ravel()
    array([2., 3.], dtype=float32)
    """

    rank = 1

    def __init__(self, cropping: int | Sequence[int] = (1, 1), **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.cropping = ends(self, "cropping", cropping)
        self.set_cropping((self.cropping,), "channels_last")


class _CroppingOfImages(_Cropping):
    """Cropping of images or volumes in either layout."""

    def __init__(
        self,
        cropping: int | Sequence[int | Sequence[int]],
        data_format: DataFormat | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.cropping = end_pairs(self, "cropping", cropping, self.rank)
        self.set_cropping(self.cropping, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "data_format": self.data_format}


@builtin("keras.layers")
class Cropping2D(_CroppingOfImages):
    """Cut off the edges of images.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`.

    Args:
        cropping: int, number of pixels at all ends; or two, one for each of height and width; or two pairs (before,
            after); 0 at all.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `cropping` is none of these.
        ShapeError: when called, if nothing is left.

    >>> Cropping2D(((1, 0), (1, 2)))(np.ones((1, 4, 4, 3), "float32")).shape
    (1, 3, 1, 3)
    """

    rank = 2

    def __init__(
        self,
        cropping: int | Sequence[int | Sequence[int]] = ((0, 0), (0, 0)),
        data_format: DataFormat | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)


@builtin("keras.layers")
class Cropping3D(_CroppingOfImages):
    """Cut off the faces of volumes.

    Shapes: the input is `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
    `data_format="channels_first"`.

    Args:
        cropping: int, number of voxels at all ends; or three, one for each of depth, height and width; or three pairs
            (before, after); 1 at all.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `cropping` is none of these.
        ShapeError: when called, if nothing is left.

    >>> Cropping3D(1)(np.ones((1, 4, 4, 4, 3), "float32")).shape
    (1, 2, 2, 2, 3)
    """

    rank = 3

    def __init__(
        self,
        cropping: int | Sequence[int | Sequence[int]] = ((1, 1), (1, 1), (1, 1)),
        data_format: DataFormat | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)
