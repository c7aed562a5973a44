"""Convolutions and pooling, on TensorFlow tensors.

TensorFlow's kernels are used where every build has them for the forward pass and the gradient; elsewhere (TensorFlow
2.21 lacks, on CPUs or without oneDNN: channels first, groups, dilation with strides, integers, some types in 3D) a
transposition, a split, or the definition takes their place.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from kcore_ops import nn
from kcore_ops.plugin import (
    Windows,
    conv_transpose_windows,
    conv_windows,
    defined,
    depthwise_conv_windows,
    pool_windows,
)

from kcore_backend_tf.onednn import ON_CPU, sizes_of

raw = tf.raw_ops
_MAX_POOL_2D = frozenset("bfloat16 float16 float32 float64 int8 int16 int32 int64 uint8 uint16".split())


def conv(inputs, kernel, strides, padding, data_format, dilation_rate):
    windows = conv_windows(inputs.shape, kernel.shape, strides, padding, dilation_rate, data_format)
    is_dilated, is_strided = _any_above_one(windows.dilation), _any_above_one(windows.strides)
    is_misread = _is_misread(windows)
    is_unknown = windows.groups is None or (is_misread and None in windows.window)
    if not _is_native(inputs) or is_unknown or (is_dilated and is_strided):
        return defined(nn.conv)(inputs, kernel, strides, padding, data_format, dilation_rate)
    x, mode = _last(inputs, windows), "SAME" if windows.is_same else "VALID"
    steps = windows.strides
    if is_misread:
        x, mode, steps = _covered(x, windows), "VALID", (math.gcd(*windows.strides),) * len(windows.strides)

    def convolve(x: Any, kernel: Any) -> Any:
        if is_dilated:
            return tf.nn.convolution(x, kernel, padding=mode, dilations=windows.dilation)
        if len(steps) == 1:
            x, kernel = x[:, None], kernel[None]
            return raw.Conv2D(input=x, filter=kernel, strides=[1, *steps, *steps, 1], padding=mode)[:, 0]
        function = raw.Conv2D if len(steps) == 2 else raw.Conv3D
        return function(input=x, filter=kernel, strides=[1, *steps, 1], padding=mode)

    if windows.groups == 1:
        result = convolve(x, kernel)
    else:
        parts = zip(tf.split(x, windows.groups, -1), tf.split(kernel, windows.groups, -1), strict=True)
        result = tf.concat([convolve(*part) for part in parts], -1)
    if steps != windows.strides:
        result = result[:, *[slice(None, None, step // steps[0]) for step in windows.strides]]
    return _back(result, windows)


def depthwise_conv(inputs, kernel, strides, padding, data_format, dilation_rate):
    windows = depthwise_conv_windows(inputs.shape, kernel.shape, strides, padding, dilation_rate, data_format)
    is_dilated, rank = _any_above_one(windows.dilation), len(windows.sizes)
    if (
        not _is_native(inputs)
        or rank > 2
        or len(set(windows.strides)) > 1  # the kernel knows only equal strides
        or (is_dilated and _any_above_one(windows.strides))
    ):
        return defined(nn.depthwise_conv)(inputs, kernel, strides, padding, data_format, dilation_rate)
    x, strides, dilation = _last(inputs, windows), windows.strides, windows.dilation
    if rank == 1:
        x, kernel, strides, dilation = x[:, None], kernel[None], strides * 2, (1, *dilation)
    steps, mode = [1, *strides, 1], "SAME" if windows.is_same else "VALID"
    if is_dilated:
        result = tf.nn.depthwise_conv2d(x, kernel, steps, mode, dilations=dilation)
    else:
        result = raw.DepthwiseConv2dNative(input=x, filter=kernel, strides=steps, padding=mode)
    return _back(result[:, 0] if rank == 1 else result, windows)


def conv_transpose(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate):
    shapes = inputs.shape, kernel.shape
    windows = conv_transpose_windows(*shapes, strides, padding, output_padding, dilation_rate, data_format)
    rank = len(windows.sizes)
    if not _is_native(inputs) or _any_above_one(windows.dilation) or not _is_gradient(windows):
        function = defined(nn.conv_transpose)
        return function(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate)
    x, steps = _last(inputs, windows), windows.strides
    batch, *sizes, _ = tf.unstack(tf.shape(x)) if None in x.shape else x.shape
    filters = tf.shape(kernel)[-2] if windows.filters is None else windows.filters
    positions = [
        (size - 1) * stride + span - before - after
        for size, stride, span, (before, after) in zip(sizes, steps, windows.spans, windows.cropped, strict=True)
    ]
    if rank == 1:
        x, kernel, steps, positions = x[:, None], kernel[None], (1, *steps), [1, *positions]
    function = raw.Conv3DBackpropInputV2 if rank == 3 else raw.Conv2DBackpropInput
    result = function(
        input_sizes=[batch, *positions, filters],
        filter=kernel,
        out_backprop=x,
        strides=[1, *steps, 1],
        padding="SAME" if windows.is_same else "VALID",
    )
    return _back(result[:, 0] if rank == 1 else result, windows)


def _is_native(inputs: Any) -> bool:
    """Return whether convolutions have a kernel for the tensor; with oneDNN, that of an empty one has a wrong shape."""
    return inputs.dtype.is_floating and 0 not in tuple(inputs.shape)


def _is_misread(windows: Windows) -> bool:
    """Return whether oneDNN reads beyond the tensor (TensorFlow 2.21): with unequal strides, and in 3D with gaps."""
    if not ON_CPU or len(set(windows.strides)) > 1:
        return ON_CPU
    is_in_3d = len(windows.strides) == 3 and _any_above_one(windows.strides)
    return is_in_3d and (None in windows.window or any(map(operator.lt, windows.spans, windows.strides)))


def _covered(x: Any, windows: Windows) -> Any:
    """Pad a tensor for the windows, and cut off what none of them reaches."""
    if windows.is_same:
        x = tf.pad(x, [(0, 0), *windows.padding(sizes_of(x)[1:-1]), (0, 0)])
    axes = zip(sizes_of(x)[1:-1], windows.spans, windows.strides, strict=True)
    return x[:, *[slice((size - span) // step * step + span) for size, span, step in axes]]


def _is_gradient(windows: Any) -> bool:
    """Return whether a convolution over the result would have as many positions as the input has elements."""
    if None in windows.window or _is_misread(windows):  # by the gradient, which is a convolution
        return False
    axes = zip(windows.spans, windows.strides, windows.cropped, strict=True)
    return not windows.is_same or all(0 < span - sum(crop) <= stride for span, stride, crop in axes)


def max_pool(inputs, pool_size, strides, padding, data_format):
    windows = pool_windows(inputs.shape, pool_size, strides, padding, data_format)
    is_known = inputs.dtype == tf.float32 if len(windows.sizes) == 3 else inputs.dtype.name in _MAX_POOL_2D
    if not is_known:
        return defined(nn.max_pool)(inputs, pool_size, strides, padding, data_format)
    return _pool(raw.MaxPool3D if len(windows.sizes) == 3 else raw.MaxPool, inputs, windows)


def average_pool(inputs, pool_size, strides, padding, data_format):
    windows = pool_windows(inputs.shape, pool_size, strides, padding, data_format)
    if len(windows.sizes) < 3:
        return _pool(lambda input, **geometry: raw.AvgPool(value=input, **geometry), inputs, windows)
    if inputs.dtype == tf.float32:
        return _pool(raw.AvgPool3D, inputs, windows)
    return defined(nn.average_pool)(inputs, pool_size, strides, padding, data_format)


def _pool(function: Callable[..., Any], inputs: Any, windows: Windows) -> Any:
    x, window, steps = _last(inputs, windows), windows.window, windows.strides
    mode = "SAME" if windows.is_same else "VALID"
    if len(window) == 1:
        result = function(input=x[:, None], ksize=[1, 1, *window, 1], strides=[1, 1, *steps, 1], padding=mode)[:, 0]
        return _back(result, windows)
    return _back(function(input=x, ksize=[1, *window, 1], strides=[1, *steps, 1], padding=mode), windows)


def _any_above_one(numbers: Sequence[int]) -> bool:
    return any(number > 1 for number in numbers)


def _last(x: Any, windows: Windows) -> Any:
    return tf.transpose(x, [0, *range(2, x.shape.rank), 1]) if windows.channels_first else x


def _back(x: Any, windows: Windows) -> Any:
    return tf.transpose(x, [0, x.shape.rank - 1, *range(1, x.shape.rank - 1)]) if windows.channels_first else x


TABLE: dict[str, Callable[..., Any]] = {
    "average_pool": average_pool,
    "conv": conv,
    "conv_transpose": conv_transpose,
    "depthwise_conv": depthwise_conv,
    "max_pool": max_pool,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {
    "average_pool": {"float16": "float32", "bfloat16": "float32"},  # whose sums overflow
    "max_pool": {"bool": "uint8"},
}
if ON_CPU:
    # With bfloat16 oneDNN is wrong in 3D, and with strides along axes shorter than the window (TensorFlow 2.21).
    WIDENED |= {name: {"bfloat16": "float32"} for name in ("conv", "conv_transpose", "depthwise_conv")}
