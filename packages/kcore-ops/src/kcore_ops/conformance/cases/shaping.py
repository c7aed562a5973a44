"""Cases of making, reshaping and joining."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from kcore_ops.conformance.case import ALL, FLOATS, NUMERIC, REAL, arrays, axes, axis, broadcastable, case, shapes

# Making.


@case("full", lambda shape, value, dtype=None: np.full(shape, value), dtypes=REAL, gradient=False)
def _full(draw, dtype):
    return draw(shapes()), draw(st.booleans() if dtype == "bool" else st.integers(0, 5)), dtype


@case("full", lambda shape, value, dtype: np.broadcast_to(value, shape), dtypes=FLOATS, gradient=False)
def _full_of_tensor(draw, dtype):
    shape = draw(shapes(min_rank=1))
    return shape, draw(arrays(dtype, shape[-1:])), dtype


for _name, _function in {"zeros": np.zeros, "ones": np.ones, "empty": np.zeros}.items():

    @case(_name, lambda shape, dtype, f=_function: f(shape), dtypes=ALL, gradient=False)
    def _of_shape(draw, dtype):
        return draw(shapes()), dtype


for _name, _function in {"zeros_like": np.zeros_like, "ones_like": np.ones_like, "empty_like": np.zeros_like}.items():

    @case(_name, lambda x, dtype, f=_function: f(x), dtypes=ALL, gradient=False)
    def _like(draw, dtype):
        return draw(arrays(dtype)), draw(st.sampled_from([None, "float32", "int32"]))


@case("full_like", lambda x, value, dtype: np.full(x.shape, value), dtypes=NUMERIC, gradient=False)
def _full_like(draw, dtype):
    return draw(arrays(dtype)), draw(st.integers(0, 5)), draw(st.sampled_from([None, "float32", "uint8"]))


@case("arange", lambda *numbers: np.arange(*numbers[:-1]), dtypes=NUMERIC, gradient=False)
def _arange(draw, dtype):
    start, stop = draw(st.integers(0, 4)), draw(st.integers(0, 9))
    return start, stop, draw(st.sampled_from([1, 2, 3])), dtype


@case("arange", lambda start, stop=None, step=None: np.arange(start, stop, step), dtypes=["float32"], gradient=False)
def _arange_of_floats(draw, dtype):
    return [draw(st.sampled_from([3, 2.5, np.int32(4)])), *draw(st.sampled_from([(), (7,), (-4, -0.75), (9.5, 0.5)]))]


@case("count_from", lambda start, stop, step, dtype: np.arange(start, stop, step), dtypes=NUMERIC, gradient=False)
def _count_from(draw, dtype):
    return 7, draw(st.integers(-1, 7)) if dtype[0] != "u" else 0, draw(st.sampled_from([-1, -2])), dtype


@case("linspace", np.linspace, dtypes=REAL)
def _linspace(draw, dtype):
    shape1, shape2 = draw(broadcastable())
    rank = max(len(shape1), len(shape2))
    return (
        draw(arrays(dtype, shape1)),
        draw(arrays(dtype, shape2)),
        draw(st.integers(0, 5)),
        draw(st.booleans()),
        False,
        None,
        draw(axis(rank + 1)),
    )


@case("linspace", lambda *args: np.linspace(*args[:5]), dtypes=FLOATS, gradient=False)
def _linspace_with_step(draw, dtype):
    return draw(arrays(dtype, ())), draw(arrays(dtype, ())), draw(st.integers(1, 5)), draw(st.booleans()), True


@case("linspace", lambda *args: np.linspace(*args[:5], dtype=args[5]), dtypes=["float32"], gradient=False)
def _linspace_of_integers(draw, dtype):
    return -2.5, 4.0, 5, True, False, "int32"


@case("logspace", np.logspace, dtypes=REAL)
def _logspace(draw, dtype):
    shape = draw(shapes(max_rank=2))
    return draw(arrays(dtype, shape, 0, 2)), draw(arrays(dtype, shape, 0, 2)), draw(st.integers(0, 4)), True, 2


@case("geomspace", np.geomspace, dtypes=NUMERIC)
def _geomspace(draw, dtype):
    shape = draw(shapes(max_rank=2))
    return (
        draw(arrays(dtype, shape, 1, 3)),
        draw(arrays(dtype, shape, 1, 3)),
        draw(st.integers(0, 4)),
        draw(st.booleans()),
        None,
        draw(axis(len(shape) + 1)),
    )


for _name, _function in {"eye": np.eye, "tri": np.tri}.items():

    @case(_name, lambda n, m, k, dtype, f=_function: f(n, m, k), dtypes=REAL, gradient=False)
    def _matrix(draw, dtype):
        return draw(st.integers(0, 4)), draw(st.none() | st.integers(0, 4)), draw(st.integers(-5, 5)), dtype


@case("identity", lambda n, dtype: np.identity(n), dtypes=REAL, gradient=False)
def _identity(draw, dtype):
    return draw(st.integers(0, 4)), dtype


@case("meshgrid", lambda x, indexing: np.meshgrid(*x, indexing=indexing), dtypes=ALL)
def _meshgrid(draw, dtype):
    count = draw(st.integers(1, 3))
    return [draw(arrays(dtype, (draw(st.integers(0, 3)),))) for _ in range(count)], draw(st.sampled_from(["xy", "ij"]))


@case("copy", np.copy, dtypes=ALL)
def _copy(draw, dtype):
    return [draw(arrays(dtype))]


# Reshaping.


@case("reshape", np.reshape, dtypes=ALL)
def _reshape(draw, dtype):
    shape = draw(shapes())
    other = draw(st.permutations(shape))
    if math.prod(other) and other and draw(st.booleans()):
        other[draw(st.integers(0, len(other) - 1))] = -1
    return draw(arrays(dtype, shape)), draw(st.sampled_from([tuple(other), (math.prod(shape),), (-1, 1)]))


@case("ravel", np.ravel, dtypes=ALL)
def _ravel(draw, dtype):
    return [draw(arrays(dtype))]


@case("transpose", np.transpose, dtypes=ALL)
def _transpose(draw, dtype):
    shape = draw(shapes())
    order = draw(st.permutations(range(len(shape))))
    signed = tuple(a - len(shape) if draw(st.booleans()) else a for a in order)
    return draw(arrays(dtype, shape)), draw(st.sampled_from([None, signed]))


@case("swapaxes", np.swapaxes)
def _swapaxes(draw, dtype):
    shape = draw(shapes(min_rank=1))
    return draw(arrays(dtype, shape)), draw(axis(len(shape))), draw(axis(len(shape)))


@case("moveaxis", np.moveaxis)
def _moveaxis(draw, dtype):
    shape = draw(shapes(min_rank=2))
    rank = len(shape)
    if draw(st.booleans()):
        return draw(arrays(dtype, shape)), draw(axis(rank)), draw(axis(rank))
    source, destination = draw(st.permutations(range(rank))), draw(st.permutations(range(-rank, 0)))
    count = draw(st.integers(0, rank))
    return draw(arrays(dtype, shape)), tuple(source[:count]), tuple(destination[:count])


@case("expand_dims", np.expand_dims, dtypes=ALL)
def _expand_dims(draw, dtype):
    shape = draw(shapes())
    rank = len(shape)
    where = draw(st.sampled_from([0, -1, -rank - 1, rank, (0, -1), (0, rank + 1), ()]))
    return draw(arrays(dtype, shape)), where


@case("squeeze", np.squeeze, dtypes=ALL)
def _squeeze(draw, dtype):
    shape = list(draw(shapes()))
    place = draw(st.integers(0, len(shape)))
    shape.insert(place, 1)
    return draw(arrays(dtype, tuple(shape))), draw(st.sampled_from([place, place - len(shape), (place,), ()]))


@case("broadcast_to", np.broadcast_to, dtypes=ALL)
def _broadcast_to(draw, dtype):
    shape1, shape2 = draw(broadcastable())
    return draw(arrays(dtype, shape1)), np.broadcast_shapes(shape1, shape2)


@case("flip", np.flip, dtypes=ALL)
def _flip(draw, dtype):
    shape = draw(shapes())
    return draw(arrays(dtype, shape)), draw(axes(len(shape)))


for _name, _function in {"fliplr": np.fliplr, "flipud": np.flipud}.items():

    @case(_name, _function)
    def _flipped(draw, dtype):
        return [draw(arrays(dtype, shapes(min_rank=2)))]


@case("rot90", np.rot90)
def _rot90(draw, dtype):
    shape = draw(shapes(min_rank=2))
    first, second = draw(st.permutations(range(len(shape))))[:2]
    return draw(arrays(dtype, shape)), draw(st.integers(-5, 5)), (first, second - len(shape))


@case("roll", np.roll)
def _roll(draw, dtype):
    shape = draw(shapes(min_rank=1))
    shift = st.integers(-5, 5)
    one = (draw(shift), draw(st.none() | axis(len(shape))))
    several = ((draw(shift), draw(shift)), (0, -1))
    return draw(arrays(dtype, shape)), *draw(st.sampled_from([one, several]))


@case("repeat", np.repeat)
def _repeat(draw, dtype):
    shape = draw(shapes(min_rank=1))
    along = draw(st.none() | axis(len(shape)))
    count = math.prod(shape) if along is None else shape[along]
    number = st.integers(0, 3)
    each = draw(st.lists(number, min_size=count, max_size=count))
    return draw(arrays(dtype, shape)), draw(st.sampled_from([draw(number), each or [2]])), along


@case("tile", np.tile)
def _tile(draw, dtype):
    counts = draw(st.lists(st.integers(0, 3), max_size=4).map(tuple))
    return draw(arrays(dtype)), draw(st.sampled_from([2, counts]))


def _padded(x, widths, mode="constant", value=None):
    return np.pad(x, widths, mode, **({"constant_values": value or 0} if mode == "constant" else {}))


def _widths(draw, rank):
    number = st.integers(0, 5)
    pairs = tuple((draw(number), draw(number)) for _ in range(rank))
    return draw(st.sampled_from([1, (2, 1), ((0, 2),), pairs]))


@case("pad", _padded, dtypes=ALL)
def _pad(draw, dtype):
    shape = draw(shapes(min_rank=1))
    value = None if dtype == "bool" else draw(st.none() | st.integers(0, 3))
    return draw(arrays(dtype, shape)), _widths(draw, len(shape)), "constant", value


@case("pad", _padded, tolerance=4)
def _pad_with_elements(draw, dtype):
    shape = draw(shapes(min_rank=1, min_size=1))
    mode = draw(st.sampled_from(["edge", "reflect", "symmetric", "wrap"]))
    return draw(arrays(dtype, shape)), _widths(draw, len(shape)), mode


@case("pad_constant", lambda x, widths, value: np.pad(x, widths, constant_values=value))
def _pad_constant(draw, dtype):
    shape = draw(shapes(min_rank=1))
    number = st.integers(0, 3)
    pairs = tuple((draw(number), draw(number)) for _ in shape)
    return draw(arrays(dtype, shape)), pairs, dtype != "bool" and draw(number)


# Joining.


def _alike(draw, dtype, min_rank, along=None):
    """Several tensors whose sizes are equal, except along one axis."""
    shape = draw(shapes(min_rank=min_rank))
    tensors = []
    for _ in range(draw(st.integers(1, 3))):
        sizes = list(shape)
        if along is not None:
            sizes[along] = draw(st.integers(0, 3))
        tensors.append(draw(arrays(dtype, tuple(sizes))))
    return tensors


@case("concatenate", np.concatenate, dtypes=ALL)
def _concatenate(draw, dtype):
    along = draw(st.sampled_from([0, -1, 1, -2]))
    return _alike(draw, dtype, 2, along), along


@case("concatenate", np.concatenate, dtypes=FLOATS)
def _concatenate_two_dtypes(draw, dtype):
    return [draw(arrays(dtype, (2,))), draw(arrays("int8", (3,)))], 0


@case("stack", np.stack, dtypes=ALL)
def _stack(draw, dtype):
    tensors = _alike(draw, dtype, 0)
    return tensors, draw(axis(tensors[0].ndim + 1))


for _name, _function in {"vstack": np.vstack, "hstack": np.hstack, "dstack": np.dstack}.items():

    @case(_name, _function, dtypes=REAL)
    def _stacked(draw, dtype):
        return [_alike(draw, dtype, 0)]


@case("append", np.append)
def _append(draw, dtype):
    along = draw(st.sampled_from([0, -1, None]))
    tensors = _alike(draw, dtype, 1, along)
    return tensors[0], tensors[-1], along


@case("unstack", lambda x, num, axis: list(np.moveaxis(x, axis, 0)), dtypes=ALL)
def _unstack(draw, dtype):
    shape = draw(shapes(min_rank=1, min_size=1))
    along = draw(axis(len(shape)))
    return draw(arrays(dtype, shape)), shape[along], along


@case("split", np.split, dtypes=ALL)
def _split(draw, dtype):
    shape = list(draw(shapes(min_rank=1)))
    along = draw(axis(len(shape)))
    sections = draw(st.integers(1, 3))
    shape[along] *= sections
    return draw(arrays(dtype, tuple(shape))), sections, along


@case("split", np.split)
def _split_at_indices(draw, dtype):
    shape = draw(shapes(min_rank=1))
    along = draw(axis(len(shape)))
    cuts = st.integers(0, shape[along])
    return draw(arrays(dtype, shape)), sorted(draw(st.lists(cuts, max_size=3))), along


@case("array_split", np.array_split)
def _array_split(draw, dtype):
    shape = draw(shapes(min_rank=1))
    return draw(arrays(dtype, shape)), draw(st.integers(1, 5)), draw(axis(len(shape)))


for _name, _function in {"vsplit": np.vsplit, "hsplit": np.hsplit, "dsplit": np.dsplit}.items():

    @case(_name, _function)
    def _split_along(draw, dtype, name=_name):
        shape = [2 * size for size in draw(shapes(min_rank=3))]
        return draw(arrays(dtype, tuple(shape))), draw(st.sampled_from([2, [1], [0, 1]]))
