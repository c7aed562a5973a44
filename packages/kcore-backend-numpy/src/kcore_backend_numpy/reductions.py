"""Reductions, cumulative sums, sorting and searching, on NumPy arrays."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from kcore_ops.dtypes import numpy_dtype


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


def searchsorted(sorted_sequence, values, side):
    return np.searchsorted(sorted_sequence, values, side).astype(np.int32)


def segment_sum(data, segment_ids, num_segments, sorted):
    return _by_segment(np.add, 0, data, segment_ids, num_segments)


def segment_max(data, segment_ids, num_segments, sorted):
    least = {"f": -np.inf, "b": False}.get(data.dtype.kind)
    least = np.iinfo(data.dtype).min if least is None else least
    return _by_segment(np.maximum, least, data, segment_ids, num_segments)


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
    "max": max,
    "mean": mean,
    "median": median,
    "min": min,
    "nanmax": nanmax,
    "nanmin": nanmin,
    "nansum": nansum,
    "prod": prod,
    "searchsorted": searchsorted,
    "segment_max": segment_max,
    "segment_sum": segment_sum,
    "sort": np.sort,
    "sum": sum,
    "top_k": top_k,
}

_HALF = {"float16": "float32", "bfloat16": "float32"}

# Dtypes the framework can not compute an op in, each with the one to use instead. NumPy adds up half floats in
# themselves, and sorts bfloat16 with NaN anywhere.
WIDENED: dict[str, dict[str, str]] = {
    name: _HALF
    for name in ("argsort", "cumprod", "cumsum", "mean", "median", "nanmax", "nanmin", "nansum", "prod", "searchsorted",
                 "segment_sum", "sort", "sum", "top_k")
} | {"segment_max": {"bfloat16": "float32"}}  # fmt: skip
