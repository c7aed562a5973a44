"""The functions of the toy backend: NumPy's, each with the rule for its gradient, in terms of ops."""

from __future__ import annotations

import math

import kcore_ops as ops
import numpy as np
from kcore_ops.dtypes import numpy_dtype

from kcore_backend_toy.tensor import Tensor, recorded


def like(g, x):
    """Sum a cotangent over the axes along which `x` was broadcast."""
    shape = np.shape(x)
    extra = len(g.shape) - len(shape)
    axes = tuple(i for i, size in enumerate(g.shape) if i < extra or shape[i - extra] != size)
    return ops.reshape(ops.sum(g, axis=axes), shape) if axes else g


def chosen(g, condition):
    return ops.where(condition, g, ops.zeros_like(g))


def kept(g, x, axis, keepdims):
    """Give the cotangent of a reduction the axes it reduced."""
    if not keepdims and axis is not None:
        for a in sorted(a % len(x.shape) for a in (axis if isinstance(axis, tuple) else (axis,))):
            g = ops.expand_dims(g, a)
    return ops.broadcast_to(g, x.shape)


def extreme(g, out, x, axis, keepdims, initial):
    """Share the cotangent of a maximum or minimum among the elements equal to it."""
    is_it = ops.cast(ops.equal(x, kept(out, x, axis, keepdims)), x.dtype)
    count = ops.maximum(ops.sum(is_it, axis=axis, keepdims=keepdims), 1.0)  # none, where `initial` is the extreme
    return (kept(g / count, x, axis, keepdims) * is_it,)


def of(initial):
    return {} if initial is None else {"initial": initial}


def pieces(g, xs, axis):
    """Split the cotangent of a concatenation."""
    ends = np.cumsum([x.shape[axis] for x in xs]).tolist()
    before = (slice(None),) * (axis % len(g.shape))
    return [ops.get_item(g, (*before, slice(a, b))) for a, b in zip([0, *ends], ends, strict=False)]


def matmul_rule(g, out, x, y):
    if len(x.shape) == 1 or len(y.shape) == 1:
        x2, y2 = ops.expand_dims(x, 0) if len(x.shape) == 1 else x, ops.expand_dims(y, 1) if len(y.shape) == 1 else y
        g = ops.expand_dims(g, -1) if len(y.shape) == 1 else g
        g = ops.expand_dims(g, -2) if len(x.shape) == 1 else g
        gx, gy = matmul_rule(g, out, x2, y2)
        return ops.reshape(gx, x.shape), ops.reshape(gy, y.shape)
    return like(ops.matmul(g, ops.swapaxes(y, -1, -2)), x), like(ops.matmul(ops.swapaxes(x, -1, -2), g), y)


def scatter_add(g, shape, key):
    out = np.zeros(shape, g.dtype)
    np.add.at(out, key, g)
    return out


def read(x, key):
    return x[key]


# What undoes reading, and reading, which undoes that in turn.
put = recorded(scatter_add, lambda g, out, x, shape, key: (got(g, key),))
got = recorded(read, lambda g, out, x, key: (put(g, tuple(x.shape), key),))


def taken(x, indices, axis):
    """Give the key by which `take` reads: negative indices count from the end, others stop at the ends."""
    size = x.shape[axis]
    indices = np.asarray(indices)
    key = np.clip(np.where(indices < 0, indices + size, indices), 0, size - 1)
    return (*(slice(None),) * (axis % len(x.shape)), key)


def take(x, indices, axis):
    flat = x.reshape(-1) if axis is None else x
    return np.take(flat, taken(flat, indices, axis or 0)[-1], axis or 0, mode="clip")


def take_rule(g, out, x, indices, axis):
    flat = ops.ravel(x) if axis is None else x
    return (ops.reshape(put(g, tuple(flat.shape), taken(flat, indices, axis or 0)), x.shape),)


def along(x, indices, axis):
    """Give the key by which `take_along_axis` reads."""
    if len(indices.shape) != len(x.shape):
        raise ValueError("indices must have as many axes as x")
    sizes = [1 if i == axis % len(x.shape) else size for i, size in enumerate(x.shape)]
    grid = [np.arange(size).reshape([-1 if i == j else 1 for j in range(len(sizes))]) for i, size in enumerate(sizes)]
    grid[axis % len(x.shape)] = taken(x, indices, axis)[-1]
    return tuple(grid)


