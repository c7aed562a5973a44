"""Reductions, cumulative sums, sorting and searching, on torch tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kcore_ops
import torch
from kcore_ops.plugin import normalize_axes, op_of, reduced_shape
from torch.fx.experimental.proxy_tensor import get_proxy_mode

from kcore_backend_torch.dtypes import native_dtype

# To torch, `dim=()` means all axes.


def sum(x, axis, keepdims):
    if axis == ():
        return x
    # Naming the dtype takes a quarter of a microsecond; only integers need it.
    return torch.sum(x, axis, keepdims) if x.is_floating_point() else torch.sum(x, axis, keepdims, dtype=x.dtype)


def prod(x, axis, keepdims, dtype):
    x = x if dtype is None else x.to(native_dtype(dtype))
    if axis is None and not keepdims:
        return torch.prod(x, dtype=x.dtype)
    for dim in sorted(normalize_axes(axis, x.ndim), reverse=True):  # torch takes one at a time
        x = torch.prod(x, dim, keepdims, dtype=x.dtype)
    return x


def max(x, axis, keepdims, initial):
    if initial is None:
        return _amax(x, axis, keepdims)
    if x.numel() == 0:
        return _full(x, axis, keepdims, initial)
    return torch.maximum(_amax(x, axis, keepdims), torch.full((), initial, dtype=x.dtype, device=x.device))


def min(x, axis, keepdims, initial):
    if initial is None:
        return _amin(x, axis, keepdims)
    if x.numel() == 0:
        return _full(x, axis, keepdims, initial)
    return torch.minimum(_amin(x, axis, keepdims), torch.full((), initial, dtype=x.dtype, device=x.device))


def _amax(x, axis, keepdims):
    return x if axis == () else torch.amax(x, () if axis is None else axis, keepdims)


def _amin(x, axis, keepdims):
    return x if axis == () else torch.amin(x, () if axis is None else axis, keepdims)


def _full(x, axis, keepdims, value):
    return torch.full(reduced_shape(x.shape, axis, keepdims), value, dtype=x.dtype, device=x.device)


def all(x, axis, keepdims):
    return torch.all(x, axis, keepdim=keepdims)


def any(x, axis, keepdims):
    return torch.any(x, axis, keepdim=keepdims)


def argmax(x, axis, keepdims):
    return _index(torch.argmax(x, axis, keepdims), x, axis, keepdims)


def argmin(x, axis, keepdims):
    return _index(torch.argmin(x, axis, keepdims), x, axis, keepdims)


def _index(found, x, axis, keepdims):
    return (found.reshape((1,) * x.ndim) if axis is None and keepdims else found).to(torch.int32)


def count_nonzero(x, axis):
    return torch.sum(x, axis, dtype=torch.int32) if axis != () else x.to(torch.int32)


def mean(x, axis, keepdims):
    return torch.mean(x, axis, keepdims) if axis != () else x


def var(x, axis, keepdims):
    # In two passes: torch.var takes thirty times as long on the CPU (2.13).
    return mean(_squared_length(x - mean(x, axis, True)), axis, keepdims)


def _squared_length(x):
    return (x.conj() * x).real if x.is_complex() else x * x


def nansum(x, axis, keepdims):
    if axis == () or x.is_complex():
        return sum(torch.where(torch.isnan(x), 0, x), axis, keepdims)
    return torch.nansum(x, axis, keepdims, dtype=x.dtype)


def moments(x, axes, keepdims, synchronized):
    if synchronized:
        raise NotImplementedError("synchronized moments")
    if x.dtype.itemsize == 2:
        return _moments(x, axes, keepdims, synchronized)
    center = mean(x, axes, True)
    variance = mean(_squared_length(x - center), axes, keepdims)
    return center if keepdims else center.reshape(variance.shape), variance


_moments = op_of(kcore_ops.moments).body


def logsumexp(x, axis, keepdims):
    if axis == ():
        return x
    axes = tuple(range(x.ndim)) if axis is None else axis
    # Of nothing but -inf, torch's gradient is NaN.
    is_nothing = torch.amax(x.detach(), axes, True) == -torch.inf if x.numel() else x.new_zeros((), dtype=torch.bool)
    result = torch.logsumexp(torch.where(is_nothing, 0, x), axes, True)
    result = torch.where(is_nothing, -torch.inf, result)
    return result if keepdims else torch.squeeze(result, axes)


def cumsum(x, axis, dtype):
    return torch.cumsum(*_running(x, axis), dtype=x.dtype if dtype is None else native_dtype(dtype))


def cumprod(x, axis, dtype):
    return torch.cumprod(*_running(x, axis), dtype=x.dtype if dtype is None else native_dtype(dtype))


def _running(x, axis):
    return (x.reshape(-1), 0) if axis is None else (x, axis)


def diff(a, n, axis):
    return torch.diff(a, n, axis)


def sort(x, axis):
    x, dim = _running(x, axis)
    return torch.sort(x, dim=dim, stable=True)[0]


def argsort(x, axis):
    x, dim = _running(x, axis)
    return torch.sort(x, dim=dim, stable=True)[1].to(torch.int32)


def top_k(x, k, sorted):
    # torch.topk gives equal elements in any order.
    values, indices = torch.sort(x, dim=-1, descending=True, stable=True)
    return values.narrow(-1, 0, k), indices.narrow(-1, 0, k).to(torch.int32)


def nonzero(x):
    if not x.ndim:  # torch gives a scalar an axis
        raise ValueError("a scalar")
    if get_proxy_mode() is not None:  # `jit` takes this for a branch on values, which no graph holds, as it is
        raise RuntimeError("tracing tensor")
    return tuple(places.to(torch.int32) for places in torch.nonzero(x, as_tuple=True))


def isin(x1, x2, assume_unique, invert):
    # Of few elements it takes a view, which a transposed tensor has not (torch 2.13).
    return torch.isin(x1.contiguous(), x2.contiguous(), invert=invert)


def searchsorted(sorted_sequence, values, side):
    if sorted_sequence.ndim != 1:
        raise ValueError(sorted_sequence.shape)
    return torch.searchsorted(sorted_sequence, values, side=side, out_int32=True)


def segment_sum(data, segment_ids, num_segments, sorted):
    result = torch.zeros((num_segments + 1, *data.shape[1:]), dtype=data.dtype, device=data.device)
    return result.index_add(0, _known(segment_ids, num_segments), data)[:num_segments]


def segment_max(data, segment_ids, num_segments, sorted):
    least = -torch.inf if data.is_floating_point() else torch.iinfo(data.dtype).min
    return _by_segment("amax", least, data, segment_ids, num_segments)


def segment_min(data, segment_ids, num_segments, sorted):
    most = torch.inf if data.is_floating_point() else torch.iinfo(data.dtype).max
    return _by_segment("amin", most, data, segment_ids, num_segments)


def segment_prod(data, segment_ids, num_segments, sorted):
    return _by_segment("prod", 1, data, segment_ids, num_segments)


def _by_segment(reduce, start, data, segment_ids, num_segments):
    if data.shape[:1] != segment_ids.shape:  # one number would be for all rows
        raise ValueError(segment_ids.shape)
    result = torch.full((num_segments + 1, *data.shape[1:]), start, dtype=data.dtype, device=data.device)
    rows = _known(segment_ids, num_segments).reshape(-1, *[1] * (data.ndim - 1)).expand_as(data)
    return result.scatter_reduce(0, rows, data, reduce)[:num_segments]


def _known(segment_ids, num_segments):
    """Number of each row's segment, one more than there are for rows that belong to none."""
    if segment_ids.ndim != 1:
        raise ValueError(segment_ids.shape)
    is_known = (segment_ids >= 0) & (segment_ids < num_segments)
    return torch.where(is_known, segment_ids, num_segments).to(torch.int64)


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
    "isin": isin,
    "logsumexp": logsumexp,
    "max": max,
    "mean": mean,
    "min": min,
    "moments": moments,
    "nansum": nansum,
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

# Dtypes the framework can not compute an op in, each with the one to use instead. Sums and means of half floats are
# added up in float32 by torch itself.
_HALF = {"float16": "float32", "bfloat16": "float32"}
_BOOL = {"bool": "uint8"}
WIDENED: dict[str, dict[str, str]] = {
    **{name: _HALF for name in ("cumprod", "cumsum", "logsumexp", "prod", "segment_sum", "var")},
    **{name: _BOOL for name in ("argmax", "argmin", "searchsorted", "segment_max", "segment_min")},
    "isin": {**_BOOL, "uint16": "int32", "uint32": "int64"},
    "segment_prod": {**_HALF, **_BOOL},
}
