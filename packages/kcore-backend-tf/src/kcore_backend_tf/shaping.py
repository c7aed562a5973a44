"""Making, reshaping, joining and indexing, on TensorFlow tensors. Sizes may be unknown until the graph runs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf


def full(shape, fill_value, dtype):
    if isinstance(fill_value, complex) and not tf.as_dtype(dtype).is_complex:
        raise TypeError("TensorFlow would drop the imaginary part")
    return tf.broadcast_to(tf.cast(fill_value, dtype), shape)


def zeros(shape, dtype):
    return tf.zeros(shape, dtype)


def ones(shape, dtype):
    return tf.ones(shape, dtype)


def full_like(x, fill_value, dtype):
    return full(tf.shape(x), fill_value, dtype or x.dtype)


def zeros_like(x, dtype):
    return tf.zeros_like(x, dtype)


def ones_like(x, dtype):
    return tf.ones_like(x, dtype)


def count_from(start, stop, step, dtype):
    numbers = (start, stop, step)
    if all(isinstance(number, int | float | np.generic) for number in numbers):
        if not all(isinstance(number, int | np.integer) for number in numbers):
            return tf.cast(np.arange(start, stop, step), dtype)  # on the host, so that floats are counted as elsewhere
        stop = start if (stop - start) * step < 0 else stop  # which TensorFlow refuses
    elif isinstance(step, int | float):
        stop = (tf.maximum if step > 0 else tf.minimum)(start, stop)
    if dtype in ("int32", "int64", "float32", "float64"):
        return tf.range(start, stop, step, dtype)
    return tf.cast(tf.range(start, stop, step), dtype)


def reshape(x, newshape):
    return tf.reshape(x, newshape)


def ravel(x):
    return tf.reshape(x, (-1,))


def transpose(x, axes):
    rank = x.shape.rank
    order = range(rank - 1, -1, -1) if axes is None else _axes(axes)
    if sorted(axis % rank for axis in order) != list(range(rank)):
        raise ValueError("axes must name each axis once")
    return (
        tf.raw_ops.Transpose(x=x, perm=np.array([axis % rank for axis in order], "int32"))
        if rank > 1
        else tf.identity(x)
    )


def swapaxes(x, axis1, axis2):
    order = list(range(x.shape.rank))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return tf.raw_ops.Transpose(x=x, perm=np.array(order, "int32"))


def _axes(axis):
    return (axis,) if isinstance(axis, int) else axis


def expand_dims(x, axis):
    if isinstance(axis, int):
        return tf.expand_dims(x, axis)
    rank = x.shape.rank + len(axis)
    places = sorted(place + rank if place < 0 else place for place in axis)
    if len(set(places)) < len(places) or (places and not 0 <= places[0] <= places[-1] < rank):
        raise ValueError("no such places")
    for place in places:
        x = tf.expand_dims(x, place)
    return x


def squeeze(x, axis):
    if axis is None and None in x.shape:
        raise ValueError("which axes have size 1 is not known")
    if axis == ():
        return x
    return tf.squeeze(x, axis)


def flip(x, axis):
    return tf.reverse(x, list(range(x.shape.rank)) if axis is None else list(_axes(axis)))


def roll(x, shift, axis):
    if axis is None:
        return tf.reshape(roll(tf.reshape(x, (-1,)), shift, 0), tf.shape(x))
    if isinstance(axis, tuple) and not isinstance(shift, tuple | list):
        shift = (shift,) * len(axis)
    elif isinstance(axis, int) and isinstance(shift, tuple | list):
        axis = (axis,) * len(shift)
    numbers = shift if isinstance(shift, tuple | list) else [shift]
    if any(isinstance(number, int) and not -(2**31) <= number < 2**31 for number in numbers):
        # It would lose their digits.
        axis = [each % x.shape.rank for each in (axis if isinstance(axis, tuple) else (axis,))]
        sizes = tf.maximum(tf.gather(tf.shape(x, "int64"), axis), 1)
        shift = tf.math.floormod(tf.stack([tf.cast(number, "int64") for number in numbers]), sizes)
    return tf.roll(x, shift, axis)


def _uint16_as_int16(function):
    """Let a function that only moves elements see int16 in place of uint16, for which tf.tile has no kernel (2.21)."""

    @functools.wraps(function)
    def moved(x, *arguments):
        if x.dtype != tf.uint16:
            return function(x, *arguments)
        return tf.bitcast(function(tf.bitcast(x, tf.int16), *arguments), tf.uint16)

    return moved


@_uint16_as_int16
def repeat(x, repeats, axis):
    if axis is None:
        x, axis = tf.reshape(x, (-1,)), 0
    axis = axis % x.shape.rank
    if not isinstance(repeats, int):  # tf.repeat itself fails where another axis is empty (TensorFlow 2.21)
        return take(x, tf.repeat(tf.range(_size(x, axis)), repeats), axis)
    sizes = [_size(x, i) for i in range(x.shape.rank)]
    counts = [1] * (len(sizes) + 1)
    counts[axis + 1] = repeats
    sizes[axis] = sizes[axis] * repeats
    return tf.reshape(tf.tile(tf.expand_dims(x, axis + 1), counts), sizes)


@_uint16_as_int16
def tile(x, repeats):
    counts = list(repeats) if isinstance(repeats, tuple | list | np.ndarray) else [repeats]
    missing = x.shape.rank - len(counts)
    if missing < 0:
        x = tf.reshape(x, tf.concat([[1] * -missing, tf.shape(x)], 0))
    return tf.tile(x, [1] * missing + counts)


def _at_most(number, size):
    return min(number, size) if isinstance(size, int) else tf.minimum(number, size)


def tril(x, k):
    if k >= 0:
        return tf.linalg.band_part(x, -1, _at_most(k, _size(x, -1)))
    above = tf.linalg.band_part(tf.ones_like(x, "bool"), _at_most(-k - 1, _size(x, -2)), -1)
    return tf.where(above, tf.zeros((), x.dtype), x)


def triu(x, k):
    if k <= 0:
        return tf.linalg.band_part(x, _at_most(-k, _size(x, -2)), -1)
    below = tf.linalg.band_part(tf.ones_like(x, "bool"), -1, _at_most(k - 1, _size(x, -1)))
    return tf.where(below, tf.zeros((), x.dtype), x)


def pad_constant(x, pad_width, constant):
    if not pad_width:
        return x
    padded = tf.pad(x, pad_width)
    if isinstance(constant, int | float) and constant == 0:
        return padded
    # Not by `constant_values`, which tf.vectorized_map takes for 0 (TensorFlow 2.21).
    return tf.where(tf.pad(tf.ones_like(x, tf.bool), pad_width), padded, tf.cast(constant, x.dtype))


def concatenate(xs, axis):
    rank = xs[0].shape.rank
    if not -rank <= axis < rank:  # which TensorFlow overlooks if there is one tensor
        raise ValueError("no such axis")
    return tf.concat(xs, axis)


def stack(x, axis):
    if not x:
        raise ValueError("nothing to stack")
    return tf.stack(x, axis)


def unstack(x, num, axis):
    return tf.unstack(x, num, axis)


def split(x, indices_or_sections, axis):
    if isinstance(indices_or_sections, int):
        return tf.split(x, indices_or_sections, axis)
    before = (slice(None),) * (axis % x.shape.rank)
    bounds = [None, *indices_or_sections, None]
    return [x[(*before, slice(*pair))] for pair in zip(bounds[:-1], bounds[1:], strict=True)]


def _size(x, axis):
    size = x.shape[axis]
    return tf.shape(x)[axis] if size is None else size


def _in_range(indices, size):
    size = size if isinstance(size, int) else tf.cast(size, indices.dtype)
    indices = tf.raw_ops.Minimum(x=tf.raw_ops.Maximum(x=indices, y=-size), y=size - 1)
    return tf.raw_ops.FloorMod(x=indices, y=max(size, 1) if isinstance(size, int) else tf.maximum(size, 1))


def take(x, indices, axis):
    if axis is None:
        x, axis = tf.reshape(x, (-1,)), 0
    axis = axis % x.shape.rank
    size = _size(x, axis)
    if isinstance(indices, int):
        if isinstance(size, int) and size:
            return tf.raw_ops.GatherV2(params=x, indices=max(min(indices, size - 1), -size) % size, axis=axis)
        indices = tf.constant(indices)
    if 0 in x.shape:
        shape = x.shape[:axis] + indices.shape + x.shape[axis + 1 :]
        if shape.is_fully_defined() and 0 in shape:
            return tf.reshape(x, shape)  # the gradient of gather fails without elements (TensorFlow 2.21)
    return tf.raw_ops.GatherV2(params=x, indices=_in_range(indices, size), axis=axis)


def take_along_axis(x, indices, axis):
    if axis is None:
        x, axis = tf.reshape(x, (-1,)), 0
    rank = x.shape.rank
    if indices.shape.rank != rank:
        raise ValueError("x and indices must have equally many axes")
    order = list(range(rank))
    last = order.pop(axis)
    back = [*range(last), rank - 1, *range(last, rank - 1)]
    x, indices = tf.transpose(x, [*order, last]), tf.transpose(indices, [*order, last])
    size = _size(x, -1)
    batch = tf.broadcast_dynamic_shape(tf.shape(x)[:-1], tf.shape(indices)[:-1])
    x = tf.broadcast_to(x, tf.concat([batch, [size]], 0))
    indices = tf.broadcast_to(_in_range(indices, size), tf.concat([batch, [_size(indices, -1)]], 0))
    return tf.transpose(tf.gather(x, indices, axis=rank - 1, batch_dims=rank - 1), back)


def basic_item(x, key):
    """Read as NumPy does: what `x[key]` does, whose way through Python takes five times as long."""
    bounds = [bound for item in key if isinstance(item, slice) for bound in (item.start, item.stop, item.step)]
    if not key or not all(bound is None or isinstance(bound, int) for bound in bounds):
        return x[key] if key else x
    spans, masks = [], {"begin_mask": 0, "end_mask": 0, "new_axis_mask": 0, "shrink_axis_mask": 0}
    for i, item in enumerate(key):
        bit = 1 << i
        if isinstance(item, slice):
            spans.append((item.start or 0, item.stop or 0, item.step or 1))
            masks["begin_mask"] |= bit * (item.start is None)
            masks["end_mask"] |= bit * (item.stop is None)
        else:
            spans.append((0, 1, 1) if item is None else (item, item + 1, 1))
            masks["new_axis_mask" if item is None else "shrink_axis_mask"] |= bit
    begin, end, strides = np.array(spans, "int32").T
    return tf.raw_ops.StridedSlice(input=x, begin=begin, end=end, strides=strides, **masks)


def static_slice_update(x, starts, updates):
    return _with_block(x, tf.constant(starts, "int32"), updates)


def _with_block(x, starts, updates):
    if x.shape.rank == 0:
        return updates
    return tf.raw_ops.TensorStridedSliceUpdate(
        input=x, begin=starts, end=starts + tf.shape(updates), strides=tf.ones_like(starts), value=updates
    )


def _inside(start_indices, sizes, wholes):
    return tf.maximum(tf.minimum(tf.cast(start_indices, "int32"), wholes - sizes), 0)


def dynamic_slice(x, start_indices, shape):
    sizes = tf.cast(tf.stack(shape), "int32") if shape else tf.zeros((0,), "int32")
    return tf.slice(x, _inside(start_indices, sizes, tf.shape(x)), sizes)


def dynamic_slice_update(x, start_indices, updates):
    return _with_block(x, _inside(start_indices, tf.shape(updates), tf.shape(x)), updates)


def scatter_rows(x, indices, updates, reduction):
    if reduction == "mul":
        return x * tf.math.unsorted_segment_prod(updates, indices, tf.shape(x)[0])
    update = {
        None: tf.tensor_scatter_nd_update,
        "add": tf.tensor_scatter_nd_add,
        "max": tf.tensor_scatter_nd_max,
        "min": tf.tensor_scatter_nd_min,
    }[reduction]
    if x.shape[1]:
        return update(x, indices[:, None], updates)
    # TensorFlow refuses rows of no elements: they get one that is cut off again.
    wider = ((0, 0), (0, 1))
    return update(tf.pad(x, wider), indices[:, None], tf.pad(updates, wider))[:, :-1]


TABLE: dict[str, Callable[..., Any]] = {
    "basic_item": basic_item,
    "broadcast_to": tf.broadcast_to,
    "concatenate": concatenate,
    "copy": tf.identity,
    "count_from": count_from,
    "dynamic_slice": dynamic_slice,
    "dynamic_slice_update": dynamic_slice_update,
    "expand_dims": expand_dims,
    "flip": flip,
    "full": full,
    "full_like": full_like,
    "ones": ones,
    "ones_like": ones_like,
    "pad_constant": pad_constant,
    "ravel": ravel,
    "repeat": repeat,
    "reshape": reshape,
    "roll": roll,
    "scatter_rows": scatter_rows,
    "split": split,
    "squeeze": squeeze,
    "stack": stack,
    "static_slice_update": static_slice_update,
    "swapaxes": swapaxes,
    "take": take,
    "take_along_axis": take_along_axis,
    "tile": tile,
    "transpose": transpose,
    "tril": tril,
    "triu": triu,
    "unstack": unstack,
    "zeros": zeros,
    "zeros_like": zeros_like,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {"scatter_rows": {"bool": "int32"}}
