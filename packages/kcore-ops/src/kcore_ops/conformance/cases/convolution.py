"""Cases of convolutions and pooling. The references say what each result is, element by element."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

from kcore_ops.conformance.case import FLOATS, NUMERIC, REAL, arrays, case

CONV_DTYPES = (*NUMERIC, "complex64")


# References. Channels last inside.


def _channels_last(x, data_format):
    return np.moveaxis(x, 1, -1) if data_format == "channels_first" else x


def _back(x, data_format):
    return np.moveaxis(x, -1, 1) if data_format == "channels_first" else x


def _each(value, count):
    return (value,) * count if isinstance(value, int) else tuple(value)


def _windows(x, window, strides, padding, dilation):
    """Give the numbers of windows, and for each its index and the pairs (element of the window, of x) inside."""
    sizes, count = x.shape[1:-1], x.ndim - 2
    strides, dilation = _each(strides, count), _each(dilation, count)
    spans = [(w - 1) * d + 1 for w, d in zip(window, dilation, strict=True)]
    if padding == "same":
        positions = [-(-n // s) for n, s in zip(sizes, strides, strict=True)]
        totals = [max((o - 1) * s + e - n, 0) for o, s, e, n in zip(positions, strides, spans, sizes, strict=True)]
    else:
        positions = [(n - e) // s + 1 for n, e, s in zip(sizes, spans, strides, strict=True)]
        totals = [0] * count

    def inside(position):
        for offset in itertools.product(*map(range, window)):
            spot = tuple(
                p * s + o * d - t // 2
                for p, s, o, d, t in zip(position, strides, offset, dilation, totals, strict=True)
            )
            if all(0 <= i < n for i, n in zip(spot, sizes, strict=True)):
                yield offset, spot

    return positions, [(position, list(inside(position))) for position in itertools.product(*map(range, positions))]


def _conv(x, kernel, strides=1, padding="valid", data_format=None, dilation=1):
    x = _channels_last(x, data_format)
    depth, filters = kernel.shape[-2:]
    groups = x.shape[-1] // depth
    positions, windows = _windows(x, kernel.shape[:-2], strides, padding, dilation)
    result = np.zeros((x.shape[0], *positions, filters), x.dtype)
    for position, pairs in windows:
        for offset, spot in pairs:
            for g in range(groups):
                out = slice(g * filters // groups, (g + 1) * filters // groups)
                weights = kernel[offset][:, out]
                result[(slice(None), *position, out)] += (
                    x[(slice(None), *spot)][:, g * depth : (g + 1) * depth] @ weights
                )
    return _back(result, data_format)


def _depthwise_conv(x, kernel, strides=1, padding="valid", data_format=None, dilation=1):
    *window, depth, multiplier = kernel.shape
    full = np.zeros((*window, depth, depth * multiplier), kernel.dtype)
    for c in range(depth):
        full[..., c, c * multiplier : (c + 1) * multiplier] = kernel[..., c, :]
    return _conv(x, full, strides, padding, data_format, dilation)


def _separable_conv(x, depthwise, pointwise, strides=1, padding="valid", data_format=None, dilation=1):
    x = _channels_last(_depthwise_conv(x, depthwise, strides, padding, data_format, dilation), data_format)
    return _back(x @ pointwise.reshape(pointwise.shape[-2:]), data_format)


def _conv_transpose(x, kernel, strides=1, padding="valid", output_padding=None, data_format=None, dilation=1):
    x = _channels_last(x, data_format)
    count = x.ndim - 2
    strides, dilation, extra = _each(strides, count), _each(dilation, count), output_padding
    extra = (extra,) * count if extra is None or isinstance(extra, int) else extra
    spans = [(w - 1) * d + 1 for w, d in zip(kernel.shape, dilation, strict=False)]
    full = [(n - 1) * s + e for n, s, e in zip(x.shape[1:-1], strides, spans, strict=True)]
    total = np.zeros((x.shape[0], *(n + max(strides) for n in full), kernel.shape[-2]), x.dtype)
    for position in itertools.product(*map(range, x.shape[1:-1])):
        for offset in itertools.product(*map(range, kernel.shape[:-2])):
            spot = tuple(p * s + o * d for p, s, o, d in zip(position, strides, offset, dilation, strict=True))
            total[(slice(None), *spot)] += x[(slice(None), *position)] @ kernel[offset].T
    kept = []
    for n, length, s, e, more in zip(x.shape[1:-1], full, strides, spans, extra, strict=True):
        if more is None:
            size = n * s if padding == "same" else max(n * s, length)
        else:
            size = length + more - (2 * (e // 2) if padding == "same" else 0)
        start = max(length - size, 0) // 2 if padding == "same" else 0
        kept.append(slice(start, start + size))
    return _back(total[(slice(None), *kept)], data_format)


def _pool(function):
    def pool(x, window, strides=None, padding="valid", data_format=None):
        x = _channels_last(x, data_format)
        window = _each(window, x.ndim - 2)
        positions, windows = _windows(x, window, window if strides is None else strides, padding, 1)
        result = np.zeros((x.shape[0], *positions, x.shape[-1]), x.dtype)
        for position, pairs in windows:
            inside = [x[(slice(None), *spot)] for _, spot in pairs]
            result[(slice(None), *position)] = function(np.stack(inside), axis=0)
        return _back(result, data_format)

    return pool


def _adaptive_pool(function):
    def pool(x, output_size, data_format=None):
        x = _channels_last(x, data_format)
        sizes = _each(output_size, x.ndim - 2)
        result = np.zeros((x.shape[0], *sizes, x.shape[-1]), x.dtype)
        for position in itertools.product(*map(range, sizes)):
            spots = [
                slice(i * n // m, -(-(i + 1) * n // m)) for i, n, m in zip(position, x.shape[1:-1], sizes, strict=True)
            ]
            part = x[(slice(None), *spots)]
            result[(slice(None), *position)] = function(part, axis=tuple(range(1, x.ndim - 1)))
        return _back(result, data_format)

    return pool


# Arguments.


def _one_or_each(draw, values, count):
    return draw(values) if draw(st.booleans()) else tuple(draw(values) for _ in range(count))


def _geometry(draw, max_rank=3):
    """Draw window, strides, padding, layout and dilation, and a batch of spatial sizes that they fit."""
    count = draw(st.integers(1, max_rank))
    window = tuple(draw(st.integers(1, 3)) for _ in range(count))
    strides = _one_or_each(draw, st.integers(1, 3), count)
    dilation = draw(st.sampled_from([1, 1, 1, 2, (2, 1, 2)[:count]]))
    padding = draw(st.sampled_from(["valid", "same"]))
    data_format = draw(st.sampled_from([None, "channels_last", "channels_first"]))
    least = [(w - 1) * d + 1 if padding == "valid" else 1 for w, d in zip(window, _each(dilation, count), strict=True)]
    sizes = tuple(n + draw(st.integers(0, 4)) for n in least)
    # Not of nothing: in a graph that learns so only when it runs, TensorFlow 2.21 gives a result of a wrong shape.
    return window, strides, padding, data_format, dilation, (draw(st.integers(1, 2)), *sizes)


def _inputs(draw, dtype, sizes, channels, data_format, **limits):
    batch, *spatial = sizes
    shape = (batch, channels, *spatial) if data_format == "channels_first" else (batch, *spatial, channels)
    return draw(arrays(dtype, shape, **limits))


# The kernel's sizes are known, as those of weights are: a definition goes over its elements one by one.


def _biased_conv(x, kernel, bias, strides=1, padding="valid", data_format=None, dilation=1):
    bias = bias.reshape(-1, *(1,) * (x.ndim - 2)) if data_format == "channels_first" else bias
    return _conv(x, kernel, strides, padding, data_format, dilation) + bias


@case("conv", _conv, dtypes=CONV_DTYPES, tolerance=4, known=(1,))
def _conv_case(draw, dtype):
    window, strides, padding, data_format, dilation, sizes = _geometry(draw)
    depth, filters, groups = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.sampled_from([1, 1, 2, 3]))
    x = _inputs(draw, dtype, sizes, depth * groups, data_format)
    return x, draw(arrays(dtype, (*window, depth, filters * groups))), strides, padding, data_format, dilation


@case("conv", _conv, dtypes=FLOATS, tolerance=4, known=(1,))
def _conv_of_two_dtypes(draw, dtype):
    x = draw(arrays("float32", (2, 6, 5, 2)))
    return x, draw(arrays(dtype, (3, 3, 2, 4))), draw(st.integers(1, 2)), "same", None, 1


@case("biased_conv", _biased_conv, dtypes=CONV_DTYPES, tolerance=4, known=(1,))
def _biased_conv_case(draw, dtype):
    x, kernel, *options = _conv_case(draw, dtype)
    return x, kernel, draw(arrays(dtype, kernel.shape[-1:])), *options


@case("depthwise_conv", _depthwise_conv, dtypes=CONV_DTYPES, tolerance=4, known=(1,))
def _depthwise_conv_case(draw, dtype):
    window, strides, padding, data_format, dilation, sizes = _geometry(draw)
    depth, multiplier = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    x = _inputs(draw, dtype, sizes, depth, data_format)
    return x, draw(arrays(dtype, (*window, depth, multiplier))), strides, padding, data_format, dilation


@case("separable_conv", _separable_conv, dtypes=NUMERIC, tolerance=8, known=(1, 2))
def _separable_conv_case(draw, dtype):
    window, strides, padding, data_format, dilation, sizes = _geometry(draw, 2)
    depth, multiplier, filters = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    x = _inputs(draw, dtype, sizes, depth, data_format, low=-2, high=2)
    depthwise = draw(arrays(dtype, (*window, depth, multiplier), low=-1, high=1))
    pointwise = draw(arrays(dtype, (*(1,) * len(window), depth * multiplier, filters), low=-1, high=1))
    return x, depthwise, pointwise, strides, padding, data_format, dilation


@case("conv_transpose", _conv_transpose, dtypes=CONV_DTYPES, tolerance=4, known=(1,))
def _conv_transpose_case(draw, dtype):
    window, strides, padding, data_format, dilation, sizes = _geometry(draw)
    count = len(window)
    sizes = (sizes[0], *(min(n, 4) for n in sizes[1:]))
    extra = None
    if draw(st.booleans()):
        extra = tuple(draw(st.integers(0, s - 1)) for s in _each(strides, count))
        sizes = (sizes[0], *(n + 1 for n in sizes[1:]))  # of one element padding="same" may leave nothing
    depth, filters = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    x = _inputs(draw, dtype, sizes, depth, data_format)
    return x, draw(arrays(dtype, (*window, filters, depth))), strides, padding, extra, data_format, dilation


for _name, _function, _dtypes in (
    ("max_pool", _pool(np.max), REAL),
    ("average_pool", _pool(np.mean), REAL),
):

    @case(_name, _function, dtypes=_dtypes, tolerance=2)
    def _pool_case(draw, dtype, distinct=_name == "max_pool"):
        window, strides, padding, data_format, _, sizes = _geometry(draw)
        window = draw(st.sampled_from([window, max(window)])) if padding == "same" else window
        # All different where the dtype has so many numbers: which of several largest has the gradient is no one's law.
        distinct = distinct and dtype in ("float32", "float64")
        x = _inputs(draw, dtype, sizes, draw(st.integers(1, 3)), data_format, distinct=distinct)
        return x, window, draw(st.sampled_from([None, strides])), padding, data_format


for _name, _function in {"adaptive_max_pool": np.max, "adaptive_average_pool": np.mean}.items():

    @case(_name, _adaptive_pool(_function), tolerance=2)
    def _adaptive_pool_case(draw, dtype, distinct=_name == "adaptive_max_pool"):
        sizes = (draw(st.integers(0, 2)), *draw(st.lists(st.integers(1, 6), min_size=1, max_size=3)))
        data_format = draw(st.sampled_from([None, "channels_last", "channels_first"]))
        distinct = distinct and dtype in ("float32", "float64")
        x = _inputs(draw, dtype, sizes, draw(st.integers(1, 3)), data_format, distinct=distinct)
        return x, _one_or_each(draw, st.integers(1, 4), len(sizes) - 1), data_format
