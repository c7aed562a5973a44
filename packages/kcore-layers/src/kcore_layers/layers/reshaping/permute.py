"""`Permute`: axes in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.serialization.registry import builtin

__all__ = ["Permute"]


@builtin("keras.layers")
class Permute(Layer):
    """Put the axes after the batch into another order.

    Shapes: axis `i` of the output is axis `dims[i - 1]` of the input; axis 0 is the batch.

    Args:
        dims: ints, the axes of the input from 1, each once, in the order of the output.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `dims` does not hold each number from 1 once.

    >>> Permute((2, 1))(np.ones((1, 3, 5), "float32")).shape
    (1, 5, 3)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        axes = tuple(dims) if isinstance(dims, Sequence) else (dims,)
        if any(not hasattr(axis, "__index__") for axis in axes) or sorted(axes) != list(range(1, len(axes) + 1)):
            raise ArgumentError(
                f"dims can not be {dims!r}", fix=f"pass each of the numbers from 1 to {len(axes)} once, in a tuple"
            ).at("Permute")
        self.dims = tuple(int(axis) for axis in axes)
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the transposed tensor.

        Args:
            inputs: tensor with the batch and as many axes as `dims` has.
        """
        return ops.transpose(inputs, (0, *self.dims))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "dims": self.dims}
