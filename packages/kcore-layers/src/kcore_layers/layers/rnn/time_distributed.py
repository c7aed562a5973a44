"""`TimeDistributed`: the same layer at each step of a sequence."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops import tree
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.specs.shapes import differ, show_shape

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.base.masking import none_without_one
from kcore_layers.layers.core.wrapper import Wrapper
from kcore_layers.options.argument_types import LayerOptions, Shape
from kcore_layers.serialization.registry import builtin

__all__ = ["TimeDistributed"]


@builtin("keras.layers")
class TimeDistributed(Wrapper):
    """Apply a layer to each step of a sequence: it sees batch and time as one long batch.

    Shapes: the input is `(batch, time, ...)`; where the layer returns `(batch, ...)` for a step, the output is
    `(batch, time, ...)`. A mask is `(batch, time, ...)` too, and a layer that takes one is passed that of its step: for
    a mask `(batch, time)`, whether the step counts.

    Args:
        layer: layer, applied to each step.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `layer` is not a layer.
        ShapeError: when called, if the input has less than three axes, or the mask has other steps than it.

    >>> from kcore_layers.layers.core.dense import Dense
    >>> TimeDistributed(Dense(2))(np.ones((1, 5, 3), "float32")).shape
    (1, 5, 2)
    """

    def __init__(self, layer: Layer, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=3)

    def build(self, input_shape: Shape | None = None) -> None:
        """Build the layer inside for one step.

        Args:
            input_shape: sizes of the inputs, the batch included.
        """
        sizes = tuple(input_shape or ())
        if len(sizes) < 3:
            raise ShapeError(
                f"the input has shape {show_shape(sizes)}: it must have at least 3 axes",
                fix="pass batch and time, and at least one axis more",
            )
        # How many steps there are in all is another number in each call.
        super().build((None, *sizes[2:]))

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        """Return the output of the layer for each step.

        Args:
            inputs: tensor `(batch, time, ...)`.
            training: bool, passed on if the layer takes it; None passes nothing.
            mask: boolean tensor `(batch, time, ...)` or `(batch,)`, False for what to leave out; None keeps all.
        """
        batch, time, *_ = ops.shape(inputs)
        kwargs: dict[str, Any] = {}
        if self.layer._kcore_call_signature.takes_training and training is not None:
            kwargs["training"] = training
        if mask is not None:
            if len(mask.shape) == 1:  # `(batch,)`: all steps of an example
                mask = ops.broadcast_to(ops.expand_dims(mask, 1), (batch, time))
            self._check_mask(inputs, mask)
            if "mask" in self.layer._kcore_call_signature.names:
                kwargs["mask"] = _flat(mask)
        return _steps(self.layer(_flat(inputs), **kwargs), batch, time)

    def _check_mask(self, inputs: Any, mask: Any) -> None:
        """Raise unless a mask has the batch and the steps of the inputs."""
        if len(mask.shape) < 2 or any(map(differ, mask.shape[:2], inputs.shape[:2])):
            raise ShapeError(
                f"the mask has shape {show_shape(mask.shape)} and the input {show_shape(inputs.shape)}: batch and "
                "time, the first two axes, must be the same",
                fix=f"pass a mask of shape {show_shape(inputs.shape[:2])}",
            )

    @none_without_one
    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None = None) -> Tensor | None:
        """Return the mask of the steps; with its further axes, if the layer inside has a mask for its output of a step.

        Without, a step counts if one of its elements does.

        Args:
            inputs: tensor, as `call` takes it.
            previous_mask: boolean tensor, the mask of the inputs; None, no mask.
        """
        mask = previous_mask
        if mask is None or len(mask.shape) <= 2:
            return mask
        layer = self.layer
        passes = layer.supports_masking or type(layer).compute_mask is not Layer.compute_mask
        inner = layer.compute_mask(_flat(inputs), _flat(mask)) if passes else None
        if inner is None or isinstance(inner, list | tuple):
            return ops.any(mask, tuple(range(2, len(mask.shape))))
        batch, time, *_ = ops.shape(inputs)
        return _steps(inner, batch, time)


def _flat(x: Any) -> Any:
    """Make batch and time one axis."""
    batch, time, *sizes = ops.shape(x)
    return ops.reshape(x, (batch * time, *sizes))


def _steps(outputs: Any, batch: Any, time: Any) -> Any:
    """Make two axes of batch and time again."""
    return tree.map_structure(lambda y: ops.reshape(y, (batch, time, *ops.shape(y)[1:])), outputs)
