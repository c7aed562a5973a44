"""`Masking`: steps of a sequence that hold a certain number alone are padding."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.base.layer import Layer
from kcore_layers.options.weight_options import checked_number
from kcore_layers.serialization.registry import builtin

__all__ = ["Masking"]


@builtin("keras.layers")
class Masking(Layer):
    """Give the output a mask: a step counts unless all its features are `mask_value`. Others become 0.

    Shapes: the input is `(..., features)`, the output is shaped like it, and the mask like it without the features.

    Args:
        mask_value: the number that stands for padding.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if `mask_value` is not a number.

    >>> Masking(mask_value=9.0)(np.array([[[1.0, 9.0], [9.0, 9.0]]], "float32"))
    array([[[1., 9.],
            [0., 0.]]], dtype=float32)
    """

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(mask_value, dict):  # as Keras writes a tensor in a config
            mask_value = mask_value.get("config", {}).get("value")
        self.mask_value = checked_number(self, "mask_value", mask_value)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Give the inputs, 0 where they do not count."""
        counts = ops.any(ops.not_equal(inputs, self.mask_value), -1, keepdims=True)
        return ops.where(counts, inputs, 0)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Give where a feature is not `mask_value`."""
        return ops.any(ops.not_equal(inputs, self.mask_value), -1)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), "mask_value": self.mask_value}
