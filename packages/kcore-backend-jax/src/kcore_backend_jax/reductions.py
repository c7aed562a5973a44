"""Reductions, cumulative sums, sorting and searching, on JAX arrays."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import kcore_ops
from kcore_ops.plugin import op_of

from kcore_backend_jax.dtypes import native_dtype


def sum(x, axis, keepdims):
    return jnp.sum(x, axis, x.dtype, keepdims=keepdims)


def prod(x, axis, keepdims, dtype):
    return jnp.prod(x, axis, x.dtype if dtype is None else native_dtype(dtype), keepdims=keepdims)


def max(x, axis, keepdims, initial):
    return jnp.max(x, axis, keepdims=keepdims, initial=initial)


def min(x, axis, keepdims, initial):
    return jnp.min(x, axis, keepdims=keepdims, initial=initial)


def all(x, axis, keepdims):
    return jnp.all(x, axis, keepdims=keepdims)


def any(x, axis, keepdims):
    return jnp.any(x, axis, keepdims=keepdims)


def argmax(x, axis, keepdims):
    return jnp.argmax(x, axis, keepdims=keepdims).astype(jnp.int32)


def argmin(x, axis, keepdims):
    return jnp.argmin(x, axis, keepdims=keepdims).astype(jnp.int32)


def count_nonzero(x, axis):
    return jnp.sum(x, axis, jnp.int32)


def mean(x, axis, keepdims):
    return jnp.mean(x, axis, keepdims=keepdims)


def var(x, axis, keepdims):
    return jnp.var(x, axis, keepdims=keepdims)


def std(x, axis, keepdims):
    return jnp.std(x, axis, keepdims=keepdims)


def moments(x, axes, keepdims, synchronized):
    if synchronized:
        raise NotImplementedError("synchronized moments")
    if x.dtype.itemsize == 2:
        return _moments(x, axes, keepdims, synchronized)
    return jnp.mean(x, axes, keepdims=keepdims), jnp.var(x, axes, keepdims=keepdims)


_moments = op_of(kcore_ops.moments).body


def nansum(x, axis, keepdims):
    return jnp.nansum(x, axis, x.dtype, keepdims=keepdims)


def nanmean(x, axis, keepdims):
    return jnp.nanmean(x, axis, keepdims=keepdims)


def nanmax(x, axis, keepdims):
    return jnp.nanmax(x, axis, keepdims=keepdims)


def nanmin(x, axis, keepdims):
    return jnp.nanmin(x, axis, keepdims=keepdims)


def cumsum(x, axis, dtype):
    return jnp.cumsum(x, axis, x.dtype if dtype is None else native_dtype(dtype))


def cumprod(x, axis, dtype):
    return jnp.cumprod(x, axis, x.dtype if dtype is None else native_dtype(dtype))


def diff(a, n, axis):
    return jnp.diff(a, n, axis)


def sort(x, axis):
    return jnp.sort(x, axis)


def argsort(x, axis):
    return jnp.argsort(x, axis).astype(jnp.int32)


@functools.partial(jax.jit, static_argnums=(1, 2))
def top_k(x, k, sorted):
    # lax.top_k tells -0 from 0, and NaN by its sign.
    keys = jax.lax.stop_gradient(x)
    if jnp.issubdtype(x.dtype, jnp.floating):
        keys = jnp.where(jnp.isnan(keys), jnp.nan, jnp.where(keys == 0, 0, keys)).astype(x.dtype)
    indices = jax.lax.top_k(keys, k)[1]
    return jnp.take_along_axis(x, indices, -1), indices


def searchsorted(sorted_sequence, values, side):
    return jnp.searchsorted(sorted_sequence, values, side).astype(jnp.int32)


def segment_sum(data, segment_ids, num_segments, sorted):
    return _by_segment(jax.ops.segment_sum, data, segment_ids, num_segments, sorted)


def segment_max(data, segment_ids, num_segments, sorted):
    return _by_segment(jax.ops.segment_max, data, segment_ids, num_segments, sorted)


def segment_min(data, segment_ids, num_segments, sorted):
    return _by_segment(jax.ops.segment_min, data, segment_ids, num_segments, sorted)


# There is no segment_prod: JAX's has no gradient (0.10), and the definition has.


def _by_segment(reduce, data, segment_ids, num_segments, sorted):
    if segment_ids.ndim != 1 or data.shape[:1] != segment_ids.shape:
        raise ValueError((data.shape, segment_ids.shape))
    count = operator.index(num_segments)
    # The gradient of no segments at all reads out of range (0.10).
    return reduce(data, segment_ids, count, sorted) if count else data[:0]


TABLE: dict[str, Callable[..., Any]] = {
    "all": all,
    "any": any,
    "argmax": argmax,
    "argmin": argmin,
    "argsort": argsort,
    "count_nonzero": count_nonzero,
    "cumprod": cumprod,
    "cumsum": cumsum,
    "diff": diff,
    "logsumexp": jax.jit(op_of(kcore_ops.logsumexp).body, static_argnums=(1, 2)),  # JAX's has NaN for gradients
    "max": max,
    "mean": mean,
    "min": min,
    "moments": moments,
    "nanmax": nanmax,
    "nanmean": nanmean,
    "nanmin": nanmin,
    "nansum": nansum,
    "prod": prod,
    "searchsorted": searchsorted,
    "segment_max": segment_max,
    "segment_min": segment_min,
    "segment_sum": segment_sum,
    "sort": sort,
    "std": std,
    "sum": sum,
    "top_k": top_k,
    "var": var,
}

_HALF = {"float16": "float32", "bfloat16": "float32"}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {
    **{name: _HALF for name in ("cumprod", "cumsum", "nanmean", "nansum", "prod", "std", "var")},
    "segment_sum": {**_HALF, "bool": "int32"},
}
