"""`Concatenate`: tensors one after the other."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.call import beside
from kcore_ops.engine.op import Tensor
from kcore_ops.specs.shapes import normalize_axis

from kcore_layers.layers.merging.merging import Merging
from kcore_layers.options.argument_types import LayerOptions, Shape
from kcore_layers.serialization.registry import builtin

__all__ = ["Concatenate", "concatenate"]


@builtin("keras.layers")
class Concatenate(Merging):
    """Join tensors, a list of them, along an axis.

    Shapes: the inputs have the same sizes along the other axes. Along an axis that masks have, these are joined too,
    and inputs without count everywhere; along another an element counts if it does in one of the inputs.

    Args:
        axis: int, the axis along which to join; -1, the last.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: when called, if the inputs are not a list.
        ShapeError: when called, if there is no such axis, or the other sizes differ.

    >>> Concatenate()([np.zeros((1, 2), "float32"), np.ones((1, 1), "float32")])
    array([[0., 0., 1.]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that there is a list.

        Args:
            input_shape: list of the sizes of each input, the batch included.
        """
        self.checked_list(input_shape)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the joined tensors.

        Args:
            inputs: list of tensors.
        """
        return ops.concatenate(list(self.checked_list(inputs)), axis=self.axis)

    def compute_mask(self, inputs: Sequence[Tensor], mask: Sequence[Tensor | None] | None = None) -> Tensor | None:
        """Return the joined masks.

        Args:
            inputs: list of tensors, as `call` takes it.
            mask: list of boolean tensors and None, the masks of the inputs; None, no masks.

        Raises:
            ArgumentError: if there is not one mask, or None, for each input.
        """
        found = self.checked_masks(inputs, mask)
        if found is None:
            return None
        # A mask of the features too says whether one of them counts.
        masks = [
            ops.any(each, -1) if each is not None and len(each.shape) == len(x.shape) else each
            for x, each in zip(inputs, found, strict=True)
        ]
        ndim = max(len(each.shape) for each in masks if each is not None)
        axis = normalize_axis(self.axis, len(inputs[0].shape))
        with beside(inputs[0]):
            masks = [_over(each, ops.shape(x)[:ndim]) for x, each in zip(inputs, masks, strict=True)]
        return ops.concatenate(masks, axis=axis) if axis < ndim else functools.reduce(ops.logical_or, masks)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "axis": self.axis}


def _over(mask: Any, shape: Any) -> Any:
    """Broadcast a mask to a shape of more axes; None is True everywhere."""
    if mask is None:
        return ops.ones(shape, dtype="bool")
    axes = (1,) * (len(shape) - len(mask.shape))
    return ops.broadcast_to(ops.reshape(mask, (*ops.shape(mask), *axes)), shape) if axes else mask


def concatenate(inputs: Sequence[Tensor], axis: int = -1, **kwargs: Unpack[LayerOptions]) -> Tensor:
    """Join tensors along an axis by a `Concatenate` layer.

    Args:
        inputs: list of tensors.
        axis: int, the axis along which to join; -1, the last.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable` of the layer.

    >>> concatenate([np.zeros((1, 2), "float32"), np.ones((1, 1), "float32")])
    array([[0., 0., 1.]], dtype=float32)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)
