"""`Reshape`: other axes after the batch, with the same elements in the same order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.serialization.registry import builtin

__all__ = ["Reshape"]


@builtin("keras.layers")
class Reshape(Layer):
    """Reshape each example.

    Shapes: the input is `(batch, ...)`, the output `(batch, *target_shape)`.

    Args:
        target_shape: int or ints, sizes without the batch; -1, at most once, is computed from the others.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a size is not an integer, or more than one is -1.
        ShapeError: when called, if the numbers of elements differ.

    >>> Reshape((3, -1))(np.ones((2, 12), "float32")).shape
    (2, 3, 4)
    """

    def __init__(self, target_shape: int | Sequence[int], **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        sizes = tuple(target_shape) if isinstance(target_shape, Sequence) else (target_shape,)
        if (
            any(isinstance(size, bool) or not hasattr(size, "__index__") or size < -1 for size in sizes)
            or sizes.count(-1) > 1
        ):
            raise ArgumentError(
                f"target_shape can not be {target_shape!r}", fix="pass sizes without the batch, at most one of them -1"
            ).at("Reshape")
        self.target_shape = tuple(int(size) for size in sizes)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the reshaped tensor.

        Args:
            inputs: tensor `(batch, ...)`.
        """
        target = self.target_shape
        batch, *sizes = ops.shape(inputs)
        if -1 in target and all(type(size) is int for size in sizes):
            # Worked out here, so that it is known even where the batch is not.
            rest = math.prod(size for size in target if size != -1)
            if rest and math.prod(sizes) % rest == 0:
                target = tuple(math.prod(sizes) // rest if size == -1 else size for size in target)
        return ops.reshape(inputs, (batch, *target))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "target_shape": self.target_shape}
