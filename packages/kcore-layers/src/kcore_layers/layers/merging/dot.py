"""`Dot`: products of two tensors, summed along an axis of each, example by example."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import differ, normalize_axis, show_shape

from kcore_layers.layers.merging.merging import Merging
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.serialization.registry import builtin

__all__ = ["Dot", "dot"]


@builtin("keras.layers")
class Dot(Merging):
    """Multiply two tensors and sum along an axis of each, for each example of the batch.

    Shapes: the inputs are `(batch, ...)`; the output has the batch, the other axes of the first and those of the
    second; an axis of size 1 if there are none. It has no mask.

    Args:
        axes: int, the axis, which has the same size in both; or two, one for each.
        normalize: bool, whether vectors along these axes are divided by their length before: the output is their
            cosine; False.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `axes` is neither an axis nor two, or when called, if the inputs are not a list of two.
        ShapeError: when called, if there is no such axis, or the sizes along them differ.

    >>> Dot(axes=1)([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 4.0]], "float32")])
    array([[11.]], dtype=float32)
    """

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        pair = (axes, axes) if isinstance(axes, int) else tuple(axes) if isinstance(axes, Sequence) else ()
        if len(pair) != 2 or any(not hasattr(axis, "__index__") or axis == 0 for axis in pair):
            raise ArgumentError(
                f"axes can not be {axes!r}", fix="pass one axis, or one for each input; not 0, the batch"
            ).at("Dot")
        self.axes = axes if isinstance(axes, int) else pair
        self._pair = pair
        self.normalize = normalize

    def checked_list(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return what belongs to each input, a list.

        Args:
            values: list, for each input its tensor, shape or mask.

        Raises:
            ArgumentError: if there are not two.
        """
        found = super().checked_list(values)
        if len(found) != 2:
            raise ArgumentError(f"two inputs are needed and {len(found)} were given", fix="pass [x, y]")
        return found

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the sums of products.

        Args:
            inputs: list of two tensors.
        """
        x, y = self.checked_list(inputs)
        axes = [normalize_axis(axis, len(t.shape), "axes") for axis, t in zip(self._pair, (x, y), strict=True)]
        if differ(x.shape[axes[0]], y.shape[axes[1]]):
            raise ShapeError(
                f"the inputs have shapes {show_shape(x.shape)} and {show_shape(y.shape)}, with sizes "
                f"{x.shape[axes[0]]} along axis {axes[0]} of the first and {y.shape[axes[1]]} along axis {axes[1]} of "
                "the second",
                fix="pass the axes along which the sizes are the same",
            )
        if self.normalize:
            x, y = (ops.normalize(t, axis, order=2, epsilon=1e-6) for t, axis in zip((x, y), axes, strict=True))
        letters = iter(string.ascii_lowercase)
        batch, summed = next(letters), next(letters)
        x_axes, y_axes = (
            "".join(batch if i == 0 else summed if i == axis else next(letters) for i in range(len(t.shape)))
            for t, axis in zip((x, y), axes, strict=True)
        )
        kept = [letter for letter in x_axes + y_axes if letter not in (batch, summed)]
        result = ops.einsum(f"{x_axes},{y_axes}->{batch}{''.join(kept)}", x, y)
        return result if kept else ops.expand_dims(result, -1)

    def compute_mask(self, inputs: Sequence[Tensor], mask: Sequence[Tensor | None] | None = None) -> Tensor | None:
        """Return None: the output has no mask.

        Args:
            inputs: list of tensors, as `call` takes it.
            mask: list of boolean tensors and None, the masks of the inputs; None, no masks.
        """
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def dot(inputs: Sequence[Tensor], axes: int | Sequence[int] = -1, **kwargs: Unpack[LayerOptions]) -> Tensor:
    """Multiply two tensors and sum along an axis of each by a `Dot` layer.

    Args:
        inputs: list of two tensors.
        axes: int, the axis, which has the same size in both; or two, one for each; -1, the last.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable` of the layer.

    >>> dot([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 4.0]], "float32")], axes=1)
    array([[11.]], dtype=float32)
    """
    return Dot(axes=axes, **kwargs)(inputs)
