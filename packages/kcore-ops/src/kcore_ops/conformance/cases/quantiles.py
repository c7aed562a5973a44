"""Cases of quantiles and of reductions that pass over NaN."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import kcore_ops.ops.numpy.nan_reductions
import kcore_ops.ops.numpy.quantiles  # noqa: F401
from kcore_ops.conformance.case import ALL, FLOATS, arrays, axis, case, shapes
from kcore_ops.conformance.cases.reductions import quiet, reduction_of, several_axes, wide_dtypes, with_nan

SMALL = (*FLOATS, "bool", "int32", "uint8")
METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _reference(function, scale):
    def reference(x, q, axis, method, keepdims):
        q = np.clip(q / scale, 0, 1)
        if axis == ():  # NumPy takes it for all axes
            result = np.broadcast_to(x, (*q.shape, *x.shape))
            return result
        return function(x, q, axis, method=method, keepdims=keepdims)

    return quiet(reference)


def _levels(draw, scale):
    """Fractions that no dtype rounds, so that it is certain which elements they fall on."""
    level = st.integers(0, 8).map(lambda eighths: eighths * scale / 8)
    levels = draw(level | st.lists(level, min_size=1, max_size=3))
    return np.array(levels, "float32") if draw(st.booleans()) or isinstance(levels, list) else levels


for _name, _function, _scale in (
    ("quantile", np.quantile, 1),
    ("percentile", np.quantile, 100),
    ("nanquantile", np.nanquantile, 1),
    ("nanpercentile", np.nanquantile, 100),
):

    @case(_name, _reference(_function, _scale), dtypes=SMALL, gradient=False, tolerance=2)
    def _quantiles(draw, dtype, scale=_scale):
        x = draw(arrays(dtype, draw(shapes(min_size=1))))
        x = with_nan(draw, x) if draw(st.booleans()) else x
        return x, _levels(draw, scale), several_axes(draw, x.ndim), draw(st.sampled_from(METHODS)), draw(st.booleans())

    @case(_name, dtypes=("float32", "float64"))
    def _quantiles_of_different_numbers(draw, dtype, scale=_scale):
        shape = draw(shapes(min_rank=1, max_rank=2, min_size=1))
        return draw(arrays(dtype, shape, distinct=True)), _levels(draw, scale), draw(axis(len(shape)))


@case("nanmedian", quiet(lambda x, a, k: x if a == () else np.nanmedian(x, a, keepdims=k)), dtypes=SMALL)
def _nanmedian(draw, dtype):
    distinct = dtype in ("float32", "float64")
    x = draw(arrays(dtype, draw(shapes(min_size=1)), distinct=distinct))
    return with_nan(draw, x), several_axes(draw, x.ndim), draw(st.booleans())


@case("nanprod", quiet(lambda x, a, k: np.prod(np.where(np.isnan(x), 1, x), a, x.dtype, keepdims=k)), dtypes=ALL,
      tolerance=3)  # fmt: skip
def _nanprod(draw, dtype):
    x, axis, keepdims = reduction_of(draw, dtype, shapes())
    return with_nan(draw, x), axis, keepdims


for _name, _function in {"nanvar": np.nanvar, "nanstd": np.nanstd}.items():

    @case(_name, quiet(lambda x, a, k, f=_function: f(x, a, keepdims=k)), dtypes=(*SMALL, "complex64"), tolerance=2,
          gradient=_name == "nanvar")  # fmt: skip
    def _spread(draw, dtype):
        x, axis, keepdims = reduction_of(draw, dtype, shapes())
        return with_nan(draw, x), axis if axis != () else None, keepdims


def _index_reference(function, worst):
    def reference(x, axis, keepdims):
        if x.dtype.kind != "f":
            return function(x, axis, keepdims=keepdims)
        known = ~np.isnan(x)
        found = function(np.where(known, x, worst), axis, keepdims=keepdims)
        return np.where(np.any(known, axis, keepdims=keepdims), found, -1)

    return reference


for _name, _function, _worst in (("nanargmax", np.argmax, -1e9), ("nanargmin", np.argmin, 1e9)):

    @case(_name, _index_reference(_function, _worst), gradient=False)
    def _index(draw, dtype):
        shape = draw(shapes(min_size=1))
        x = with_nan(draw, draw(arrays(dtype, shape)))
        return x, draw(axis(len(shape))) if shape and draw(st.booleans()) else None, draw(st.booleans())


for _name, _function in {"nancumsum": np.nancumsum, "nancumprod": np.nancumprod}.items():

    @case(_name, lambda x, a, dtype=None, f=_function: f(x, a, dtype or x.dtype), tolerance=3)
    def _running(draw, dtype):
        shape = draw(shapes())
        chosen = draw(axis(len(shape))) if shape and draw(st.booleans()) else None
        return with_nan(draw, draw(arrays(dtype, shape))), chosen, draw(st.sampled_from(wide_dtypes(dtype)))
