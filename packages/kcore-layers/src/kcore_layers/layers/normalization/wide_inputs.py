"""Inputs of another dtype than a layer computes in: normalized first, narrowed afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kcore_ops as ops
from kcore_ops.dtypes import at_least_float32

__all__ = ["casts_inputs", "computed_wide"]


def casts_inputs(layer: Any, autocast: bool = True) -> bool:
    """Say whether a layer that normalizes may have its inputs cast before the call: not to half precision."""
    return autocast and at_least_float32(layer.compute_dtype) == layer.compute_dtype


def computed_wide(layer: Any, inputs: Any, function: Callable[[Any], Any]) -> Any:
    """Give what a function of the inputs gives, in the layer's compute dtype, worked out in float32 at least.

    Normalized numbers fit in half precision where those given do not: 70000 is infinite in float16, and what is
    normalized with it NaN. Layers that normalize set `autocast=False`, so that their inputs come as they are.
    """
    x = ops.cast(inputs, at_least_float32(layer.compute_dtype))
    return ops.cast(function(x), layer.compute_dtype)
