"""`Softmax`: exponentials that sum to one, of the elements that count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.dtypes import limits
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.specs.shapes import differ, show_shape

from kcore_layers.base.layer import Layer
from kcore_layers.layers.normalization.wide_inputs import casts_inputs, computed_wide
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.options.weight_options import checked_axes
from kcore_layers.serialization.registry import builtin

__all__ = ["Softmax"]


@builtin("keras.layers")
class Softmax(Layer):
    """Divide the exponentials of the elements by their sum along an axis.

    Shapes: the output is shaped like the input. A mask, booleans whose shape broadcasts to that of the input, leaves
    out elements: the output is 0 there, and everywhere along the axis if nothing is left.

    Args:
        axis: int or ints, the axis along which the output sums to 1; -1, the last. None is all axes.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `axis` is none of these.
        ShapeError: when called, if there is no such axis, or the mask does not broadcast to the input.

    >>> Softmax()(np.zeros((1, 2), "float32"), mask=np.array([[True, False]]))
    array([[1., 0.]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] | None = -1, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.autocast = casts_inputs(self, self.autocast)
        self.axis = None if axis is None else checked_axes(self, "axis", axis)
        self.supports_masking = True

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return numbers from 0 to 1, which sum to 1 along `axis`.

        Args:
            inputs: tensor of any shape.
            mask: boolean tensor that broadcasts to the inputs, False for elements to leave out; None.
        """
        if mask is None and self.autocast:
            return ops.softmax(inputs, self.axis)
        if mask is not None:
            self._check(mask, inputs)
        if self.autocast:
            return self._normalized(inputs, mask)
        return computed_wide(self, inputs, lambda x: self._normalized(x, mask))

    def _normalized(self, inputs: Any, mask: Any) -> Any:
        if mask is None:
            return ops.softmax(inputs, self.axis)
        least = limits(ops.dtype(inputs))[0]
        y = ops.softmax(ops.where(mask, inputs, least), self.axis)
        return ops.where(mask, y, 0)

    def _check(self, mask: Any, inputs: Any) -> None:
        sizes, given = tuple(inputs.shape), tuple(mask.shape)
        aligned = zip(reversed(given), reversed(sizes), strict=False)
        if len(given) > len(sizes) or any(one != 1 and differ(one, size) for one, size in aligned):
            raise ShapeError(
                f"a mask of shape {show_shape(given)} does not broadcast to the input's shape {show_shape(sizes)}",
                fix="add axes of size 1 to the mask, for example with ops.expand_dims(mask, -1)",
            )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "axis": list(self.axis) if isinstance(self.axis, tuple) else self.axis}
