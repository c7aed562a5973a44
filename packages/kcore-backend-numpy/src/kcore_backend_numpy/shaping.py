"""Making, reshaping, joining and indexing, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from kcore_ops.dtypes import numpy_dtype, standardize_dtype


def full(shape, fill_value, dtype):
    if isinstance(fill_value, complex) and not dtype.startswith("complex"):
        raise TypeError("NumPy would drop the imaginary part")
    return np.full(shape, fill_value, numpy_dtype(dtype))


def zeros(shape, dtype):
    return np.zeros(shape, numpy_dtype(dtype))


def ones(shape, dtype):
    return np.ones(shape, numpy_dtype(dtype))


def full_like(x, fill_value, dtype):
    return full(x.shape, fill_value, dtype or standardize_dtype(x.dtype))


def zeros_like(x, dtype):
    return np.zeros_like(x, dtype and numpy_dtype(dtype))


def ones_like(x, dtype):
    return np.ones_like(x, dtype and numpy_dtype(dtype))


def count_from(start, stop, step, dtype):
    return np.arange(start, stop, step).astype(numpy_dtype(dtype))


def eye(N, M, k, dtype):
    return np.eye(N, M, k, numpy_dtype(dtype))


def tri(N, M, k, dtype):
    return np.tri(N, M, k, numpy_dtype(dtype))


def meshgrid(x, indexing):
    return list(np.meshgrid(*x, indexing=indexing))


def pad_constant(x, pad_width, constant):
    sizes = [before + size + after for size, (before, after) in zip(x.shape, pad_width, strict=True)]
    result = np.full(sizes, constant, x.dtype)
    result[tuple(slice(before, before + size) for size, (before, _) in zip(x.shape, pad_width, strict=True))] = x
    return result


def reshape(x, newshape):
    if newshape and min(newshape) < -1:
        raise ValueError("a size is negative")  # NumPy takes any for -1
    return np.reshape(x, newshape)


def tril(x, k):
    return np.where(np.tri(*x.shape[-2:], k, bool), x, np.zeros((), x.dtype))


def triu(x, k):
    return np.where(np.tri(*x.shape[-2:], k - 1, bool), np.zeros((), x.dtype), x)


def concatenate(xs, axis):
    return np.concatenate(xs, axis)


def unstack(x, num, axis):
    if num is not None and x.shape[axis] != num:
        raise ValueError("num is not the size of the axis")
    return list(np.moveaxis(x, axis, 0))


def _wrapped(indices, size):
    return np.clip(np.where(indices < 0, indices + size, indices), 0, size - 1)


def take(x, indices, axis):
    try:
        return np.take(x, indices, axis)
    except IndexError:
        return np.take(x, _wrapped(indices, x.size if axis is None else x.shape[axis]), axis)


def take_along_axis(x, indices, axis):
    try:
        return np.take_along_axis(x, indices, axis)
    except IndexError:
        return np.take_along_axis(x, _wrapped(indices, x.size if axis is None else x.shape[axis]), axis)


def basic_item(x, key):
    return x[key]


def _block(starts, sizes):
    return tuple(slice(start, start + size) for start, size in zip(starts, sizes, strict=True))


def _inside(start_indices, sizes, wholes):
    return np.clip(start_indices, 0, np.subtract(wholes, sizes))


def dynamic_slice(x, start_indices, shape):
    return x[_block(_inside(start_indices, shape, x.shape), shape)]


def static_slice_update(x, starts, updates):
    result = x.copy()
    result[_block(starts, updates.shape)] = updates
    return result


def dynamic_slice_update(x, start_indices, updates):
    return static_slice_update(x, _inside(start_indices, updates.shape, x.shape), updates)


_COMBINED = {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}


def scatter_rows(x, indices, updates, reduction):
    result = x.copy()
    if reduction is None:
        result[indices] = updates
    else:
        _COMBINED[reduction].at(result, indices, updates)
    return result


TABLE: dict[str, Callable[..., Any]] = {
    "array_split": np.array_split,
    "basic_item": basic_item,
    "broadcast_to": np.broadcast_to,
    "concatenate": concatenate,
    "copy": np.array,
    "count_from": count_from,
    "diag": np.diag,
    "diagonal": np.diagonal,
    "dstack": np.dstack,
    "dynamic_slice": dynamic_slice,
    "dynamic_slice_update": dynamic_slice_update,
    "expand_dims": np.expand_dims,
    "eye": eye,
    "flip": np.flip,
    "full": full,
    "full_like": full_like,
    "hstack": np.hstack,
    "meshgrid": meshgrid,
    "moveaxis": np.moveaxis,
    "ones": ones,
    "ones_like": ones_like,
    "pad_constant": pad_constant,
    "ravel": np.ravel,
    "repeat": np.repeat,
    "reshape": reshape,
    "roll": np.roll,
    "rot90": np.rot90,
    "scatter_rows": scatter_rows,
    "split": np.split,
    "squeeze": np.squeeze,
    "stack": np.stack,
    "static_slice_update": static_slice_update,
    "swapaxes": np.swapaxes,
    "take": take,
    "take_along_axis": take_along_axis,
    "tile": np.tile,
    "transpose": np.transpose,
    "tri": tri,
    "tril": tril,
    "triu": triu,
    "unstack": unstack,
    "vstack": np.vstack,
    "zeros": zeros,
    "zeros_like": zeros_like,
}
