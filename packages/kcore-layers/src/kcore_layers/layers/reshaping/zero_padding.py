"""`ZeroPadding1D`, `2D` and `3D`: zeros around the spatial axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

import kcore_ops as ops
from kcore_ops import config
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import DataFormat, LayerOptions
from kcore_layers.serialization.registry import builtin

__all__ = ["ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"]


def end_pairs(layer: Layer, name: str, value: Any, rank: int) -> tuple[tuple[int, int], ...]:
    """Return the pair (before, after) of each of two or three axes, from one number, one for each axis, or the pairs.

    Args:
        layer: layer that the error names.
        name: string, the name of the argument.
        value: what was passed.
        rank: int, number of axes.

    Raises:
        ArgumentError: if it is none of these, or a number is negative.
    """
    each = tuple(value) if isinstance(value, Sequence) else (value,) * rank
    pairs = tuple(tuple(ends) if isinstance(ends, Sequence) else (ends, ends) for ends in each)
    is_fine = len(pairs) == rank and all(len(ends) == 2 and all(is_count(n) for n in ends) for ends in pairs)
    if not is_fine:
        raise ArgumentError(
            f"{name} can not be {value!r}",
            fix=f"pass a number from 0, {rank} of them, or {rank} pairs (before, after)",
        ).at(type(layer).__name__)
    return tuple((int(before), int(after)) for before, after in pairs)


def ends(layer: Layer, name: str, value: Any) -> tuple[int, int]:
    """Return the pair (before, after) of one axis, from a number for both ends or the pair.

    Args:
        layer: layer that the error names.
        name: string, the name of the argument.
        value: what was passed.

    Raises:
        ArgumentError: if it is neither, or a number is negative.
    """
    pair = tuple(value) if isinstance(value, Sequence) else (value, value)
    if len(pair) != 2 or not all(is_count(n) for n in pair):
        raise ArgumentError(f"{name} can not be {value!r}", fix="pass a number from 0, or two: (before, after)").at(
            type(layer).__name__
        )
    return int(pair[0]), int(pair[1])


def is_count(value: Any) -> bool:
    """Return whether something is an integer from 0.

    Args:
        value: anything.
    """
    return hasattr(value, "__index__") and not isinstance(value, bool) and value >= 0


class _ZeroPadding(Layer):
    """Padding of spatial axes with zeros."""

    rank: ClassVar[int]
    padding: Any

    def set_padding(self, padding: tuple[tuple[int, int], ...], data_format: DataFormat | None) -> None:
        """Set the pair (before, after) of each spatial axis, and the layout.

        Args:
            padding: pair (before, after) for each spatial axis.
            data_format: "channels_last", "channels_first" or None for `config.image_data_format()`.
        """
        self.data_format = config.standardize_data_format(data_format)
        none = (0, 0)
        is_first = self.data_format == "channels_first"
        self._widths = (none, none, *padding) if is_first else (none, *padding, none)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the padded tensor.

        Args:
            inputs: tensor with a batch axis, spatial axes and one of channels, as `data_format` says.
        """
        return ops.pad(inputs, self._widths)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}


@builtin("keras.layers")
class ZeroPadding1D(_ZeroPadding):
    """Add zeros before and after sequences.

    Shapes: the input is `(batch, time, channels)`, or `(batch, channels, time)` with `data_format="channels_first"`.

    Args:
        padding: int, number of steps at both ends, or two, before and after; 1 at both.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `padding` is no such number or pair.

    >>> ZeroPadding1D((1, 0))(np.ones((1, 2, 1), "float32")).ravel()
    array([0., 1., 1.], dtype=float32)
    """

    rank = 1

    def __init__(
        self, padding: int | Sequence[int] = 1, data_format: DataFormat | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**kwargs)
        self.padding = ends(self, "padding", padding)
        self.set_padding((self.padding,), data_format)


@builtin("keras.layers")
class ZeroPadding2D(_ZeroPadding):
    """Add zeros around images.

    Shapes: the input is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"`.

    Args:
        padding: int, number of pixels at all ends; or two, one for each of height and width; or two pairs (before,
            after); 1 at all.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `padding` is none of these.

    >>> ZeroPadding2D(((1, 0), (0, 2)))(np.ones((1, 4, 4, 3), "float32")).shape
    (1, 5, 6, 3)
    """

    rank = 2

    def __init__(
        self,
        padding: int | Sequence[int | Sequence[int]] = (1, 1),
        data_format: DataFormat | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.padding = end_pairs(self, "padding", padding, 2)
        self.set_padding(self.padding, data_format)


@builtin("keras.layers")
class ZeroPadding3D(_ZeroPadding):
    """Add zeros around volumes.

    Shapes: the input is `(batch, depth, height, width, channels)`, or `(batch, channels, depth, height, width)` with
    `data_format="channels_first"`.

    Args:
        padding: int, number of voxels at all ends; or three, one for each of depth, height and width; or three pairs
            (before, after); 1 at all.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `padding` is none of these.

    >>> ZeroPadding3D(1)(np.ones((1, 4, 4, 4, 3), "float32")).shape
    (1, 6, 6, 6, 3)
    """

    rank = 3

    def __init__(
        self,
        padding: int | Sequence[int | Sequence[int]] = ((1, 1), (1, 1), (1, 1)),
        data_format: DataFormat | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.padding = end_pairs(self, "padding", padding, 3)
        self.set_padding(self.padding, data_format)
