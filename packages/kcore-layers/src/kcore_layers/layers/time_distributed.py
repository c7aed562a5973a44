"""`TimeDistributed`: the same layer at each step of a sequence."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_ops import tree
from kcore_ops.errors import ShapeError
from kcore_ops.shapes import show_shape

from kcore_layers.input_spec import InputSpec
from kcore_layers.layers.wrapper import Wrapper
from kcore_layers.registered_objects import builtin

__all__ = ["TimeDistributed"]


@builtin("keras.layers")
class TimeDistributed(Wrapper):
    """Apply a layer to each step of a sequence: it sees batch and time as one long batch.

    Shapes: the input is `(batch, time, ...)`; where the layer gives `(batch, ...)` for a step, the output is
    `(batch, time, ...)`. A mask of more axes than batch and time is passed on to a layer that takes one.

    Args:
        layer: the layer.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if `layer` is not a layer.
        ShapeError: when called, if the input has less than three axes.

    >>> from kcore_layers.layers.dense import Dense
    >>> TimeDistributed(Dense(2))(np.ones((1, 5, 3), "float32")).shape
    (1, 5, 2)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=3)

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside for one step."""
        if len(input_shape) < 3:
            raise ShapeError(
                f"the input has shape {show_shape(input_shape)}: it must have at least 3 axes",
                fix="pass batch and time, and at least one axis more",
            )
        super().build((input_shape[0], *input_shape[2:]))

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Give what the layer gives for each step."""
        batch, time, *sizes = ops.shape(inputs)
        kwargs: dict[str, Any] = {}
        if self.layer._kcore_call_signature.takes_training and training is not None:
            kwargs["training"] = training
        if mask is not None and len(mask.shape) > 2 and "mask" in self.layer._kcore_call_signature.names:
            kwargs["mask"] = ops.reshape(mask, (batch * time, *ops.shape(mask)[2:]))
        outputs = self.layer(ops.reshape(inputs, (batch * time, *sizes)), **kwargs)
        return tree.map_structure(lambda y: ops.reshape(y, (batch, time, *ops.shape(y)[1:])), outputs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Give the mask of the steps; with its further axes, if the layer inside keeps those."""
        if mask is None or len(mask.shape) <= 2 or self.layer.supports_masking:
            return mask
        return ops.any(mask, tuple(range(2, len(mask.shape))))
