"""Making, reshaping, joining and indexing, on JAX arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kcore_backend_jax.dtypes import native_dtype


def full(shape, fill_value, dtype):
    return jnp.full(shape, jnp.asarray(fill_value, native_dtype(dtype)))


def zeros(shape, dtype):
    return jnp.zeros(shape, native_dtype(dtype))


def ones(shape, dtype):
    return jnp.ones(shape, native_dtype(dtype))


def full_like(x, fill_value, dtype):
    fill_value = jnp.asarray(fill_value) if isinstance(fill_value, list | tuple) else fill_value
    return jnp.full_like(x, fill_value, dtype and native_dtype(dtype))


def zeros_like(x, dtype):
    return jnp.zeros_like(x, dtype and native_dtype(dtype))


def ones_like(x, dtype):
    return jnp.ones_like(x, dtype and native_dtype(dtype))


def count_from(start, stop, step, dtype):
    if all(isinstance(number, int | float | np.generic) for number in (start, stop, step)):
        # On the host, so that floats are counted as elsewhere: JAX would count with the precision of the dtype.
        return jnp.asarray(np.arange(start, stop, step), native_dtype(dtype))
    return jnp.arange(start, stop, step, native_dtype(dtype))


def eye(N, M, k, dtype):
    return jnp.eye(N, M, k, native_dtype(dtype))


def tri(N, M, k, dtype):
    return jnp.tri(N, M, _within_int32(k), native_dtype(dtype))


def _within_int32(k):
    """Return the number of a diagonal as one that JAX can count from; those beyond are all outside of the matrix."""
    return max(-(2**30), min(k, 2**30))


def meshgrid(x, indexing):
    return list(jnp.meshgrid(*[one.reshape(-1) for one in x], indexing=indexing))


def broadcast_to(x, shape):
    return jnp.broadcast_to(x, shape)


def concatenate(xs, axis):
    return jnp.concatenate(xs, axis)


def stack(x, axis):
    return jnp.stack(x, axis)


def vstack(xs):
    return jnp.vstack(xs)


def hstack(xs):
    return jnp.hstack(xs)


def dstack(xs):
    return jnp.dstack(xs)


def pad_constant(x, pad_width, constant):
    return jax.lax.pad(x, jnp.asarray(constant, x.dtype), [(before, after, 0) for before, after in pad_width])


def repeat(x, repeats, axis):
    return jnp.repeat(x, np.asarray(repeats) if isinstance(repeats, list | tuple) else repeats, axis)


def unstack(x, num, axis):
    if num is not None and x.shape[axis] != num:
        raise ValueError("num is not the size of the axis")
    return list(jnp.unstack(x, axis=axis))


def split(x, indices_or_sections, axis):
    return jnp.split(x, _within(indices_or_sections, x.shape[axis]), axis)


def array_split(x, indices_or_sections, axis):
    return jnp.array_split(x, _within(indices_or_sections, x.shape[axis]), axis)


def _within(indices, size):
    """Cuts as slicing takes them: JAX refuses those beyond the end."""
    return indices if isinstance(indices, int) else [slice(i).indices(size)[1] for i in indices]


def _in_range(indices, size):
    return jnp.clip(indices, -size, size - 1) % max(size, 1)


@functools.partial(jax.jit, static_argnums=2)
def take(x, indices, axis):
    if axis is None:
        x, axis = jnp.ravel(x), 0
    size = x.shape[axis]
    if size == 0:  # an error unless the result is empty
        return jnp.reshape(x, x.shape[:axis] + jnp.shape(indices) + x.shape[axis % x.ndim + 1 :])
    return jnp.take(x, _in_range(indices, size), axis, mode="clip")


@functools.partial(jax.jit, static_argnums=2)
def take_along_axis(x, indices, axis):
    size = x.size if axis is None else x.shape[axis]
    taken = jnp.take_along_axis(x, _in_range(indices, size), axis, mode="promise_in_bounds")
    if size == 0 and taken.size:
        raise IndexError("nothing to take")
    return taken


def basic_item(x, key):
    axes = [item for item in key if item is not None]
    for item, size in zip(axes, x.shape, strict=True):
        if isinstance(item, int) and not -size <= item < size:  # for which JAX reads the last element
            raise IndexError("out of range")
    return x[key]


def static_slice_update(x, starts, updates):
    return jax.lax.dynamic_update_slice(x, updates, starts)


def dynamic_slice(x, start_indices, shape):
    return jax.lax.dynamic_slice(x, list(jnp.maximum(start_indices, 0)), shape)


def dynamic_slice_update(x, start_indices, updates):
    return jax.lax.dynamic_update_slice(x, updates, list(jnp.maximum(start_indices, 0)))


_COMBINED = {None: "set", "add": "add", "max": "max", "min": "min", "mul": "multiply"}


@functools.partial(jax.jit, static_argnums=3)
def scatter_update(inputs, indices, updates, reduction):
    if inputs.ndim + indices.ndim - 1 - updates.ndim != indices.shape[-1]:
        raise ValueError("the shapes do not fit")
    sizes = inputs.shape[: indices.shape[-1]] + updates.shape[indices.ndim - 1 :]
    if updates.shape[: indices.ndim - 1] != indices.shape[:-1] or sizes != inputs.shape:
        raise ValueError("the shapes do not fit")
    if reduction in ("max", "min") and jnp.iscomplexobj(inputs):
        raise TypeError("complex numbers have no order")
    if inputs.size == 0:  # JAX refuses to index an empty axis, though nothing would be written
        return inputs
    places = tuple(indices[..., i] for i in range(indices.shape[-1]))
    return getattr(inputs.at[places], _COMBINED[reduction])(updates, mode="drop")


def scatter_rows(x, indices, updates, reduction):
    return getattr(x.at[indices], _COMBINED[reduction])(updates)


TABLE: dict[str, Callable[..., Any]] = {
    "array_split": array_split,
    "basic_item": basic_item,
    "broadcast_to": broadcast_to,
    "concatenate": concatenate,
    "copy": jnp.copy,
    "count_from": count_from,
    "diag": jnp.diag,
    "diagonal": jnp.diagonal,
    "dstack": dstack,
    "dynamic_slice": dynamic_slice,
    "dynamic_slice_update": dynamic_slice_update,
    "expand_dims": jnp.expand_dims,
    "eye": eye,
    "flip": jnp.flip,
    "full": full,
    "full_like": full_like,
    "hstack": hstack,
    "meshgrid": meshgrid,
    "moveaxis": jnp.moveaxis,
    "ones": ones,
    "ones_like": ones_like,
    "pad_constant": pad_constant,
    "ravel": jnp.ravel,
    "repeat": repeat,
    "reshape": jnp.reshape,
    "roll": jnp.roll,
    "rot90": jnp.rot90,
    "scatter_rows": scatter_rows,
    "scatter_update": scatter_update,
    "split": split,
    "squeeze": jnp.squeeze,
    "stack": stack,
    "static_slice_update": static_slice_update,
    "swapaxes": jnp.swapaxes,
    "take": take,
    "take_along_axis": take_along_axis,
    "tile": jnp.tile,
    "transpose": jnp.transpose,
    "tri": tri,
    "tril": lambda x, k: jnp.tril(x, _within_int32(k)),
    "triu": lambda x, k: jnp.triu(x, _within_int32(k)),
    "unstack": unstack,
    "vstack": vstack,
    "zeros": zeros,
    "zeros_like": zeros_like,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {name: {"bool": "int32"} for name in ("scatter_rows", "scatter_update")}
