"""Cases of sets, positions, counts of values, and segments."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import kcore_ops.ops.numpy.histograms
import kcore_ops.ops.numpy.positions
import kcore_ops.ops.numpy.sets  # noqa: F401
from kcore_ops.conformance.case import FLOATS, arrays, axis, case, shapes
from kcore_ops.conformance.cases.reductions import rounded, with_nan
from kcore_ops.dtypes import limits

SOME = ("float32", "bfloat16", "bool", "int32", "uint8", "int64")
INTEGER_DTYPES = ("int32", "uint8", "int64", "int16")


def _unique(x, sorted, index, inverse, counts, axis, size=None, fill_value=None):
    values, first, which, count = np.unique(x, True, True, True, axis)
    if size is not None:
        missing = max(size - len(first), 0)
        along = 0 if axis is None else axis
        padding = [(0, missing if i == along % values.ndim else 0) for i in range(values.ndim)]
        values = np.take(np.pad(values, padding, constant_values=fill_value or 0), np.arange(size), along)
        first = np.pad(first, (0, missing), constant_values=first[0] if len(first) else 0)[:size]
        count = np.pad(count, (0, missing))[:size]
    which = which.reshape(x.shape if axis is None else -1)
    return (values, *[y for y, wanted in ((first, index), (which, inverse), (count, counts)) if wanted])


def _elements(draw, dtype, shape):
    return rounded(draw(arrays(dtype, shape, low=-2, high=2)))


def _flags(draw):
    return draw(st.booleans()), draw(st.booleans()), draw(st.booleans()), draw(st.booleans())


@case("unique", _unique, dtypes=SOME, gradient=False, by_value=True)
def _unique_of_all(draw, dtype):
    return _elements(draw, dtype, draw(shapes(max_rank=2))), *_flags(draw), None


@case("unique", _unique, dtypes=("float32", "int32", "bool"), gradient=False, by_value=True)
def _unique_along_an_axis(draw, dtype):
    shape = draw(shapes(min_rank=1, max_rank=2, min_size=1))
    return _elements(draw, dtype, shape), *_flags(draw), draw(axis(len(shape)))


@case("unique", _unique, dtypes=("float32", "int32"), gradient=False)
def _unique_of_known_size(draw, dtype):
    shape = draw(shapes(min_rank=1, max_rank=2, min_size=1))
    along = draw(st.none() | axis(len(shape)))
    fill_value = draw(st.sampled_from([None, 1, 7]))
    return _elements(draw, dtype, shape), *_flags(draw), along, draw(st.integers(0, 4)), fill_value


@case("isin", np.isin, dtypes=SOME, gradient=False)
def _isin(draw, dtype):
    x1, x2 = (_elements(draw, dtype, draw(shapes(max_rank=2))) for _ in range(2))
    return with_nan(draw, x1), with_nan(draw, x2), False, draw(st.booleans())


@case("nonzero", np.nonzero, dtypes=SOME, gradient=False, by_value=True)
def _nonzero_elements(draw, dtype):
    return [draw(arrays(dtype, draw(shapes(min_rank=1)), low=0, high=1.9))]


def _unravel_index(indices, shape):
    total = int(np.prod(shape))
    indices = indices.astype("int64")
    return np.unravel_index(np.clip(np.where(indices < 0, indices + total, indices), 0, max(total - 1, 0)), shape)


@case("unravel_index", _unravel_index, dtypes=INTEGER_DTYPES, gradient=False)
def _indices(draw, dtype):
    shape = draw(shapes(min_rank=1, max_rank=3, min_size=1))
    total = int(np.prod(shape))
    return draw(arrays(dtype, draw(shapes(max_rank=2)), low=-total - 2, high=total + 1)), shape


def _partitioned(results, args):
    """What a partition settles: which elements come first, which is at `kth`, and that it is one."""
    x, kth, axis = args
    (order,) = results
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    kth = kth % x.shape[axis]
    ordered = np.take_along_axis(x.astype("float64"), order.astype("int64"), axis)
    before, at, behind = np.split(ordered, [kth, kth + 1], axis)
    return [np.sort(before, axis), at, np.sort(behind, axis), np.sort(order, axis)]


@case("argpartition", lambda x, kth, axis: np.argpartition(x, kth, axis), gradient=False, compare=_partitioned)
def _argpartition(draw, dtype):
    shape = draw(shapes(min_rank=1, max_rank=2, min_size=1))
    chosen = draw(st.none() | axis(len(shape)))
    x = draw(arrays(dtype, shape))
    return with_nan(draw, x), draw(axis(x.size if chosen is None else shape[chosen])), chosen


# Counts.


def _bincount(x, weights=None, minlength=0):
    size = max(int(np.max(x.astype("int64"), initial=-1)) + 1, minlength)
    result = np.zeros((*x.shape[:-1], size), "int64" if weights is None else weights.dtype)
    if weights is not None and weights.dtype.kind in "bu":
        result = result.astype("int64")
    for place in np.ndindex(x.shape):
        if x[place] >= 0:
            result[(*place[:-1], int(x[place]))] += 1 if weights is None else weights[place]
    return result


@case("bincount", _bincount, dtypes=INTEGER_DTYPES, gradient=False, by_value=True)
def _counts(draw, dtype):
    shape = draw(shapes(min_rank=1, max_rank=2))
    x = draw(arrays(dtype, shape, low=-1 if draw(st.booleans()) else 0, high=4))
    weights = None
    if draw(st.booleans()):
        weights = draw(arrays(draw(st.sampled_from(["float32", "int32", "float16", "uint8", "bool"])), shape))
    return x, weights, draw(st.integers(0, 6))


def _histogram(x, bins=10, range=None):
    low, high = (x.min(), x.max()) if x.size and range is None else range or (0.0, 1.0)
    if isinstance(bins, int):
        low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
        return np.histogram(x[~np.isnan(x)], bins, (low, high))
    return np.histogram(x[~np.isnan(x)], bins)


@case("histogram", _histogram, dtypes=(*FLOATS, "int32", "bool", "uint8"), gradient=False)
def _histogram_of_bins(draw, dtype):
    # Halves, and bins that end at quarters: which bin an element on an edge falls into is no matter of rounding.
    x = rounded(draw(arrays(dtype, draw(shapes(max_rank=2)), low=-4, high=4)))
    limits = draw(st.sampled_from([None, (-1, 1), (-2, 6.0), (1, 1)]))
    bins = draw(st.sampled_from([1, 2, 4, 8])) if limits else 1
    return with_nan(draw, x) if limits else x, bins, limits


@case("histogram", _histogram, dtypes=("float32", "int32"), gradient=False)
def _histogram_between_edges(draw, dtype):
    x = rounded(draw(arrays(dtype, draw(shapes(max_rank=2)), low=-4, high=4)))
    return with_nan(draw, x), draw(st.sampled_from([[-1.0, 0.0, 2.0], (0, 1), [-3, -1, -1, 3, 4]]))


# Segments.


def _segments(combine, start):
    def reference(data, segment_ids, num_segments, sorted=False):
        result = np.full((num_segments, *data.shape[1:]), start(data.dtype), data.dtype)
        for row, segment in zip(data, segment_ids, strict=True):
            if 0 <= segment < num_segments:
                result[segment] = combine(result[segment], row)
        return result

    return reference


def _most(dtype):
    return np.inf if dtype.kind == "f" else limits(dtype.name)[1]


for _name, _function, _start in (("segment_min", np.minimum, _most), ("segment_prod", np.multiply, lambda dtype: 1)):

    @case(_name, _segments(_function, _start), tolerance=4)
    def _segment(draw, dtype, name=_name):
        shape = draw(shapes(min_rank=1, max_rank=2))
        num_segments = draw(st.integers(0, 4))
        ids = draw(arrays("int32", shape[:1], low=-1, high=num_segments))  # one row in some is of no segment
        distinct = name == "segment_min" and dtype in ("float32", "float64")
        data = draw(arrays(dtype, shape, low=0.5, distinct=distinct))
        if draw(st.booleans()):
            return data, np.sort(ids), num_segments, True
        return data, ids.astype("int64"), num_segments
