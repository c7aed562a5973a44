"""Convolutions and pooling, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from kcore_ops.plugin import Windows, conv_transpose_windows, conv_windows


def conv(inputs, kernel, strides, padding, data_format, dilation_rate):
    """One matrix product per group, of the windows laid side by side."""
    windows = conv_windows(inputs.shape, kernel.shape, strides, padding, dilation_rate, data_format)
    x = _last(inputs, windows)
    if windows.is_same:
        x = np.pad(x, [(0, 0), *windows.padding(), (0, 0)])
    spatial = tuple(range(1, x.ndim - 1))
    views = np.lib.stride_tricks.sliding_window_view(
        x, windows.spans, spatial
    )  # (batch, *positions, channels, *window)
    views = views[(slice(None), *(slice(None, None, s) for s in windows.strides), slice(None),
                   *(slice(None, None, d) for d in windows.dilation))]  # fmt: skip
    contracted = tuple(range(x.ndim - 1, views.ndim)), (kernel.ndim - 2, *range(kernel.ndim - 2))
    axis = x.ndim - 1
    parts = [
        np.tensordot(part, weights, contracted)
        for part, weights in zip(
            np.split(views, windows.groups, axis), np.split(kernel, windows.groups, -1), strict=True
        )
    ]
    return _back(parts[0] if len(parts) == 1 else np.concatenate(parts, -1), windows)


def conv_transpose(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate):
    """Each element of the kernel adds its products at its places."""
    shapes = inputs.shape, kernel.shape
    windows = conv_transpose_windows(*shapes, strides, padding, output_padding, dilation_rate, data_format)
    x = _last(inputs, windows)
    reach = [(size - 1) * s + 1 for size, s in zip(windows.sizes, windows.strides, strict=True)]
    added = [max(-after, 0) for _, after in windows.cropped]
    full = [r + span - 1 + more for r, span, more in zip(reach, windows.spans, added, strict=True)]
    total = np.zeros((x.shape[0], *full, kernel.shape[-2]), inputs.dtype)
    for offset in windows.offsets():
        starts = [i * d for i, d in zip(offset, windows.dilation, strict=True)]
        spots = [slice(start, start + r, s) for start, r, s in zip(starts, reach, windows.strides, strict=True)]
        total[(slice(None), *spots)] += x @ kernel[offset].T
    kept = [
        slice(before, before + count) for (before, _), count in zip(windows.cropped, windows.positions, strict=True)
    ]
    return _back(total[(slice(None), *kept)], windows)


def _last(x: Any, windows: Windows) -> Any:
    return np.moveaxis(x, 1, -1) if windows.channels_first else x


def _back(x: Any, windows: Windows) -> Any:
    return np.moveaxis(x, -1, 1) if windows.channels_first else x


TABLE: dict[str, Callable[..., Any]] = {"conv": conv, "conv_transpose": conv_transpose}

_HALF = {"bfloat16": "float32", "float16": "float32"}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {
    # Matrix products of half precision are summed in half precision, and slowly (NumPy 2.4).
    "conv": _HALF,
    "conv_transpose": _HALF,
}
