"""Tensors as floats of 8 bits and scales (Micikevicius et al., 2022, arXiv:2209.05433)."""

from __future__ import annotations

import kcore_ops as ops
from kcore_ops.dtypes import standardize_dtype
from kcore_ops.engine.op import DType, Tensor
from kcore_ops.foundation.errors import ArgumentError

__all__ = ["compute_float8_amax_history", "compute_float8_scale", "quantize_and_dequantize"]

# The largest number of each dtype: four bits of exponent for numbers, five for their gradients.
LARGEST = {"float8_e4m3fn": 448.0, "float8_e5m2": 57344.0}


def compute_float8_scale(amax: Tensor, scale: Tensor, dtype_max: float, margin: int = 0) -> Tensor:
    """Return the scale that fits the largest absolute value into a dtype of 8 bits.

    Args:
        amax: tensor, the largest absolute value.
        scale: tensor, what it was so far: it stays where `amax` is 0 or not finite.
        dtype_max: float, the largest number of the dtype: 448 of "float8_e4m3fn", 57344 of "float8_e5m2".
        margin: int, powers of two that are left free above `amax`; 0.

    >>> float(compute_float8_scale(896.0, 1.0, 448.0))
    2.0
    """
    amax, scale = ops.convert_to_tensor(amax), ops.convert_to_tensor(scale)
    wanted = ops.divide(amax, dtype_max / 2.0**margin)
    return ops.where(ops.logical_and(ops.greater(amax, 0), ops.isfinite(amax)), wanted, ops.cast(scale, wanted.dtype))


def compute_float8_amax_history(x: Tensor, amax_history: Tensor) -> Tensor:
    """Return a history of largest absolute values with that of a tensor now in the place of the oldest.

    Args:
        x: floating tensor.
        amax_history: tensor `(n,)`, the values so far: the latest first, and after it the others from the oldest on.

    >>> compute_float8_amax_history([1.0, -9.0], [1.0, 2.0, 3.0])
    array([9., 3., 1.], dtype=float32)
    """
    amax_history = ops.convert_to_tensor(amax_history)
    now = ops.cast(ops.max(ops.abs(x)), ops.dtype(amax_history))
    return ops.concatenate([ops.reshape(now, (1,)), ops.roll(amax_history, -1)[1:]])


def quantize_and_dequantize(inputs: Tensor, scale: Tensor, quantized_dtype: DType, compute_dtype: DType) -> Tensor:
    """Round a tensor to floats of 8 bits times a scale, as floats of another dtype.

    Args:
        inputs: floating tensor.
        scale: tensor, what the numbers are divided by to fit into the dtype of 8 bits; what does not fit is clipped.
        quantized_dtype: "float8_e4m3fn" or "float8_e5m2".
        compute_dtype: dtype or its name, that of the result.

    Raises:
        ArgumentError: if `quantized_dtype` is another one.

    >>> quantize_and_dequantize([1.0, 1.1, 9999.0], 1.0, "float8_e4m3fn", "float32")
    array([  1.   ,   1.125, 448.   ], dtype=float32)
    """
    name = standardize_dtype(quantized_dtype)
    if name not in LARGEST:
        raise ArgumentError(f"quantized_dtype can not be {name!r}", fix=f"pass one of {', '.join(LARGEST)}").at(
            "quantize_and_dequantize"
        )
    most = LARGEST[name]
    inputs = ops.convert_to_tensor(inputs)
    scale = ops.cast(scale, compute_dtype)
    scaled = ops.divide(ops.cast(inputs, compute_dtype), scale)
    few_bits = ops.cast(ops.clip(scaled, -most, most), name)
    return ops.multiply(ops.cast(few_bits, compute_dtype), scale)
