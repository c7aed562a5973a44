"""Convolutions and pooling, on torch tensors."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from kcore_ops import nn, plugin

from kcore_backend_torch.dtypes import DTYPE_NAMES

_CONV = (None, F.conv1d, F.conv2d, F.conv3d)
_CONV_TRANSPOSE = (None, F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
_MAX_POOL = (None, F.max_pool1d, F.max_pool2d, F.max_pool3d)
_ADAPTIVE_MAX_POOL = (None, F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)
_ADAPTIVE_AVERAGE_POOL = (None, F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)
_AVERAGE_POOL = (None, F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)


def conv(inputs, kernel, strides, padding, data_format, dilation_rate):
    windows = plugin.conv_windows(inputs.shape, kernel.shape, strides, padding, dilation_rate, data_format)
    return _convolve(inputs, kernel, windows)


def biased_conv(inputs, kernel, bias, strides, padding, data_format, dilation_rate):
    windows = plugin.conv_windows(inputs.shape, kernel.shape, strides, padding, dilation_rate, data_format)
    return _convolve(inputs, kernel, windows, bias)


def depthwise_conv(inputs, kernel, strides, padding, data_format, dilation_rate):
    windows = plugin.depthwise_conv_windows(inputs.shape, kernel.shape, strides, padding, dilation_rate, data_format)
    return _convolve(inputs, kernel.reshape(*windows.window, 1, windows.filters), windows)


def _convolve(inputs: Any, kernel: Any, windows: plugin.Windows, bias: Any = None) -> Any:
    if _is_misread(inputs, windows):
        wide = inputs.float(), kernel.float(), windows, None if bias is None else bias.float()
        return _convolve(*wide).to(inputs.dtype)
    function: Any = _CONV[len(windows.sizes)]
    x, around = _padded(inputs, windows, 0, most=None)
    strides = list(windows.strides)
    for axis, (count, span) in enumerate(zip(windows.positions, windows.spans, strict=True)):
        if count == 1 and strides[axis] > 1:
            # Where there is one window oneDNN reads beyond the tensor if there is a stride (torch 2.13).
            x, strides[axis] = x.narrow(axis + 2, 0, span - 2 * around[axis]), 1
    # Laid out as the inputs are: a fifth faster than a view of the kernel (torch 2.13, on the CPU).
    axes = range(kernel.ndim - 2)
    if windows.channels_first:
        kernel = kernel.permute(-1, -2, *axes).contiguous()
    else:
        kernel = kernel.permute(-1, *axes, -2).contiguous().movedim(-1, 1)
    kernel = _with_plain_strides(kernel)
    return _back(function(x, kernel, bias, strides, around, windows.dilation, windows.groups), windows)


def _is_misread(inputs: Any, windows: plugin.Windows, is_transposed: bool = False) -> bool:
    """Return whether oneDNN may read beyond a tensor of bfloat16: in 3D, and transposed of one (torch 2.13, CPUs)."""
    is_doubtful = len(windows.sizes) == 3 or (is_transposed and 1 in windows.sizes)
    return is_doubtful and inputs.dtype is torch.bfloat16 and inputs.device.type == "cpu"


def _with_plain_strides(kernel: Any) -> Any:
    """Return a kernel for one filter with the strides that torch itself would give it.

    By another stride of that axis torch makes a gradient that it then refuses (torch 2.13, without oneDNN: in float64).
    """
    return kernel.clone(memory_format=torch.contiguous_format) if kernel.shape[0] == 1 else kernel


def conv_transpose(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate):
    shapes = inputs.shape, kernel.shape
    windows = plugin.conv_transpose_windows(*shapes, strides, padding, output_padding, dilation_rate, data_format)
    if _is_misread(inputs, windows, is_transposed=True):
        wide = inputs.float(), kernel.float()
        return conv_transpose(*wide, strides, padding, output_padding, data_format, dilation_rate).to(inputs.dtype)
    function: Any = _CONV_TRANSPOSE[len(windows.sizes)]
    # Torch crops the same on both sides and adds zeros at the end; what is left to crop at the end is cut off after.
    around = [before for before, _ in windows.cropped]
    added = [max(before - after, 0) for before, after in windows.cropped]
    kernel = _with_plain_strides(kernel.permute(-1, -2, *range(kernel.ndim - 2)))
    x = function(_first(inputs, windows), kernel, None, windows.strides, around, added, 1, windows.dilation)
    for axis, count in enumerate(windows.positions, 2):
        x = x.narrow(axis, 0, count)
    return _back(x, windows)


def max_pool(inputs, pool_size, strides, padding, data_format):
    windows = plugin.pool_windows(inputs.shape, pool_size, strides, padding, data_format)
    function: Any = _MAX_POOL[len(windows.sizes)]
    x, around = _padded(inputs, windows, plugin.lowest(DTYPE_NAMES[inputs.dtype]), most=windows.window)
    if x.ndim == 3 and not x.is_floating_point():  # max_pool1d knows no integers (torch 2.13)
        x = F.max_pool2d(x.unsqueeze(2), (1, *windows.window), (1, *windows.strides), (0, *around)).squeeze(2)
    else:
        x = function(x, windows.window, windows.strides, around)
    return _back(x, windows)


def average_pool(inputs, pool_size, strides, padding, data_format):
    windows = plugin.pool_windows(inputs.shape, pool_size, strides, padding, data_format)
    function: Any = _AVERAGE_POOL[len(windows.sizes)]
    # Though it pads, avg_pool3d refuses windows larger than its input (torch 2.13).
    fits = inputs.ndim < 5 or all(map(operator.ge, windows.sizes, windows.window))
    x, around = _padded(inputs, windows, 0, most=windows.window if fits else (0, 0, 0))
    if x.ndim == 5 and x.itemsize == 2:  # avg_pool3d knows no half precision on the CPU (torch 2.13)
        x = x.float()
    mean = _back(function(x, windows.window, windows.strides, around, False, False), windows).to(inputs.dtype)
    if x.shape[2:] == windows.sizes:
        return mean
    # Torch pads alike on both sides only, so zeros were added and counted.
    return mean / torch.tensor(plugin.average_weights(windows), dtype=mean.dtype, device=mean.device)


def adaptive_max_pool(inputs, output_size, data_format):
    windows = plugin.adaptive_windows(inputs.shape, output_size, data_format)
    if not inputs.is_floating_point():
        return plugin.defined(nn.adaptive_max_pool)(inputs, output_size, data_format)  # torch 2.13 knows floats alone
    function: Any = _ADAPTIVE_MAX_POOL[len(windows.sizes)]
    return _back(function(_first(inputs, windows), windows.positions), windows)


def adaptive_average_pool(inputs, output_size, data_format):
    windows = plugin.adaptive_windows(inputs.shape, output_size, data_format)
    function: Any = _ADAPTIVE_AVERAGE_POOL[len(windows.sizes)]
    return _back(function(_first(inputs, windows), windows.positions), windows)


def _padded(inputs: Any, windows: plugin.Windows, value: Any, most: Sequence[int] | None) -> tuple[Any, Sequence[int]]:
    """Put channels first; pad where both sides differ, else leave it to the function, if it pads as much."""
    x = _first(inputs, windows)
    padding = windows.padding()
    before = [pair[0] for pair in padding]
    if all(b == a for b, a in padding) and (most is None or all(2 * b <= m for b, m in zip(before, most, strict=True))):
        return x, before
    around = [count for pair in reversed(padding) for count in pair]
    return F.pad(x, around, value=value), [0] * len(before)


def _first(x: Any, windows: plugin.Windows) -> Any:
    return x if windows.channels_first else x.movedim(-1, 1)


def _back(x: Any, windows: plugin.Windows) -> Any:
    return x if windows.channels_first else x.movedim(1, -1)


TABLE: dict[str, Callable[..., Any]] = {
    "adaptive_average_pool": adaptive_average_pool,
    "adaptive_max_pool": adaptive_max_pool,
    "average_pool": average_pool,
    "biased_conv": biased_conv,
    "conv": conv,
    "conv_transpose": conv_transpose,
    "depthwise_conv": depthwise_conv,
    "max_pool": max_pool,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {
    # The mean is added up in half precision on CPUs (torch 2.13).
    "adaptive_average_pool": {"float16": "float32", "bfloat16": "float32"},
    # max_pool3d counts elements in the tensor's own dtype (torch 2.13).
    "max_pool": dict.fromkeys(("bool", "int8", "int16", "uint8"), "int32"),
    # Convolutions know int64 alone among integers, once dilated or transposed (torch 2.13).
    **dict.fromkeys(
        ("biased_conv", "conv", "conv_transpose", "depthwise_conv"),
        dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16", "uint32"), "int64"),
    ),
}