def take_along_axis(x, indices, axis):
    flat = x.reshape(-1) if axis is None else x
    return flat[along(flat, indices, axis or 0)]


def take_along_axis_rule(g, out, x, indices, axis):
    flat = ops.ravel(x) if axis is None else x
    return (ops.reshape(put(g, tuple(flat.shape), along(flat, indices, axis or 0)), x.shape),)


def block(starts, updates):
    return tuple(slice(start, start + size) for start, size in zip(starts, updates.shape, strict=True))


def static_slice_update(x, starts, updates):
    out = x.copy()
    out[block(starts, updates)] = updates
    return out


def static_slice_update_rule(g, out, x, starts, updates):
    return ops.slice_update(g, starts, ops.zeros_like(updates)), None, got(g, block(starts, updates))


def scatter_rows(x, indices, updates, reduction):
    at = {"add": np.add, "subtract": np.subtract, "max": np.maximum, "min": np.minimum, "mul": np.multiply}
    out = x.copy()
    if reduction is None:
        out[indices] = updates
    else:
        at[reduction].at(out, indices, updates)
    return out


def scatter_rows_rule(g, out, x, indices, updates, reduction):
    if reduction not in (None, "add", "subtract"):
        raise NotImplementedError(f"toy has no gradient of a scatter by {reduction}")
    by_updates = got(g, (indices,)) * (-1.0 if reduction == "subtract" else 1.0)
    return g if reduction else ops.scatter_update(g, indices[:, None], ops.zeros_like(updates)), None, by_updates


def inside(x, pad_width):
    return tuple(slice(before, before + size) for size, (before, _) in zip(x.shape, pad_width, strict=True))


def cumsum(x, axis, dtype):
    return np.cumsum(x, axis, dtype=numpy_dtype(dtype) if dtype else x.dtype)


def cumsum_rule(g, out, x, axis, dtype):
    if axis is None:
        return (ops.reshape(cumsum_rule(g, out, ops.ravel(x), 0, dtype)[0], x.shape),)
    return (ops.flip(ops.cumsum(ops.flip(g, axis), axis), axis),)


def power(x, y):
    whole = x.dtype.kind in "iu"  # integers have no negative powers but those of 1 and -1
    return np.where((y < 0) & (abs(x) != 1), 0, np.power(x, abs(y))) if whole else np.power(x, y)


def power_rule(g, out, x, y):
    by_y = chosen(out * ops.log(chosen(x, ops.greater(x, 0.0)) + ops.cast(ops.less_equal(x, 0.0), x.dtype)), x > 0.0)
    return like(g * y * ops.power(x, y - 1.0), x), like(g * by_y, y)


def transpose_rule(g, out, x, axes):
    return (
        ops.transpose(g, None if axes is None else tuple(int(i) for i in np.argsort([a % len(axes) for a in axes]))),
    )


def share(g, x, y):
    """Give the part of a cotangent that goes to `x` where `x` and `y` compete: half of it where they are equal."""
    return g * (ops.cast(ops.greater(x, y), g.dtype) + 0.5 * ops.cast(ops.equal(x, y), g.dtype))


