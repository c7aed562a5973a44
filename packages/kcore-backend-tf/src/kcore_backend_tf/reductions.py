"""Reductions, cumulative sums, sorting and searching, on TensorFlow tensors."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import kcore_ops
import numpy as np
import tensorflow as tf
from kcore_ops.plugin import normalize_axes, normalize_axis, op_of

raw = tf.raw_ops


@functools.lru_cache(maxsize=1024)
def _axes(axis, rank):
    """Axes as TensorFlow takes them fastest: one as an integer, several as an array."""
    if isinstance(axis, int):
        return axis
    return np.array(range(rank) if axis is None else axis, np.int32)


def sum(x, axis, keepdims):
    return raw.Sum(input=x, axis=_axes(axis, x.shape.rank), keep_dims=keepdims)


def prod(x, axis, keepdims, dtype):
    x = x if dtype is None else tf.cast(x, dtype)
    return raw.Prod(input=x, axis=_axes(axis, x.shape.rank), keep_dims=keepdims)


def max(x, axis, keepdims, initial):
    if initial is None:
        _check_not_empty(x, axis)
    result = raw.Max(input=x, axis=_axes(axis, x.shape.rank), keep_dims=keepdims)
    return result if initial is None else tf.maximum(result, _number(initial, x))


def min(x, axis, keepdims, initial):
    if initial is None:
        _check_not_empty(x, axis)
    result = raw.Min(input=x, axis=_axes(axis, x.shape.rank), keep_dims=keepdims)
    return result if initial is None else tf.minimum(result, _number(initial, x))


def _check_not_empty(x, axis):
    """TensorFlow has an extreme of nothing: the last number of the dtype."""
    sizes = x.shape.as_list()
    if 0 in sizes and 0 in [sizes[i] for i in normalize_axes(axis, len(sizes))]:
        raise ValueError(sizes)


def _number(value, x):
    return tf.constant(np.array(value).astype(x.dtype.as_numpy_dtype))


def all(x, axis, keepdims):
    return raw.All(input=x, axis=_axes(axis, x.shape.rank), keep_dims=keepdims)


def any(x, axis, keepdims):
    return raw.Any(input=x, axis=_axes(axis, x.shape.rank), keep_dims=keepdims)


def argmax(x, axis, keepdims):
    return _index(raw.ArgMax, raw.Max, x, axis, keepdims)


def argmin(x, axis, keepdims):
    return _index(raw.ArgMin, raw.Min, x, axis, keepdims)


def _index(find, extreme, x, axis, keepdims):
    rank = x.shape.rank
    if axis is None:
        x = tf.reshape(x, [-1])
    place = 0 if axis is None else axis
    if x.dtype.is_floating:  # ArgMax passes over NaN
        x = tf.equal(x, extreme(input=x, axis=place, keep_dims=True)) | tf.not_equal(x, x)
        find = raw.ArgMax
    found = find(input=x, dimension=place, output_type=tf.int32)
    if not keepdims:
        return found
    return tf.expand_dims(found, axis) if axis is not None else tf.reshape(found, [1] * rank)


def mean(x, axis, keepdims):
    if x.dtype.is_complex:  # the mean of no complex numbers would be 0 (TensorFlow 2.21)
        return tf.complex(mean(tf.math.real(x), axis, keepdims), mean(tf.math.imag(x), axis, keepdims))
    return raw.Mean(input=x, axis=_axes(axis, x.shape.rank), keep_dims=keepdims)


def var(x, axis, keepdims):
    axes = _axes(axis, x.shape.rank)
    center = raw.Mean(input=x, axis=axes, keep_dims=True)
    squares = raw.SquaredDifference(x=x, y=center)
    return raw.Mean(input=tf.math.real(squares) if x.dtype.is_complex else squares, axis=axes, keep_dims=keepdims)


def moments(x, axes, keepdims, synchronized):
    if synchronized:
        raise NotImplementedError("synchronized moments")
    if x.dtype.size == 2:
        return _moments(x, axes, keepdims, synchronized)
    reduced = _axes(axes, x.shape.rank)
    center = raw.Mean(input=x, axis=reduced, keep_dims=True)
    variance = raw.Mean(input=raw.SquaredDifference(x=x, y=center), axis=reduced, keep_dims=keepdims)
    if keepdims or axes == ():
        return center, variance
    return tf.squeeze(center, normalize_axes(axes, x.shape.rank)), variance


_moments = op_of(kcore_ops.moments).body


def logsumexp(x, axis, keepdims):
    # Of nothing but -inf, TensorFlow's gradient is NaN.
    is_nothing = tf.equal(tf.reduce_max(tf.stop_gradient(x), axis, True), -np.inf)
    result = tf.reduce_logsumexp(tf.where(is_nothing, tf.zeros_like(x), x), axis, True)
    result = tf.where(is_nothing, tf.constant(-np.inf, x.dtype), result)
    return result if keepdims else tf.reshape(result, tf.shape(tf.reduce_max(x, axis)))


def cumsum(x, axis, dtype):
    x, axis = _running(x, axis, dtype)
    return tf.cumsum(x, axis)


def cumprod(x, axis, dtype):
    x, axis = _running(x, axis, dtype)
    return tf.math.cumprod(x, axis)


def _running(x, axis, dtype):
    x = x if dtype is None else tf.cast(x, dtype)
    return (tf.reshape(x, [-1]), 0) if axis is None else (x, axis)


def _keys(x):
    """Integers in the order of the elements of `x`, with NaN above all: TopKV2 puts NaN anywhere, and -0 below 0."""
    if not x.dtype.is_floating:
        return x
    kind = {2: tf.int16, 4: tf.int32, 8: tf.int64}[x.dtype.size]
    bits = tf.bitcast(x, kind)
    least, most = tf.constant(kind.min, kind), tf.constant(kind.max, kind)
    return tf.where(tf.math.is_nan(x), most, tf.where(bits < 0, least - bits, bits))


def _ascending(x):
    """Indices that sort the last axis, and the values where there is no gradient to keep."""
    found = tf.math.top_k(tf.bitwise.invert(_keys(x)), _last_size(x))
    return found.indices, tf.bitwise.invert(found.values)


def _last_size(x):
    return tf.shape(x)[-1] if x.shape[-1] is None else x.shape[-1]


def _with_axis_last(x, axis, function):
    """Apply a function along the last axis to any other."""
    if axis is None:
        return function(tf.reshape(x, [-1]))
    rank = x.shape.rank
    axis = normalize_axis(axis, rank)
    if axis == rank - 1:
        return function(x)
    order = [*range(axis), *range(axis + 1, rank), axis]
    return tf.transpose(function(tf.transpose(x, order)), np.argsort(order))


def sort(x, axis):
    def sort_last(x):
        indices, values = _ascending(x)
        return tf.gather(x, indices, batch_dims=x.shape.rank - 1) if x.dtype.is_floating else values

    return _with_axis_last(x, axis, sort_last)


def argsort(x, axis):
    return _with_axis_last(x, axis, lambda x: _ascending(x)[0])


def top_k(x, k, sorted):
    found = tf.math.top_k(_keys(x), k)
    if x.dtype.is_floating:
        return tf.gather(x, found.indices, batch_dims=x.shape.rank - 1), found.indices
    return found.values, found.indices


def nonzero(x):
    if not x.shape.rank:
        raise ValueError("a scalar")
    return tuple(tf.unstack(tf.cast(tf.where(x), tf.int32), axis=1))


def searchsorted(sorted_sequence, values, side):
    bound = {"left": raw.LowerBound, "right": raw.UpperBound}[side]
    row = tf.reshape(values, [1, -1])
    found = bound(sorted_inputs=tf.expand_dims(sorted_sequence, 0), values=row)
    if values.dtype.is_floating:
        found = tf.where(tf.math.is_nan(row), _last_size(sorted_sequence), found)
    return tf.reshape(found, tf.shape(values))


def segment_sum(data, segment_ids, num_segments, sorted):
    return _of_segments(tf.math.unsorted_segment_sum, data, segment_ids, num_segments)


def segment_max(data, segment_ids, num_segments, sorted):
    return _extreme_of_segments(tf.math.unsorted_segment_max, -np.inf, data, segment_ids, num_segments)


def segment_min(data, segment_ids, num_segments, sorted):
    return _extreme_of_segments(tf.math.unsorted_segment_min, np.inf, data, segment_ids, num_segments)


def _extreme_of_segments(extreme, worst, data, segment_ids, num_segments):
    known = _known(segment_ids, num_segments)
    result = _of_segments(extreme, data, segment_ids, num_segments)
    if not data.dtype.is_floating:
        return result
    # An empty segment is infinite, where TensorFlow gives the last finite number.
    rows = tf.math.unsorted_segment_sum(tf.ones_like(known), known, num_segments)
    is_empty = tf.reshape(tf.equal(rows, 0), [-1] + [1] * (data.shape.rank - 1))
    return tf.where(is_empty, tf.constant(worst, data.dtype), result)


def segment_prod(data, segment_ids, num_segments, sorted):
    return _of_segments(tf.math.unsorted_segment_prod, data, segment_ids, num_segments)


def _of_segments(function, data, segment_ids, num_segments):
    known = _known(segment_ids, num_segments)
    # The functions' gradients look each row's segment up, even where there are no segments.
    if isinstance(num_segments, tf.Tensor):
        return function(data, known, tf.maximum(num_segments, 1))[:num_segments]
    return function(data, known, num_segments) if num_segments else tf.zeros_like(data[:0])


def _known(segment_ids, num_segments):
    """Number of each row's segment, negative for rows that belong to none."""
    if segment_ids.shape.rank != 1:
        raise ValueError(segment_ids.shape)
    wide = tf.cast(segment_ids, tf.int64)
    count = tf.cast(num_segments, tf.int64) if isinstance(num_segments, tf.Tensor) else operator.index(num_segments)
    return tf.where(wide < count, wide, -1)


TABLE: dict[str, Callable[..., Any]] = {
    "all": all,
    "any": any,
    "argmax": argmax,
    "argmin": argmin,
    "argsort": argsort,
    "cumprod": cumprod,
    "cumsum": cumsum,
    "logsumexp": logsumexp,
    "max": max,
    "mean": mean,
    "min": min,
    "moments": moments,
    "nonzero": nonzero,
    "prod": prod,
    "searchsorted": searchsorted,
    "segment_max": segment_max,
    "segment_min": segment_min,
    "segment_prod": segment_prod,
    "segment_sum": segment_sum,
    "sort": sort,
    "sum": sum,
    "top_k": top_k,
    "var": var,
}

_HALF = {"float16": "float32", "bfloat16": "float32"}
_BOOL = {"bool": "uint8"}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {
    **{name: _HALF for name in ("cumprod", "cumsum", "logsumexp", "mean", "prod", "sum", "var")},
    **{
        name: _BOOL for name in ("argsort", "max", "min", "searchsorted", "segment_max", "segment_min", "sort", "top_k")
    },
    **{name: {**_HALF, "bool": "int32"} for name in ("segment_prod", "segment_sum")},
}
