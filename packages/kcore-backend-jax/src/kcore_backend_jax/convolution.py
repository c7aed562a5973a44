"""Convolutions and pooling, on JAX arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from kcore_ops.plugin import (
    Windows,
    average_weights,
    conv_transpose_windows,
    conv_windows,
    depthwise_conv_windows,
    laid_out,
    lowest,
    pool_windows,
)


def conv(inputs, kernel, strides, padding, data_format, dilation_rate):
    windows = conv_windows(inputs.shape, kernel.shape, strides, padding, dilation_rate, data_format)
    return _convolve(inputs, kernel, windows, window_strides=windows.strides, padding=windows.padding())


def depthwise_conv(inputs, kernel, strides, padding, data_format, dilation_rate):
    windows = depthwise_conv_windows(inputs.shape, kernel.shape, strides, padding, dilation_rate, data_format)
    kernel = kernel.reshape((*windows.window, 1, windows.filters))
    return _convolve(inputs, kernel, windows, window_strides=windows.strides, padding=windows.padding())


def conv_transpose(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate):
    shapes = inputs.shape, kernel.shape
    windows = conv_transpose_windows(*shapes, strides, padding, output_padding, dilation_rate, data_format)
    around = [(span - 1 - before, span - 1 - after)
              for span, (before, after) in zip(windows.spans, windows.cropped, strict=True)]  # fmt: skip
    backward = jnp.swapaxes(jnp.flip(kernel, tuple(range(len(windows.sizes)))), -1, -2)
    ones = (1,) * len(windows.sizes)
    return _convolve(inputs, backward, windows, window_strides=ones, padding=around, lhs_dilation=windows.strides)


def _convolve(inputs: Any, kernel: Any, windows: Windows, **geometry: Any) -> Any:
    spatial = "DHW"[-len(windows.sizes) :]
    layout = f"NC{spatial}" if windows.channels_first else f"N{spatial}C"
    return lax.conv_general_dilated(
        inputs,
        kernel,
        rhs_dilation=windows.dilation,
        dimension_numbers=(layout, f"{spatial}IO", layout),
        feature_group_count=windows.groups,
        **geometry,
    )


def max_pool(inputs, pool_size, strides, padding, data_format):
    windows = pool_windows(inputs.shape, pool_size, strides, padding, data_format)
    return _reduce(inputs, windows, lowest(inputs.dtype.name), lax.max)


def average_pool(inputs, pool_size, strides, padding, data_format):
    windows = pool_windows(inputs.shape, pool_size, strides, padding, data_format)
    total = _reduce(inputs, windows, 0, lax.add)
    inside = average_weights(windows) * np.prod(windows.window)
    return total / inside.astype(inputs.dtype)


def _reduce(inputs: Any, windows: Windows, start: Any, function: Callable[..., Any]) -> Any:
    window, strides, padding = (
        laid_out(rest, spatial, rest, windows.channels_first)
        for spatial, rest in ((windows.window, 1), (windows.strides, 1), (windows.padding(), (0, 0)))
    )
    return lax.reduce_window(inputs, np.array(start, inputs.dtype), function, window, strides, padding)


TABLE: dict[str, Callable[..., Any]] = {
    "average_pool": average_pool,
    "conv": conv,
    "conv_transpose": conv_transpose,
    "depthwise_conv": depthwise_conv,
    "max_pool": max_pool,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
# JAX sums a window in the dtype of its elements, where a sum may be greater than any of them.
WIDENED: dict[str, dict[str, str]] = {"average_pool": {"float16": "float32", "bfloat16": "float32"}}