RULES = {  # op: (function of arrays, rule)
    "absolute": (np.abs, lambda g, out, x: (g * ops.sign(x),)),
    "add": (np.add, lambda g, out, x, y: (like(g, x), like(g, y))),
    "basic_item": (read, lambda g, out, x, key: (put(g, tuple(x.shape), key),)),
    "broadcast_to": (np.broadcast_to, lambda g, out, x, shape: (like(g, x),)),
    "cast": (
        lambda x, dtype: x.astype(numpy_dtype(dtype)),
        lambda g, out, x, dtype: (
            ops.cast(g, x.dtype) if ops.dtype(g)[0] in "fb" and ops.dtype(x)[0] in "fb" else None,
        ),
    ),
    "concatenate": (np.concatenate, lambda g, out, xs, axis: (pieces(g, xs, axis),)),
    "copy": (np.copy, lambda g, out, x: (g,)),
    "cos": (np.cos, lambda g, out, x: (-g * ops.sin(x),)),
    "cumsum": (cumsum, cumsum_rule),
    "divide": (np.divide, lambda g, out, x, y: (like(g / y, x), like(-g * out / y, y))),
    "erf": (
        lambda x: np.vectorize(math.erf, [float])(x).astype(x.dtype),
        lambda g, out, x: (g * ops.exp(-x * x) * (2 / math.sqrt(math.pi)),),
    ),
    "exp": (np.exp, lambda g, out, x: (g * out,)),
    "expm1": (np.expm1, lambda g, out, x: (g * (out + 1.0),)),
    "flip": (np.flip, lambda g, out, x, axis: (ops.flip(g, axis),)),
    "log": (np.log, lambda g, out, x: (g / x,)),
    "log1p": (np.log1p, lambda g, out, x: (g / (x + 1.0),)),
    "matmul": (lambda x, y: np.matmul(x, y).astype(x.dtype), matmul_rule),
    "maximum": (np.maximum, lambda g, out, x, y: (like(share(g, x, y), x), like(share(g, y, x), y))),
    "max": (lambda x, axis, keepdims, initial: np.max(x, axis, keepdims=keepdims, **of(initial)), extreme),
    "min": (lambda x, axis, keepdims, initial: np.min(x, axis, keepdims=keepdims, **of(initial)), extreme),
    "minimum": (np.minimum, lambda g, out, x, y: (like(share(g, -x, -y), x), like(share(g, -y, -x), y))),
    "mod": (np.mod, lambda g, out, x, y: (like(g, x), like(-g * ops.floor(x / y), y))),
    "multiply": (np.multiply, lambda g, out, x, y: (like(g * y, x), like(g * x, y))),
    "negative": (np.negative, lambda g, out, x: (-g,)),
    "pad_constant": (
        lambda x, widths, constant: np.pad(x, widths, constant_values=constant) if x.ndim else x,
        lambda g, out, x, widths, constant: (got(g, inside(x, widths)),),
    ),
    "power": (power, power_rule),
    "reshape": (np.reshape, lambda g, out, x, shape: (ops.reshape(g, x.shape),)),
    "scatter_rows": (scatter_rows, scatter_rows_rule),
    "sin": (np.sin, lambda g, out, x: (g * ops.cos(x),)),
    "sqrt": (np.sqrt, lambda g, out, x: (g / (2.0 * out),)),
    "static_slice_update": (static_slice_update, static_slice_update_rule),
    "subtract": (np.subtract, lambda g, out, x, y: (like(g, x), like(-g, y))),
    "sum": (
        lambda x, axis, keepdims: np.sum(x, axis, x.dtype, keepdims=keepdims),
        lambda g, out, x, axis, keepdims: (kept(g, x, axis, keepdims),),
    ),
    "take": (take, take_rule),
    "take_along_axis": (take_along_axis, take_along_axis_rule),
    "tanh": (np.tanh, lambda g, out, x: (g * (1.0 - out * out),)),
    "transpose": (np.transpose, transpose_rule),
    "where": (np.where, lambda g, out, c, x, y: (None, like(chosen(g, c), x), like(chosen(g, ops.logical_not(c)), y))),
}

SAME_NAME = """bitwise_and bitwise_not bitwise_or bitwise_xor ceil equal floor floor_divide greater greater_equal
    isfinite isnan left_shift less less_equal nextafter right_shift rint sign"""
PLAIN = {  # op: function of arrays, where there is no gradient
    **{name: getattr(np, name) for name in SAME_NAME.split()},
    "all": lambda x, axis, keepdims: np.all(x, axis, keepdims=keepdims),
    "any": lambda x, axis, keepdims: np.any(x, axis, keepdims=keepdims),
    "argmax": lambda x, axis, keepdims: np.argmax(x, axis, keepdims=keepdims).astype("int32"),
    "argmin": lambda x, axis, keepdims: np.argmin(x, axis, keepdims=keepdims).astype("int32"),
    "argsort": lambda x, axis: np.argsort(x, axis, kind="stable").astype("int32"),
    "searchsorted": lambda s, values, side: np.searchsorted(s, values, side).astype("int32"),
    "stop_gradient": lambda x: x,
    "view": lambda x, dtype: np.ascontiguousarray(x).reshape(x.shape).view(numpy_dtype(dtype or x.dtype)),
}

TABLE = {
    **{name: recorded(function, rule) for name, (function, rule) in RULES.items()},
    **{name: recorded(function) for name, function in PLAIN.items()},
    "count_from": lambda *args: Tensor(np.arange(*map(float, args[:3])).astype(numpy_dtype(args[3]))),
    "full": lambda shape, fill_value, dtype: Tensor(np.full(shape, fill_value, numpy_dtype(dtype))),
}
