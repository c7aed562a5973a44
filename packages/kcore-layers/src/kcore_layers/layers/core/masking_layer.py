"""`Masking`: steps of a sequence whose features are all one number are padding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.options.weight_options import checked_number
from kcore_layers.serialization.registry import builtin

__all__ = ["Masking"]


@builtin("keras.layers")
class Masking(Layer):
    """Mask the steps whose features are all `mask_value`, and set these to 0.

    Shapes: the input is `(..., features)`, the output is shaped like it, and the mask like it without the features.

    Args:
        mask_value: number that stands for padding; 0.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `mask_value` is not a number.

    >>> Masking(mask_value=9.0)(np.array([[[1.0, 9.0], [9.0, 9.0]]], "float32"))
    array([[[1., 9.],
            [0., 0.]]], dtype=float32)
    """

    def __init__(self, mask_value: float | Mapping[str, Any] = 0.0, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        if isinstance(mask_value, dict):  # as Keras writes a tensor in a config
            mask_value = mask_value.get("config", {}).get("value")
        self.mask_value = checked_number(self, "mask_value", mask_value)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return the inputs, with 0 at the steps that are masked.

        Args:
            inputs: tensor `(..., features)`.
        """
        counts = ops.any(ops.not_equal(inputs, self.mask_value), -1, keepdims=True)
        return ops.where(counts, inputs, 0)

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        """Return where a feature is not `mask_value`: booleans shaped like the inputs without their last axis.

        Args:
            inputs: tensor, as `call` takes it.
            mask: boolean tensor, the mask of the inputs; None. Not used.
        """
        return ops.any(ops.not_equal(inputs, self.mask_value), -1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "mask_value": self.mask_value}
