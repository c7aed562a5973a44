"""A small framework of lazy arrays, over NumPy: what kcore-backend-lazy is a backend for, and knows nothing of kcore.

An array is a call that was recorded, computed when its value is asked for, and once. Its shape and dtype are worked out
as it is made, and nothing is checked: what does not fit is an error when it is computed. There are functions and no
operators; both inputs of a function have one dtype, and dtypes have names of this framework's own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math

import ml_dtypes
import numpy as np

__version__ = "0.1"


@dataclasses.dataclass(frozen=True, eq=False)
class DType:
    name: str
    numpy: np.dtype

    def __repr__(self):
        return f"lazyarrays.{self.name}"


DTYPES = {
    name: DType(name, np.dtype(numpy))
    for name, numpy in {
        "truth": bool, "byte": "int8", "short": "int16", "int": "int32", "long": "int64", "ubyte": "uint8",
        "ushort": "uint16", "uint": "uint32", "ulong": "uint64", "half": "float16", "brain": ml_dtypes.bfloat16,
        "float": "float32", "double": "float64",
    }.items()
}  # fmt: skip
TRUTH, INT = DTYPES["truth"], DTYPES["int"]


class Operation:
    """What can be recorded: a function of NumPy arrays, the rules for shape and dtype, and the rule for gradients."""

    def __init__(self, compute, shape, gradient=None, dtype=lambda x, *others, **settings: x.dtype):
        self.compute, self.shape, self.gradient, self.dtype = compute, shape, gradient, dtype

    def __call__(self, *inputs, **settings):
        return Array(self, inputs, settings, self.shape(*inputs, **settings), self.dtype(*inputs, **settings))


class Array:
    """A recorded call. It is made after its inputs: by `serial`, arrays are in an order to compute them in."""

    __slots__ = ("__weakref__", "dtype", "inputs", "operation", "serial", "settings", "shape", "value")
    _serials = itertools.count()

    def __init__(self, operation, inputs, settings, shape, dtype, value=None):
        self.operation, self.inputs, self.settings, self.value = operation, inputs, settings, value
        self.shape, self.dtype, self.serial = shape, dtype, next(self._serials)

    def __len__(self):
        return self.shape[0]

    def __array__(self, dtype=None, copy=None):
        return np.array(numpy(self), dtype)

    def __repr__(self):
        return f"lazyarrays.Array({self.shape}, {self.dtype}{'' if self.value is None else f', {self.value}'})"


class Counts:
    """How often values were asked for, and how many calls were computed for it; and whether gradients may be."""

    evaluations = computed = recording = 0


def array(value, dtype):
    value = np.array(value, dtype.numpy)
    return Array(None, (), {}, value.shape, dtype, value)


def numpy(x):
    evaluate(x)
    return x.value


def evaluate(*arrays):
    """Compute arrays and all that they are made of, and forget how they were made, unless gradients may be asked."""
    found = _made_of(arrays, lambda x: x.value is None)
    Counts.evaluations += bool(found)
    for x in found:
        value = np.asarray(x.operation.compute(*(each.value for each in x.inputs), **x.settings))
        if value.shape != x.shape:
            raise RuntimeError(f"an array of shape {x.shape} came out with shape {value.shape}")
        x.value = value.astype(x.dtype.numpy, copy=False)
        Counts.computed += 1
    if not Counts.recording:
        for x in (*found, *arrays):
            x.operation, x.inputs, x.settings = None, (), {}


def _made_of(arrays, is_wanted):
    """Return those of the arrays, and of all that they are made of, that are wanted, in the order they were made."""
    waiting, found = list(arrays), {}
    while waiting:
        x = waiting.pop()
        if x.serial not in found and is_wanted(x):
            found[x.serial] = x
            waiting += x.inputs
    return [found[serial] for serial in sorted(found)]


@contextlib.contextmanager
def recording():
    """Keep how arrays were made, inside the `with` block, also of those whose value is asked for."""
    Counts.recording += 1
    try:
        yield
    finally:
        Counts.recording -= 1


def vjp(function, primals):
    """Return what a function from arrays to a list of them gives, and the function from cotangents to cotangents."""
    leaves = [same(x) for x in primals]
    first = leaves[0].serial if leaves else math.inf
    with recording():
        outputs = function(*leaves)
        depends, tape = {x.serial for x in leaves}, []
        for x in _made_of(outputs, lambda x: x.serial >= first):
            if x.serial not in depends and any(each.serial in depends for each in x.inputs):
                depends.add(x.serial)
                tape.append((x, x.operation, x.inputs, x.settings))

    def pullback(cotangents):
        grads = {}

        def add_to(x, g):
            if g is not None and x.serial in depends:
                g = _reduced(g, x.shape)
                grads[x.serial] = add(grads[x.serial], g) if x.serial in grads else g

        for x, g in zip(outputs, cotangents, strict=True):
            add_to(x, g)
        for x, operation, inputs, settings in reversed(tape):
            if x.serial in grads and operation.gradient is not None:
                found = operation.gradient(grads.pop(x.serial), x, *inputs, **settings)
                for each, g in zip(inputs, found, strict=True):
                    add_to(each, g)
        return [grads[x.serial] if x.serial in grads else full(shape=x.shape, number=0, dtype=x.dtype) for x in leaves]

    return outputs, pullback


def _reduced(g, shape):
    """Sum a cotangent over the axes along which its array was broadcast."""
    extra = len(g.shape) - len(shape)
    axes = tuple(i for i, size in enumerate(g.shape) if i < extra or shape[i - extra] != size)
    return reshape(reduce_sum(g, axes=axes, keep=False), shape=shape) if axes else g


def _like(x, number):
    return full(shape=(), number=number, dtype=x.dtype)


# Element by element.


def _joined(*shapes):
    """Shape that others broadcast to, if they do."""
    rank = max(map(len, shapes))
    columns = zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True)
    return tuple(next((size for size in sizes if size != 1), 1) for sizes in columns)


def _common_shape(*inputs, **settings):
    return _joined(*(x.shape for x in inputs))


def _elementwise(compute, gradient=None):
    return Operation(compute, _common_shape, gradient)


def _comparison(compute):
    return Operation(compute, _common_shape, dtype=lambda *inputs: TRUTH)


def _power(x, y):
    if x.dtype.kind not in "iu":
        return np.power(x, y)
    return np.where((y < 0) & (abs(x) != 1), 0, np.power(x, abs(y)))  # integers have no negative powers but those of 1


def _power_gradient(g, out, x, y):
    by_y = multiply(out, log(where(greater(x, _like(x, 0)), x, _like(x, 1))))
    return multiply(g, multiply(y, power(x, subtract(y, _like(y, 1))))), multiply(g, by_y)


def _share(g, x, y):
    """Part of a cotangent that goes to `x` where `x` and `y` compete: half of it where they are equal."""
    return where(greater(x, y), g, where(equal(x, y), multiply(g, _like(g, 0.5)), _like(g, 0)))


def _is_floating(x):
    return x.dtype.numpy.kind in "fV"  # to NumPy, bfloat16 is of the kind V


same = _elementwise(lambda x: x, lambda g, out, x: (g,))
constant = _elementwise(lambda x: x)  # without a gradient
absolute = _elementwise(np.abs, lambda g, out, x: (multiply(g, sign(x)),))
ceil, floor, rint, sign = (_elementwise(each) for each in (np.ceil, np.floor, np.rint, np.sign))
cos = _elementwise(np.cos, lambda g, out, x: (negative(multiply(g, sin(x))),))
sin = _elementwise(np.sin, lambda g, out, x: (multiply(g, cos(x)),))
exp = _elementwise(np.exp, lambda g, out, x: (multiply(g, out),))
expm1 = _elementwise(np.expm1, lambda g, out, x: (multiply(g, add(out, _like(out, 1))),))
log = _elementwise(np.log, lambda g, out, x: (divide(g, x),))
log1p = _elementwise(np.log1p, lambda g, out, x: (divide(g, add(x, _like(x, 1))),))
negative = _elementwise(np.negative, lambda g, out, x: (negative(g),))
sqrt = _elementwise(np.sqrt, lambda g, out, x: (divide(g, multiply(out, _like(out, 2))),))
tanh = _elementwise(np.tanh, lambda g, out, x: (multiply(g, subtract(_like(out, 1), multiply(out, out))),))
erf = _elementwise(
    lambda x: np.vectorize(math.erf, [float])(x),
    lambda g, out, x: (multiply(g, multiply(exp(negative(multiply(x, x))), _like(x, 2 / math.sqrt(math.pi)))),),
)
add = _elementwise(np.add, lambda g, out, x, y: (g, g))
subtract = _elementwise(np.subtract, lambda g, out, x, y: (g, negative(g)))
multiply = _elementwise(np.multiply, lambda g, out, x, y: (multiply(g, y), multiply(g, x)))
divide = _elementwise(np.divide, lambda g, out, x, y: (divide(g, y), negative(divide(multiply(g, out), y))))
mod = _elementwise(np.mod, lambda g, out, x, y: (g, negative(multiply(g, floor(divide(x, y))))))
power = _elementwise(_power, _power_gradient)
maximum = _elementwise(np.maximum, lambda g, out, x, y: (_share(g, x, y), _share(g, y, x)))
minimum = _elementwise(np.minimum, lambda g, out, x, y: (_share(g, y, x), _share(g, x, y)))
floor_divide, nextafter = _elementwise(np.floor_divide), _elementwise(np.nextafter)
bit_and, bit_or, bit_xor = (_elementwise(each) for each in (np.bitwise_and, np.bitwise_or, np.bitwise_xor))
bit_not, shift_left, shift_right = (_elementwise(each) for each in (np.bitwise_not, np.left_shift, np.right_shift))
equal, less, greater = (_comparison(each) for each in (np.equal, np.less, np.greater))
where = Operation(
    np.where,
    _common_shape,
    lambda g, out, condition, x, y: (None, where(condition, g, _like(g, 0)), where(condition, _like(g, 0), g)),
    lambda condition, x, y: x.dtype,
)
cast = Operation(
    lambda x, dtype: x.astype(dtype.numpy),
    _common_shape,
    lambda g, out, x, dtype: (cast(g, dtype=x.dtype) if _is_floating(g) and _is_floating(x) else None,),
    lambda x, dtype: dtype,
)
full = Operation(
    lambda shape, number, dtype: np.full(shape, number, dtype.numpy),
    lambda shape, number, dtype: shape,
    dtype=lambda shape, number, dtype: dtype,
)


# Along axes, which are tuples of numbers that are not negative.


def _left(x, axes, keep=False, initial=None):
    """Shape of a reduction."""
    return tuple(1 if i in axes else size for i, size in enumerate(x.shape) if keep or i not in axes)


def _spread(g, x, axes, keep):
    """Repeat a reduction along the axes it reduced."""
    return expand(g if keep else reshape(g, shape=_left(x, axes, True)), shape=x.shape)


def _extreme_gradient(g, out, x, axes, keep, initial):
    is_it = cast(equal(x, _spread(out, x, axes, keep)), dtype=x.dtype)
    count = maximum(reduce_sum(is_it, axes=axes, keep=keep), _like(x, 1))  # none, where `initial` is the extreme
    return (multiply(_spread(divide(g, count), x, axes, keep), is_it),)


def _extreme(compute):
    def extreme(x, axes, keep, initial):
        return compute(x, axes, keepdims=keep, **({} if initial is None else {"initial": initial}))

    return Operation(extreme, _left, _extreme_gradient)


def _position(compute):
    return Operation(lambda x, axes: compute(x, *axes), _left, dtype=lambda x, axes: INT)


reduce_sum = Operation(
    lambda x, axes, keep: np.sum(x, axes, x.dtype, keepdims=keep),
    _left,
    lambda g, out, x, axes, keep: (_spread(g, x, axes, keep),),
)
reduce_max, reduce_min, argmax, argmin = _extreme(np.max), _extreme(np.min), _position(np.argmax), _position(np.argmin)
running_sum = Operation(
    lambda x, axis: np.cumsum(x, axis, x.dtype),
    lambda x, axis: x.shape,
    lambda g, out, x, axis: (flip(running_sum(flip(g, axes=(axis,)), axis=axis), axes=(axis,)),),
)
sorting = Operation(
    lambda x, axis: np.argsort(x, axis, kind="stable"), lambda x, axis: x.shape, dtype=lambda x, axis: INT
)
places = Operation(
    lambda x, values, side: np.searchsorted(x, values, side),
    lambda x, values, side: values.shape,
    dtype=lambda x, values, side: INT,
)
flip = Operation(
    lambda x, axes: np.flip(x, axes), lambda x, axes: x.shape, lambda g, out, x, axes: (flip(g, axes=axes),)
)


# Of shapes.


def _read_shape(x, key):
    sizes, shape = iter(x.shape), []
    for part in key:
        if part is None:
            shape.append(1)
        else:
            size = next(sizes)
            shape += [len(range(*part.indices(size)))] if isinstance(part, slice) else []
    return (*shape, *sizes)


def _unread(g, key, shape):
    out = np.zeros(shape, g.dtype)
    out[key] = g
    return out


def _pieces(g, out, *xs, axis):
    ends = itertools.accumulate((x.shape[axis] for x in xs), initial=0)
    return [read(g, key=(slice(None),) * axis + (slice(*pair),)) for pair in itertools.pairwise(ends)]


def _inside(x, widths):
    return tuple(slice(before, before + size) for size, (before, _) in zip(x.shape, widths, strict=True))


def _set_rows(x, indices, updates, how):
    out = x.copy()
    if how is None:
        out[indices] = updates
    else:
        getattr(np, how).at(out, indices, updates)
    return out


def _set_rows_gradient(g, out, x, indices, updates, how):
    if how is None:
        g_of_x = set_rows(g, indices, full(shape=updates.shape, number=0, dtype=g.dtype), how=None)
        return g_of_x, None, rows(g, indices)
    if how not in ("add", "subtract"):
        raise NotImplementedError(f"lazyarrays has no gradient of set_rows by {how}")
    return g, None, rows(negative(g) if how == "subtract" else g, indices)


def _swapped(x):
    return permute(x, axes=(*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2))


def _reshaped(x, shape):
    others = math.prod(size for size in shape if size != -1)
    return tuple(math.prod(x.shape) // max(others, 1) if size == -1 else size for size in shape)


reshape = Operation(lambda x, shape: x.reshape(shape), _reshaped, lambda g, out, x, shape: (reshape(g, shape=x.shape),))
expand = Operation(lambda x, shape: np.broadcast_to(x, shape), lambda x, shape: shape, lambda g, out, x, shape: (g,))
permute = Operation(
    lambda x, axes: x.transpose(axes),
    lambda x, axes: tuple(x.shape[axis] for axis in axes),
    lambda g, out, x, axes: (permute(g, axes=tuple(sorted(range(len(axes)), key=axes.__getitem__))),),
)
read = Operation(lambda x, key: x[key], _read_shape, lambda g, out, x, key: (unread(g, key=key, shape=x.shape),))
unread = Operation(_unread, lambda g, key, shape: shape, lambda g, out, x, key, shape: (read(g, key=key),))
pad = Operation(
    lambda x, widths, number: np.pad(x, widths, constant_values=number) if widths else x,
    lambda x, widths, number: tuple(size + a + b for size, (a, b) in zip(x.shape, widths, strict=True)),
    lambda g, out, x, widths, number: (read(g, key=_inside(x, widths)),),
)
join = Operation(
    lambda *xs, axis: np.concatenate(xs, axis),
    lambda x, *xs, axis: (*x.shape[:axis], sum(each.shape[axis] for each in (x, *xs)), *x.shape[axis + 1 :]),
    _pieces,
)
rows = Operation(
    lambda x, indices: x[indices],
    lambda x, indices: indices.shape + x.shape[1:],
    lambda g, out, x, indices: (set_rows(full(shape=x.shape, number=0, dtype=g.dtype), indices, g, how="add"), None),
)
set_rows = Operation(_set_rows, lambda x, indices, updates, how: x.shape, _set_rows_gradient)
bits = Operation(
    lambda x, dtype: np.ascontiguousarray(x).reshape(x.shape).view(dtype.numpy),
    lambda x, dtype: (*x.shape[:-1], *(n * x.dtype.numpy.itemsize // dtype.numpy.itemsize for n in x.shape[-1:])),
    dtype=lambda x, dtype: dtype,
)
matmul = Operation(
    np.matmul,
    lambda x, y: (*_joined(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-1]),
    lambda g, out, x, y: (matmul(g, _swapped(y)), matmul(_swapped(x), g)),
)
