"""Cases of indexing and of diagonals."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from kcore_ops.conformance.case import ALL, FLOATS, NUMERIC, REAL, arrays, axis, broadcastable, case, shapes

INDICES = ("int32", "int64", "uint8")


def _places(draw, shape, size, beyond=2):
    """Indices into an axis, from either end, some of them out of range."""
    dtype = draw(st.sampled_from(INDICES))
    low = 0 if dtype == "uint8" else -size - beyond
    return draw(arrays(dtype, shape, low, size - 1 + beyond))


def _in_range(indices, size):
    indices = indices.astype("int64")
    return np.clip(np.where(indices < 0, indices + size, indices), 0, size - 1)


def _take(x, indices, axis):
    return np.take(x, _in_range(indices, x.size if axis is None else x.shape[axis]), axis)


@case("take", _take, dtypes=ALL)
def _takes(draw, dtype):
    shape = draw(shapes(min_rank=1, min_size=1))
    along = draw(st.none() | axis(len(shape)))
    size = int(np.prod(shape)) if along is None else shape[along]
    return draw(arrays(dtype, shape)), _places(draw, draw(shapes(max_rank=2)), size), along


@case("take", np.take)
def _take_integer(draw, dtype):
    shape = draw(shapes(min_rank=1, min_size=1))
    along = draw(axis(len(shape)))
    return draw(arrays(dtype, shape)), draw(axis(shape[along])), along


@case("take", _take, gradient=False, effort=0.3)
def _take_nothing(draw, dtype):
    """Of an empty axis nothing is read where the result is empty, which NumPy says is right, and else an error."""
    shape, places, along = draw(
        st.sampled_from([((0,), (0,), None), ((2, 0), (2, 0), 1), ((0, 0), (3,), 1), ((0, 2), (1,), 1)])
    )
    return draw(arrays(dtype, shape)), np.zeros(places, "int32"), along


@case("take_along_axis", lambda x, i, a: np.take_along_axis(x, _in_range(i, x.size if a is None else x.shape[a]), a),
      dtypes=ALL)  # fmt: skip
def _take_along_axis(draw, dtype):
    shape = draw(shapes(min_rank=1, min_size=1))
    along = draw(st.none() | axis(len(shape)))
    if along is None:
        return draw(arrays(dtype, shape)), _places(draw, (3,), int(np.prod(shape))), None
    sizes = [1 if draw(st.booleans()) else size for size in shape]
    sizes[along] = draw(st.integers(0, 3))
    broadcast = [1 if draw(st.booleans()) else size for size in shape]
    broadcast[along] = shape[along]
    return draw(arrays(dtype, tuple(broadcast))), _places(draw, tuple(sizes), shape[along]), along


def _bound(draw):
    return draw(st.none() | st.integers(-6, 6))


def _slices(draw, shape):
    """A key of integers, slices, None and Ellipsis."""
    key = []
    for size in shape[: draw(st.integers(0, len(shape)))]:
        step = draw(st.sampled_from([None, 1, 2, -1, -2]))
        one = slice(_bound(draw), _bound(draw), step)
        key.append(draw(axis(size)) if size and draw(st.booleans()) else one)
    if draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))), None)
    if draw(st.booleans()):
        key.append(Ellipsis)
    return tuple(key)


@case("get_item", lambda x, key: x[key], dtypes=ALL)
def _get_slices(draw, dtype):
    shape = draw(shapes())
    key = _slices(draw, shape)
    return draw(arrays(dtype, shape)), key[0] if len(key) == 1 else key


def _get_clipped(x, key):
    """Read with index tensors, none of them out of range, by NumPy."""
    items = key if isinstance(key, tuple) else (key,)
    return x[tuple(np.asarray(item) if isinstance(item, list) else item for item in items)]


@case("get_item", _get_clipped, dtypes=FLOATS, errors=False)
def _get_tensors(draw, dtype):
    shape = draw(shapes(min_rank=3, max_rank=3, min_size=1))
    place1, place2 = draw(broadcastable(max_rank=2))
    index1 = draw(arrays("int32", place1, -shape[0], shape[0] - 1))
    index2 = draw(arrays("int64", place2, -shape[2], shape[2] - 1))
    number = draw(axis(shape[1]))
    keys = [(index1,), (index1, slice(None), index2), (slice(None, None, -1), number, index2), (index1, number),
            (None, index1, slice(0, 1)), (index1, Ellipsis, number - shape[1] if number > 0 else 0)]  # fmt: skip
    return draw(arrays(dtype, shape)), keys[draw(st.integers(0, 4))]


@case("basic_item", lambda x, key: x[key], dtypes=ALL)
def _basic_item(draw, dtype):
    shape = draw(shapes())
    key = tuple(
        draw(axis(size))
        if size and draw(st.booleans())
        else slice(_bound(draw), _bound(draw), draw(st.sampled_from([None, -1])))
        for size in shape
    )
    return draw(arrays(dtype, shape)), (None, *key) if draw(st.booleans()) else key


def _block(draw, min_rank=0):
    """A shape, a start inside it, and a size that lies inside from there."""
    shape = draw(shapes(min_rank=min_rank))
    starts = tuple(draw(st.integers(0, size)) for size in shape)
    sizes = tuple(draw(st.integers(0, size - start)) for size, start in zip(shape, starts, strict=True))
    return shape, starts, sizes


def _key(x, starts, sizes):
    starts = [max(min(int(s), w - n), 0) for s, n, w in zip(starts, sizes, x.shape, strict=True)]
    return tuple(slice(start, start + size) for start, size in zip(starts, sizes, strict=True))


def _slice(x, starts, sizes):
    return x[_key(x, starts, sizes)]


def _slice_update(x, starts, updates):
    result = np.array(x)
    result[_key(x, starts, updates.shape)] = updates
    return result


@case("slice", _slice, dtypes=REAL)
def _static_slice(draw, dtype):
    shape, starts, sizes = _block(draw)
    return draw(arrays(dtype, shape)), draw(st.sampled_from([starts, list(starts)])), sizes


for _name in ("slice", "dynamic_slice"):

    @case(_name, _slice, dtypes=FLOATS)
    def _dynamic_slice(draw, dtype):
        shape, _, sizes = _block(draw, min_rank=1)
        return draw(arrays(dtype, shape)), draw(arrays("int32", (len(shape),), -2, 5)), sizes


for _name in ("slice_update", "static_slice_update"):

    @case(_name, _slice_update, dtypes=REAL)
    def _static_slice_update(draw, dtype):
        shape, starts, sizes = _block(draw)
        return draw(arrays(dtype, shape)), starts, draw(arrays(dtype, sizes))


for _name in ("slice_update", "dynamic_slice_update"):

    @case(_name, _slice_update, dtypes=FLOATS)
    def _dynamic_slice_update(draw, dtype):
        shape, _, sizes = _block(draw, min_rank=1)
        return draw(arrays(dtype, shape)), draw(arrays("int32", (len(shape),), -2, 5)), draw(arrays(dtype, sizes))


_COMBINED = {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}


def _scatter_update(x, indices, updates, reduction=None):
    result = np.array(x)
    for place in np.ndindex(indices.shape[:-1]):
        at = indices[place].astype("int64")
        sizes = np.asarray(x.shape[: len(at)])
        at = np.where(at < 0, at + sizes, at)
        if not np.all((at >= 0) & (at < sizes)):
            continue
        at = tuple(at)
        result[at] = updates[place] if reduction is None else _COMBINED[reduction](result[at], updates[place])
    return result


def _updates(draw, dtype, shape, batch, distinct=False):
    depth = draw(st.integers(1, len(shape)))
    if distinct:
        cells = np.stack(
            np.unravel_index(np.random.default_rng(0).permutation(int(np.prod(shape[:depth]))), shape[:depth]), -1
        )
        indices = cells[: draw(st.integers(0, len(cells)))].astype("int32")
    else:
        indices = draw(arrays("int32", (*batch, depth), -5, 4))
    return indices, draw(arrays(dtype, (*indices.shape[:-1], *shape[depth:])))


@case("scatter_update", _scatter_update, dtypes=ALL)
def _scatter_update_once(draw, dtype):
    shape = draw(shapes(min_rank=1))
    return draw(arrays(dtype, shape)), *_updates(draw, dtype, shape, (), distinct=True)


@case("scatter_update", _scatter_update, dtypes=NUMERIC, gradient=False, tolerance=4)
def _scatter_update_combined(draw, dtype):
    shape = draw(shapes(min_rank=1, max_rank=2))
    batch = draw(shapes(min_rank=1, max_rank=2))
    reduction = draw(st.sampled_from(sorted(_COMBINED)))
    return draw(arrays(dtype, shape)), *_updates(draw, dtype, shape, batch), reduction


@case(
    "scatter_rows", lambda x, i, u, r: _scatter_update(x, i[:, None], u, r), dtypes=NUMERIC, gradient=False, tolerance=4
)
def _scatter_rows(draw, dtype):
    count, columns, rows = draw(st.integers(0, 4)), draw(st.integers(0, 3)), draw(st.integers(1, 4))
    indices = draw(arrays("int32", (count,), 0, rows - 1))
    reduction = draw(st.sampled_from(sorted(_COMBINED)))
    return draw(arrays(dtype, (rows, columns))), indices, draw(arrays(dtype, (count, columns))), reduction


@case(
    "scatter", lambda i, v, shape: _scatter_update(np.zeros(shape, v.dtype), i, v, "add"), dtypes=NUMERIC, tolerance=4
)
def _scatter(draw, dtype):
    shape = draw(shapes(min_rank=1))
    return *_updates(draw, dtype, shape, draw(shapes(max_rank=2))), shape


# Diagonals.

for _name, _function in {"tril": np.tril, "triu": np.triu}.items():

    @case(_name, _function, dtypes=ALL)
    def _triangle(draw, dtype):
        return draw(arrays(dtype, shapes(min_rank=2))), draw(st.integers(-5, 5))


for _name, _function in {"diagonal": np.diagonal, "trace": np.trace}.items():

    @case(_name, _function, dtypes=REAL, tolerance=2)
    def _diagonals(draw, dtype):
        shape = draw(shapes(min_rank=2))
        first, second = draw(st.permutations(range(len(shape))))[:2]
        return draw(arrays(dtype, shape)), draw(st.integers(-5, 5)), first, second - len(shape)


@case("diag", np.diag, dtypes=ALL)
def _diag(draw, dtype):
    return draw(arrays(dtype, shapes(min_rank=1, max_rank=2))), draw(st.integers(-5, 5))


@case("diagflat", np.diagflat)
def _diagflat(draw, dtype):
    return draw(arrays(dtype, shapes(max_rank=2))), draw(st.integers(-2, 2))
