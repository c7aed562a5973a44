"""`ActivityRegularization`: a penalty on what passes."""

from __future__ import annotations

from typing import Any, Unpack

from kcore_ops.engine.op import Tensor

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptionsBesideRegularizer
from kcore_layers.options.regularizers import L1L2
from kcore_layers.serialization.registry import builtin

__all__ = ["ActivityRegularization"]


@builtin("keras.layers")
class ActivityRegularization(Layer):
    """Add a penalty on the inputs, per example of the batch, to the losses, and return the inputs as they are.

    Shapes: the output is shaped like the input.

    Args:
        l1: float from 0, the factor of the sum of absolute values; 0.
        l2: float from 0, the factor of the sum of squares; 0.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a factor is negative.

    >>> layer = ActivityRegularization(l1=0.5)
    >>> y = layer(np.array([[1.0, -3.0]], "float32"))
    >>> float(layer.losses[0])
    2.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Unpack[LayerOptionsBesideRegularizer]) -> None:
        super().__init__(activity_regularizer=L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return the inputs.

        Args:
            inputs: tensor of any shape.
        """
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        config = super().get_config()
        del config["activity_regularizer"]
        return {**config, "l1": self.l1, "l2": self.l2}
