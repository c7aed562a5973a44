"""`RepeatVector`: a vector becomes a sequence."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.registry import builtin

__all__ = ["RepeatVector"]


@builtin("keras.layers")
class RepeatVector(Layer):
    """Repeat the vector of each example.

    Shapes: the input is `(batch, features)`, the output `(batch, n, features)`.

    Args:
        n: int, number of repetitions.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `n` is not a positive integer.

    >>> RepeatVector(2)(np.array([[1.0, 2.0]], "float32"))
    array([[[1., 2.],
            [1., 2.]]], dtype=float32)
    """

    def __init__(self, n: int, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.n = checked_count(self, "n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the vectors repeated, `(batch, n, features)`.

        Args:
            inputs: tensor `(batch, features)`.
        """
        batch, size = ops.shape(inputs)
        return ops.broadcast_to(ops.expand_dims(inputs, 1), (batch, self.n, size))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "n": self.n}
