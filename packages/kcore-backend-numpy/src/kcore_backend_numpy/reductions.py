"""Reductions, cumulative sums, sorting and searching, on NumPy arrays."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import kcore_ops
import numpy as np
from kcore_ops.dtypes import limits, numpy_dtype
from kcore_ops.plugin import op_of


def sum(x, axis, keepdims):
    return np.add.reduce(x, axis, x.dtype, None, keepdims)


def prod(x, axis, keepdims, dtype):
    return np.multiply.reduce(x, axis, x.dtype if dtype is None else numpy_dtype(dtype), None, keepdims)


def max(x, axis, keepdims, initial):
    if initial is None:
        return np.maximum.reduce(x, axis, None, None, keepdims)
    return np.maximum.reduce(x, axis, None, None, keepdims, x.dtype.type(initial))


def min(x, axis, keepdims, initial):
    if initial is None:
        return np.minimum.reduce(x, axis, None, None, keepdims)
    return np.minimum.reduce(x, axis, None, None, keepdims, x.dtype.type(initial))


def all(x, axis, keepdims):
    return np.logical_and.reduce(x, axis, None, None, keepdims)


def any(x, axis, keepdims):
    return np.logical_or.reduce(x, axis, None, None, keepdims)


def argmax(x, axis, keepdims):
    return np.argmax(x, axis, keepdims=keepdims).astype(np.int32)


def argmin(x, axis, keepdims):
    return np.argmin(x, axis, keepdims=keepdims).astype(np.int32)


def count_nonzero(x, axis):
    return np.add.reduce(x, axis, np.int32)


def mean(x, axis, keepdims):
    total = np.add.reduce(x, axis, x.dtype, None, keepdims)
    count = x.size // total.size if total.size else 1
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(total, count, dtype=x.dtype)


def var(x, axis, keepdims):
    return moments(x, axis, keepdims, False)[1]


def moments(x, axes, keepdims, synchronized):
    if synchronized:
        raise NotImplementedError("synchronized moments")
    if x.dtype.itemsize == 2:
        return _moments(x, axes, keepdims, synchronized)
    center = mean(x, axes, True)
    distance = np.asarray(x - center)
    # In place: to have memory cleared for one more array takes longer than to compute it.
    square = (distance * distance.conj()).real if np.iscomplexobj(x) else np.multiply(distance, distance, distance)
    variance = mean(square, axes, keepdims)
    return center if keepdims else center.reshape(variance.shape), variance


_moments = op_of(kcore_ops.moments).body


def nansum(x, axis, keepdims):
    return np.nansum(x, axis, x.dtype, keepdims=keepdims)


def nanmax(x, axis, keepdims):
    return np.fmax.reduce(x, axis, None, None, keepdims)


def nanmin(x, axis, keepdims):
    return np.fmin.reduce(x, axis, None, None, keepdims)


def median(x, axis, keepdims):
    if x.size == 0:  # np.median does not put several axes together where another is empty (NumPy 2.4)
        return np.mean(x, axis, keepdims=keepdims)
    return np.median(x, axis, keepdims=keepdims) if axis != () else x


def cumsum(x, axis, dtype):
    return np.cumsum(x, axis, x.dtype if dtype is None else numpy_dtype(dtype))


def cumprod(x, axis, dtype):
    return np.cumprod(x, axis, x.dtype if dtype is None else numpy_dtype(dtype))


def argsort(x, axis):
    return np.argsort(x, axis, kind="stable").astype(np.int32)


def top_k(x, k, sorted):
    size = x.shape[-1]
    if not 0 <= k <= size:
        raise ValueError(f"{k} of {size}")
    # Sorting backwards and reading backwards puts equal elements in order of index.
    found = (size - 1 - np.argsort(x[..., ::-1], -1, kind="stable")[..., ::-1])[..., :k]
    return np.take_along_axis(x, found, -1), found.astype(np.int32)


def nonzero(x):
    return tuple(places.astype(np.int32) for places in np.nonzero(x))


def isin(x1, x2, assume_unique, invert):
    return np.isin(x1, x2, invert=invert)


def searchsorted(sorted_sequence, values, side):
    return np.searchsorted(sorted_sequence, values, side).astype(np.int32)


def segment_sum(data, segment_ids, num_segments, sorted):
    return _by_segment(np.add, 0, data, segment_ids, num_segments)


def segment_max(data, segment_ids, num_segments, sorted):
    return _by_segment(np.maximum, _limits(data.dtype)[0], data, segment_ids, num_segments)


def segment_min(data, segment_ids, num_segments, sorted):
    return _by_segment(np.minimum, _limits(data.dtype)[1], data, segment_ids, num_segments)


def segment_prod(data, segment_ids, num_segments, sorted):
    return _by_segment(np.multiply, 1, data, segment_ids, num_segments)


def _limits(dtype):
    return (-np.inf, np.inf) if dtype.kind == "f" else limits(dtype.name)


def _by_segment(combine, start, data, segment_ids, num_segments):
    if segment_ids.ndim != 1:
        raise ValueError(segment_ids.shape)
    result = np.full((operator.index(num_segments), *data.shape[1:]), start, data.dtype)
    known = (segment_ids >= 0) & (segment_ids < num_segments)
    combine.at(result, segment_ids[known], data[known])
    return result


TABLE: dict[str, Callable[..., Any]] = {
    "all": all,
    "any": any,
    "argmax": argmax,
    "argmin": argmin,
    "argsort": argsort,
    "count_nonzero": count_nonzero,
    "cumprod": cumprod,
    "cumsum": cumsum,
    "diff": np.diff,
    "isin": isin,
    "max": max,
    "mean": mean,
    "median": median,
    "min": min,
    "moments": moments,
    "nanmax": nanmax,
    "nanmin": nanmin,
    "nansum": nansum,
    "nonzero": nonzero,
    "prod": prod,
    "searchsorted": searchsorted,
    "segment_max": segment_max,
    "segment_min": segment_min,
    "segment_prod": segment_prod,
    "segment_sum": segment_sum,
    "sort": np.sort,
    "sum": sum,
    "top_k": top_k,
    "var": var,
}

_HALF = {"float16": "float32", "bfloat16": "float32"}

# Dtypes the framework can not compute an op in, each with the one to use instead. NumPy adds up half floats in
# themselves, and sorts bfloat16 with NaN anywhere.
WIDENED: dict[str, dict[str, str]] = {
    name: _HALF
    for name in ("argsort", "cumprod", "cumsum", "mean", "median", "nanmax", "nanmin", "nansum", "prod",
                 "searchsorted", "segment_prod", "segment_sum", "sort", "sum", "top_k", "var")
} | {name: {"bfloat16": "float32"} for name in ("isin", "segment_max", "segment_min")}  # fmt: skip
