"""Cases of reductions, running sums, sorting, searching and statistics."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from kcore_ops.conformance.case import ALL, FLOATS, NUMERIC, arrays, axes, axis, case, shapes
from kcore_ops.dtypes import limits, numpy_dtype

NOT_EMPTY = shapes(min_size=1)


def several_axes(draw, rank):
    """Give None, one axis, several, or none at all: `()`."""
    return () if draw(st.integers(0, 9)) == 0 else draw(axes(rank))


def reduction_of(draw, dtype, shape, **limits):
    """An array, axes of it, and `keepdims`."""
    x = draw(arrays(dtype, shape, **limits))
    return x, several_axes(draw, x.ndim), draw(st.booleans())


def with_nan(draw, x):
    """The array with some of its elements missing, if it can have such."""
    if x.dtype.kind in "biu":
        return x
    holes = np.random.default_rng(draw(st.integers(0, 99))).random(x.shape) < 0.3
    return np.where(holes, np.array(np.nan, x.dtype), x)


def wide_dtypes(dtype):
    """What may be passed as `dtype`, to compute in, without losing anything."""
    return [None] if dtype in ("complex64", "float64") else [None, "float64" if dtype == "int64" else "float32"]


def rounded(x):
    """The array with whole numbers, so that some are equal, and some are -0."""
    return x if x.dtype.kind in "biu" else np.rint(x, out=np.empty_like(x))


def quiet(function):
    """A reference that NumPy is not to warn about."""

    def called(*args):
        import warnings

        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return function(*args)

    return called


def in_own_dtype(function):
    """A reference whose integers stay as wide as they are."""

    def called(x, axis=None, *rest):
        return function(x, axis, x.dtype, None, *rest)

    return called


# Sums, extremes, means.


@case("sum", in_own_dtype(np.add.reduce), dtypes=ALL)
def _sum(draw, dtype):
    return reduction_of(draw, dtype, shapes())


@case("prod", lambda x, a, k, dtype=None: np.prod(x, a, dtype or x.dtype, keepdims=k), dtypes=ALL, tolerance=3)
def _prod(draw, dtype):
    x, axis, keepdims = reduction_of(draw, dtype, shapes())
    return x, axis, keepdims, draw(st.sampled_from(wide_dtypes(dtype)))


def _initial(x, axis, keepdims, initial, function):
    given = {} if initial is None else {"initial": initial}
    return function(x, axis, keepdims=keepdims, **given)


for _name, _function in {"max": np.max, "min": np.min}.items():

    @case(_name, lambda x, a, k, i=None, f=_function: _initial(x, a, k, i, f))
    def _extreme(draw, dtype):
        initial = None if draw(st.booleans()) else 0.5 if dtype in FLOATS else draw(st.integers(0, 1))
        shape = draw(shapes(min_size=1 if initial is None else 0))
        # Where several are largest, how they share the gradient is the framework's choice.
        x = draw(arrays(dtype, shape, low=-30, high=30, distinct=dtype in ("float32", "float64")))
        return x, several_axes(draw, x.ndim), draw(st.booleans()), initial

    @case(_name, lambda x, a, f=_function: f(x, a), dtypes=FLOATS, gradient=False)
    def _extreme_with_nan(draw, dtype):
        x = with_nan(draw, draw(arrays(dtype, NOT_EMPTY)))
        return x, draw(axes(x.ndim))


for _name, _function in {"all": np.all, "any": np.any}.items():

    @case(_name, lambda x, a, k, f=_function: f(x, a, keepdims=k), gradient=False)
    def _truth(draw, dtype):
        return reduction_of(draw, dtype, shapes(), low=0, high=1.9)


for _name, _function in {"argmax": np.argmax, "argmin": np.argmin}.items():

    @case(_name, lambda x, a, k, f=_function: f(x, a, keepdims=k), gradient=False)
    def _index(draw, dtype):
        shape = draw(NOT_EMPTY)
        x = draw(arrays(dtype, shape, distinct=draw(st.booleans()) and dtype != "bool"))
        x = with_nan(draw, rounded(x)) if draw(st.booleans()) else rounded(x)
        return x, draw(axis(len(shape))) if shape and draw(st.booleans()) else None, draw(st.booleans())


@case("mean", quiet(lambda x, a, k: np.mean(x, a, keepdims=k)), dtypes=ALL, rounds_once=True)
def _mean(draw, dtype):
    return reduction_of(draw, dtype, shapes())


@case("mean", lambda x: np.mean(x), dtypes=("float16", "bfloat16"), rounds_once=True)
def _mean_of_many(draw, dtype):
    return [draw(arrays(dtype, (70_000,), low=1, high=2))]


@case("count_nonzero", np.count_nonzero, gradient=False)
def _count_nonzero(draw, dtype):
    x, axis, _ = reduction_of(draw, dtype, shapes(), low=0, high=1.9)
    return x, axis


def _logsumexp_of_array(x, axis, keepdims):
    top = np.max(x, axis, keepdims=True, initial=-700)
    total = np.log(np.sum(np.exp(x - top), axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis if axis is not None else None if x.ndim else ())


@case("logsumexp", quiet(_logsumexp_of_array), rounds_once=True)
def _logsumexp(draw, dtype):
    return reduction_of(draw, dtype, shapes(), low=-60, high=60)


@case("logsumexp", quiet(_logsumexp_of_array), dtypes=FLOATS, rounds_once=True)
def _logsumexp_with_infinities(draw, dtype):
    x = draw(arrays(dtype, NOT_EMPTY))
    holes = np.random.default_rng(draw(st.integers(0, 99))).random(x.shape) < draw(st.sampled_from([0.5, 1.0]))
    x = np.where(holes, np.array(-np.inf, x.dtype), x)
    return x, draw(axes(x.ndim)), draw(st.booleans())


for _name, _function in {"nansum": np.nansum, "nanmean": np.nanmean, "nanmax": np.nanmax, "nanmin": np.nanmin}.items():
    _is_extreme = _name in ("nanmax", "nanmin")

    @case(_name, quiet(lambda x, a, k, f=_function: f(x, a, keepdims=k)), gradient=not _is_extreme)
    def _known(draw, dtype, is_extreme=_is_extreme):
        x, axis, keepdims = reduction_of(draw, dtype, shapes(min_size=1 if is_extreme else 0))
        return with_nan(draw, x), axis if axis != () else None, keepdims


def _segments(combine, start):
    def reference(data, segment_ids, num_segments, sorted=False):
        dtype = data.dtype
        result = np.full((num_segments, *data.shape[1:]), start(dtype), dtype)
        for row, segment in zip(data, segment_ids, strict=True):
            if 0 <= segment < num_segments:
                result[segment] = combine(result[segment], row)
        return result

    return reference


def _least(dtype):
    return -np.inf if dtype.kind == "f" else limits(dtype.name)[0]


for _name, _function, _start in (("segment_sum", np.add, lambda dtype: 0), ("segment_max", np.maximum, _least)):

    @case(_name, _segments(_function, _start))
    def _segment(draw, dtype):
        shape = draw(shapes(min_rank=1))
        num_segments = draw(st.integers(0, 4))
        # One row in some is of no segment.
        ids = draw(arrays("int32", shape[:1], low=-1, high=num_segments))
        data = draw(arrays(dtype, shape, distinct=dtype in ("float32", "float64")))
        if draw(st.booleans()):
            return data, np.sort(ids), num_segments, True
        return data, ids.astype("int64"), num_segments


# Running sums and differences.


for _name, _function in {"cumsum": np.cumsum, "cumprod": np.cumprod}.items():

    @case(_name, lambda x, a, dtype=None, f=_function: f(x, a, dtype or x.dtype), dtypes=ALL, tolerance=3)
    def _running(draw, dtype):
        shape = draw(shapes())
        chosen = draw(axis(len(shape))) if shape and draw(st.booleans()) else None
        return draw(arrays(dtype, shape)), chosen, draw(st.sampled_from(wide_dtypes(dtype)))


@case("diff", lambda a, n=1, axis=-1: np.diff(a, n, axis), dtypes=ALL)
def _diff(draw, dtype):
    shape = draw(shapes(min_rank=1))
    return draw(arrays(dtype, shape)), draw(st.integers(0, 3)), draw(axis(len(shape)))


# Sorting and searching.


@case("sort", np.sort)
def _sort(draw, dtype):
    shape = draw(shapes(min_rank=1))
    x = draw(arrays(dtype, shape, distinct=dtype in ("float32", "float64")))
    return x, draw(axis(len(shape))) if draw(st.booleans()) else None


@case("sort", np.sort, dtypes=FLOATS, gradient=False)
def _sort_with_nan(draw, dtype):
    return [with_nan(draw, draw(arrays(dtype, shapes(min_rank=1))))]


@case("argsort", lambda x, a=-1: np.argsort(x, a, kind="stable"), gradient=False)
def _argsort(draw, dtype):
    shape = draw(shapes(min_rank=1))
    x = draw(arrays(dtype, shape))
    x = with_nan(draw, rounded(x))
    return x, draw(axis(len(shape))) if draw(st.booleans()) else None


def _largest(x, k, sorted=True):
    order = np.lexsort((np.broadcast_to(np.arange(x.shape[-1]), x.shape), -_rank(x)), axis=-1)[..., :k]
    return np.take_along_axis(x, order, -1), order


def _rank(x):
    """Integers in the order of the elements, NaN above all."""
    return np.searchsorted(np.unique(x), x) if x.size else np.zeros(x.shape, int)


@case("top_k", _largest)
def _top_k(draw, dtype):
    shape = draw(shapes(min_rank=1))
    distinct = dtype in ("float32", "float64")
    x = draw(arrays(dtype, shape, distinct=distinct))
    x = x if distinct else with_nan(draw, rounded(x))
    return x, draw(st.integers(0, shape[-1])), draw(st.booleans())


@case("searchsorted", np.searchsorted, gradient=False)
def _searchsorted(draw, dtype):
    sequence = np.sort(draw(arrays(dtype, shapes(min_rank=1, max_rank=1)))).astype(numpy_dtype(dtype))
    values = draw(arrays(dtype))
    if sequence.size and draw(st.booleans()):
        values = np.resize(sequence, values.shape)
    return sequence, with_nan(draw, values), draw(st.sampled_from(["left", "right"]))


@case("digitize", lambda x, bins: np.searchsorted(bins, x, "right"), gradient=False)
def _digitize(draw, dtype):
    bins = np.sort(draw(arrays(dtype, shapes(min_rank=1, max_rank=1)))).astype(numpy_dtype(dtype))
    return with_nan(draw, draw(arrays(dtype))), bins


def _is_in_top_k(targets, predictions, k):
    result = []
    for target, row in zip(targets, predictions, strict=True):
        is_class = 0 <= target < len(row) and not np.isnan(row[target])
        result.append(bool(is_class and np.sum(row > row[target]) < k))
    return np.array(result, bool)


@case("in_top_k", _is_in_top_k, dtypes=FLOATS, gradient=False)
def _in_top_k(draw, dtype):
    count, classes = draw(st.integers(0, 4)), draw(st.integers(1, 4))
    targets = draw(arrays(draw(st.sampled_from(["int32", "int64", "uint8"])), (count,), low=-1, high=classes))
    predictions = draw(arrays(dtype, (count, classes)))
    return targets, with_nan(draw, rounded(predictions)), draw(st.integers(0, 5))


# Statistics.


for _name, _function in {"var": np.var, "std": np.std}.items():
    _spread_reference = quiet(lambda x, a, k, f=_function: f(x, a, keepdims=k))

    @case(_name, _spread_reference, dtypes=ALL, tolerance=2, gradient=_name == "var", rounds_once=True)
    def _spread(draw, dtype):
        return reduction_of(draw, dtype, shapes())


@case("std", lambda x, a: np.std(x, a), dtypes=("float32", "float64"), tolerance=2)
def _std_of_different_numbers(draw, dtype):
    shape = draw(shapes(min_rank=1, min_size=2))  # the gradient at 0 is not finite
    return draw(arrays(dtype, shape, distinct=True)), draw(axes(len(shape)))


@case(
    "moments",
    quiet(lambda x, a, k: (np.mean(x, a, keepdims=k), np.var(x, a, keepdims=k))),
    tolerance=2,
    rounds_once=True,
)
def _moments(draw, dtype):
    return reduction_of(draw, dtype, shapes())


@case("average", quiet(lambda x, a, w=None: np.average(x, a, w)), tolerance=3, rounds_once=True)
def _average(draw, dtype):
    shape = draw(shapes(min_size=1))
    x = draw(arrays(dtype, shape))
    kind = draw(st.sampled_from(["none", "all", "one axis"]))
    if kind == "none":
        return x, draw(axes(len(shape)))
    weights = draw(st.sampled_from([dtype, "float32"])) if dtype != "bool" else "float32"  # that are not all False
    if kind == "one axis" and shape:
        chosen = draw(axis(len(shape)))
        return x, chosen, np.asarray(draw(arrays(weights, shape[chosen : chosen + 1 or None], low=1, high=3)))
    return x, draw(axes(len(shape))), draw(arrays(weights, shape, low=1, high=3))


@case("median", quiet(lambda x, a, k: (np.median if x.size and a != () else np.mean)(x, a, keepdims=k)))
def _median(draw, dtype):
    shape = draw(shapes())
    distinct = dtype in ("float32", "float64")
    x = draw(arrays(dtype, shape, distinct=distinct))
    return (x if distinct else with_nan(draw, x)), several_axes(draw, x.ndim), draw(st.booleans())


@case("ptp", lambda x, a, k: np.ptp(x, a, keepdims=k), dtypes=NUMERIC)
def _ptp(draw, dtype):
    x = draw(arrays(dtype, NOT_EMPTY, distinct=dtype in ("float32", "float64")))
    return x, several_axes(draw, x.ndim), draw(st.booleans())
