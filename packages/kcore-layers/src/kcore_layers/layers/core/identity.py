"""`Identity`: what goes in comes out."""

from __future__ import annotations

from typing import Any, Unpack

from kcore_ops.engine.op import Tensor

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.serialization.registry import builtin

__all__ = ["Identity"]


@builtin("keras.layers")
class Identity(Layer):
    """Return the inputs as they are, a tensor or a tree of them: a layer to stand in for one that is left out.

    Shapes: the output is shaped like the input.

    Args:
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    >>> Identity()(np.array([1.0], "float32"))
    array([1.], dtype=float32)
    """

    def __init__(self, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return the inputs.

        Args:
            inputs: tensor, or a tree of them.
        """
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return super().get_config()
