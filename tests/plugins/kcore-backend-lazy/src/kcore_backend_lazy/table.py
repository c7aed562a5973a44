"""The functions of the backend: those of lazyarrays, where their parameters are others made of them."""

from __future__ import annotations

import math

import lazyarrays as lazy
import numpy as np

from kcore_backend_lazy.names import native

SAME = {  # op: the framework's name
    **{name: name for name in """absolute add ceil cos divide equal erf exp expm1 floor floor_divide less log log1p
    matmul maximum minimum mod multiply negative nextafter power rint sign sin sqrt subtract tanh where""".split()},
    "bitwise_and": "bit_and", "bitwise_not": "bit_not", "bitwise_or": "bit_or", "bitwise_xor": "bit_xor",
    "copy": "same", "left_shift": "shift_left", "right_shift": "shift_right", "stop_gradient": "constant",
}  # fmt: skip


def axes_of(x, axis):
    """Axes as a tuple of numbers that are not negative; None is all of them."""
    axes = range(len(x.shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % len(x.shape) for a in axes)


def flat(x):
    return lazy.reshape(x, shape=(math.prod(x.shape),))


def number(x, value):
    return lazy.full(shape=(), number=value, dtype=x.dtype)


def reduction(function):
    return lambda x, axis, keepdims: function(x, axes=axes_of(x, axis), keep=bool(keepdims))


def extreme(function):
    return lambda x, axis, keepdims, initial: function(x, axes=axes_of(x, axis), keep=bool(keepdims), initial=initial)


def position(function):
    def run(x, axis, keepdims):
        shape = tuple(1 if axis is None or i == axis % len(x.shape) else size for i, size in enumerate(x.shape))
        found = function(flat(x), axes=(0,)) if axis is None else function(x, axes=axes_of(x, axis))
        return lazy.reshape(found, shape=shape) if keepdims else found

    return run


def along_axis(function):
    """Let a function of one axis take None for all elements as one."""
    return lambda x, axis: function(flat(x), axis=0) if axis is None else function(x, axis=axis % len(x.shape))


def cumsum(x, axis, dtype):
    return along_axis(lazy.running_sum)(lazy.cast(x, dtype=native(dtype)) if dtype else x, axis)


def matmul(x, y):
    """Multiply matrices; a vector is one row on the left, one column on the right."""
    left = lazy.reshape(x, shape=(1, *x.shape)) if len(x.shape) == 1 else x
    right = lazy.reshape(y, shape=(*y.shape, 1)) if len(y.shape) == 1 else y
    out = lazy.matmul(left, right)
    if left is x and right is y:
        return out
    kept = (out.shape[-2:-1] if left is x else ()) + (out.shape[-1:] if right is y else ())
    return lazy.reshape(out, shape=out.shape[:-2] + kept)


def within(indices, size):
    """Count negative indices from the end, and let others stop at the ends."""
    indices = lazy.where(lazy.less(indices, number(indices, 0)), lazy.add(indices, number(indices, size)), indices)
    return lazy.minimum(lazy.maximum(indices, number(indices, 0)), number(indices, size - 1))


def take(x, indices, axis):
    x, axis = (flat(x), 0) if axis is None else (x, axis % len(x.shape))
    rank, last = len(x.shape), axis + len(indices.shape)
    first = lazy.permute(x, axes=(axis, *(i for i in range(rank) if i != axis)))
    found = lazy.rows(first, within(indices, x.shape[axis]))  # the axes of indices, those before, those after
    order = (*range(last - axis, last), *range(last - axis), *range(last, len(found.shape)))
    return lazy.permute(found, axes=order)


def take_along_axis(x, indices, axis):
    """Read rows of `x` flattened: each index is so many steps from where its row of `x` begins."""
    x, axis = (flat(x), 0) if axis is None else (x, axis % len(x.shape))
    shape = tuple(max(size, 1) if i == axis else size for i, size in enumerate(x.shape))
    begins = np.arange(math.prod(shape)).reshape(shape)[(slice(None),) * axis + (slice(1),)]
    steps = lazy.cast(within(indices, x.shape[axis]), dtype=native("int64"))
    steps = lazy.multiply(steps, number(steps, math.prod(shape[axis + 1 :])))
    return lazy.rows(flat(x), lazy.add(lazy.array(begins, native("int64")), steps))


def count_from(start, stop, step, dtype):
    return lazy.array(np.arange(float(start), float(stop), float(step)), native(dtype))


def static_slice_update(x, starts, updates):
    """Lay the block, padded to the size of `x`, over it."""
    sizes = zip(starts, x.shape, updates.shape, strict=True)
    widths = tuple((start, size - start - new) for start, size, new in sizes)
    ones = lazy.full(shape=updates.shape, number=True, dtype=native("bool"))
    is_new = lazy.pad(ones, widths=widths, number=False)
    return lazy.where(is_new, lazy.pad(updates, widths=widths, number=0), x)


def transpose(x, axes):
    return lazy.permute(x, axes=tuple(reversed(range(len(x.shape)))) if axes is None else axes_of(x, axes))


TABLE = {
    **{op: getattr(lazy, name) for op, name in SAME.items()},
    "argmax": position(lazy.argmax),
    "argmin": position(lazy.argmin),
    "argsort": along_axis(lazy.sorting),
    "basic_item": lambda x, key: lazy.read(x, key=key),
    "broadcast_to": lambda x, shape: lazy.expand(x, shape=shape),
    "cast": lambda x, dtype: lazy.cast(x, dtype=native(dtype)),
    "concatenate": lambda xs, axis: lazy.join(*xs, axis=axis % len(xs[0].shape)),
    "count_from": count_from,
    "cumsum": cumsum,
    "flip": lambda x, axis: lazy.flip(x, axes=axes_of(x, axis)),
    "full": lambda shape, fill_value, dtype: lazy.full(shape=shape, number=fill_value, dtype=native(dtype)),
    "matmul": matmul,
    "max": extreme(lazy.reduce_max),
    "min": extreme(lazy.reduce_min),
    "pad_constant": lambda x, widths, constant: lazy.pad(x, widths=widths, number=constant),
    "reshape": lambda x, shape: lazy.reshape(x, shape=shape),
    "scatter_rows": lambda x, indices, updates, how: lazy.set_rows(
        x, indices, updates, how={"max": "maximum", "min": "minimum", "mul": "multiply"}.get(how, how)
    ),
    "searchsorted": lambda x, values, side: lazy.places(x, values, side=side),
    "static_slice_update": static_slice_update,
    "sum": reduction(lazy.reduce_sum),
    "take": take,
    "take_along_axis": take_along_axis,
    "transpose": transpose,
    "view": lambda x, dtype: lazy.bits(x, dtype=native(dtype) if dtype else x.dtype),
}
