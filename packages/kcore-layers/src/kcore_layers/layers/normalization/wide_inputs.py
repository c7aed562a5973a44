"""Inputs of another dtype than a layer computes in: normalized first, narrowed afterwards."""

from __future__ import annotations

from collections.abc import Callable

import kcore_ops as ops
from kcore_ops.dtypes import at_least_float32
from kcore_ops.engine.op import Tensor

from kcore_layers.base.layer import Layer

__all__ = ["casts_inputs", "computed_wide"]


def casts_inputs(layer: Layer, autocast: bool = True) -> bool:
    """Return whether a layer that normalizes may have its inputs cast before the call: not to half precision.

    Args:
        layer: layer that normalizes.
        autocast: bool, whether it was asked to cast; True.
    """
    return autocast and at_least_float32(layer.compute_dtype) == layer.compute_dtype


def computed_wide(layer: Layer, inputs: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """Return a function's value at inputs, in the layer's compute dtype, computed in float32 at least.

    Normalized numbers fit in half precision where those given do not: 70000 is infinite in float16, and what is
    normalized with it NaN. Layers that normalize set `autocast=False`, so that their inputs come as they are.

    Args:
        layer: layer that normalizes.
        inputs: tensor of any dtype.
        function: function from the widened inputs to the output.
    """
    x = ops.cast(inputs, at_least_float32(layer.compute_dtype))
    return ops.cast(function(x), layer.compute_dtype)
