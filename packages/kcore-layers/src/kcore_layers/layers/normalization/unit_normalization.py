"""`UnitNormalization`: vectors of length one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor

from kcore_layers.base.layer import Layer
from kcore_layers.layers.normalization.wide_inputs import casts_inputs, computed_wide
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.options.weight_options import checked_axes
from kcore_layers.serialization.registry import builtin

__all__ = ["UnitNormalization"]


@builtin("keras.layers")
class UnitNormalization(Layer):
    """Divide the vectors along `axis` by their length; those shorter than 1e-6 by 1e-6, so that zero stays zero.

    Shapes: the output is shaped like the input. Where the layer computes in float16 or bfloat16, inputs are normalized
    in float32 and the result is rounded.

    Args:
        axis: int or ints, the axes of the vectors; -1, the last.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `axis` is no axis.
        ShapeError: when called, if there is no such axis.

    >>> UnitNormalization()(np.array([[3.0, 4.0]], "float32"))
    array([[0.6, 0.8]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.autocast = casts_inputs(self, self.autocast)
        self.axis = checked_axes(self, "axis", axis)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return the normalized vectors.

        Args:
            inputs: tensor of any shape.
        """
        if self.autocast:
            return ops.normalize(inputs, self.axis, order=2, epsilon=1e-6)
        return computed_wide(self, inputs, lambda x: ops.normalize(x, self.axis, order=2, epsilon=1e-6))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "axis": self.axis if isinstance(self.axis, int) else list(self.axis)}
