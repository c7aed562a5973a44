"""Quantiles, with and without NaN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kcore_ops.dtypes import at_least_float32
from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.numpy.arithmetic import maximum, multiply, subtract
from kcore_ops.ops.numpy.comparison import equal, isnan, not_equal, where
from kcore_ops.ops.numpy.indexing import take, take_along_axis
from kcore_ops.ops.numpy.logic import logical_not
from kcore_ops.ops.numpy.manipulation import moveaxis, pad_constant, reshape, transpose
from kcore_ops.ops.numpy.reductions import any, sum
from kcore_ops.ops.numpy.rounding import ceil, clip, floor, rint
from kcore_ops.ops.numpy.sorting import sort
from kcore_ops.specs.shapes import normalize_axes, one_of, size_of

__all__ = ["nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]

METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def precise(dtypes: Sequence[str]) -> str:
    """Dtype rule of levels: a float32 would put them beside the element they mean, which is then not found."""
    real_floating(dtypes)
    return "float64"


_DTYPES = {"x": real_floating, "q": precise}


@op(dtypes=_DTYPES)
def quantile(x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Element below which a fraction `q` of the elements of `x` along `axis` lies; NaN if one is NaN.

    Of `n` elements in ascending order it is the one at `q * (n - 1)`, counted from 0. If that falls between two,
    `method` says what is taken: a number between them ("linear"), one of them ("lower", "higher", or "nearest", the
    even one if both are), or their mean ("midpoint"). Fractions outside of 0 to 1 count as the nearer of these.

    Shapes: the axes of `q`, then those of `x` without the ones reduced: one, several, or for `axis=None` all, which
    stay with size 1 if `keepdims`. The quantile of nothing is NaN. Dtype: that of `x`; float16 and bfloat16 are
    computed in float32, integers and booleans become the default float.
    Raises: `ShapeError` if there is no such axis; `ArgumentError` if there is no such method; `DTypeError` if `x` is
    complex.

    >>> quantile([1, 2, 4, 9], 0.5).item(), quantile([1, 2, 4, 9], [0, 0.5], method="lower")
    (3.0, array([1., 2.], dtype=float32))
    """
    return _quantile(x, q, axis, method, keepdims, passes_nan=False)


@op(dtypes=_DTYPES)
def nanquantile(x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Element below which a fraction `q` of those of `x` along `axis` that are not NaN lies; NaN if there are none.

    `method`, by default "linear", `axis`, by default all, and `keepdims`, by default False, are as for `quantile`; so
    are shapes, dtype and errors.

    >>> nanquantile([1.0, float("nan"), 4.0], 0.5).item()
    2.5
    """
    return _quantile(x, q, axis, method, keepdims, passes_nan=True)


@op(dtypes=_DTYPES)
def percentile(x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Element below which `q` percent of the elements of `x` along `axis` lie; NaN if one is NaN.

    `method`, by default "linear", `axis`, by default all, and `keepdims`, by default False, are as for `quantile`; so
    are shapes, dtype and errors.

    >>> percentile([1, 2, 4, 9], 50).item()
    3.0
    """
    return quantile(x, q / 100.0, axis, method, keepdims)


@op(dtypes=_DTYPES)
def nanpercentile(x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Element below which `q` percent of those of `x` along `axis` that are not NaN lie; NaN if there are none.

    `method`, by default "linear", `axis`, by default all, and `keepdims`, by default False, are as for `quantile`; so
    are shapes, dtype and errors.

    >>> nanpercentile([1.0, float("nan"), 4.0], 50).item()
    2.5
    """
    return nanquantile(x, q / 100.0, axis, method, keepdims)


@op(dtypes=real_floating)
def nanmedian(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Middle element of `x` along `axis` of those that are not NaN, or mean of the two in the middle; NaN if all are.

    Shapes: without the axes reduced, one, several, or for `axis=None` all, which stay with size 1 if `keepdims`.
    Dtype and errors: as for `median`.

    >>> nanmedian([1.0, float("nan"), 4.0, 2.0]).item()
    2.0
    """
    return nanquantile(x, 0.5, axis, "linear", keepdims)


def _quantile(x: Any, q: Any, axis: Any, method: str, keepdims: bool, *, passes_nan: bool) -> Any:
    one_of("method", method, METHODS)
    kind = dtype_of(x)
    wide = at_least_float32(kind)
    sizes = shape_of(x)
    axes = normalize_axes(axis, len(sizes))
    kept = [i for i in range(len(sizes)) if i not in axes]
    count = size_of([sizes[i] for i in axes])
    rows = reshape(transpose(cast(x, wide), (*kept, *axes)), (*[sizes[i] for i in kept], count))
    missing = isnan(rows)
    known = sum(cast(logical_not(missing), "int32"), axis=-1, keepdims=True) if passes_nan else count
    place = multiply(clip(reshape(q, (-1,)), 0.0, 1.0), cast(maximum(subtract(known, 1), 0), dtype_of(q)))
    # NaN is sorted last, and one more stands where there is nothing.
    ordered = pad_constant(sort(rows), (*[(0, 0)] * len(kept), (0, 1)), np.nan)
    found = _between(ordered, place, method, wide)
    if not passes_nan:
        found = where(any(missing, axis=-1, keepdims=True), np.nan, found)
    rest = [1 if i in axes else size for i, size in enumerate(sizes) if keepdims or i not in axes]
    return cast(reshape(moveaxis(found, -1, 0), (*shape_of(q), *rest)), kind)


def _between(ordered: Any, place: Any, method: str, dtype: str) -> Any:
    """Read elements at fractional places along the last axis."""
    if method in ("lower", "higher", "nearest"):
        return _read(ordered, {"lower": floor, "higher": ceil, "nearest": rint}[method](place))
    low, high = _read(ordered, floor(place)), _read(ordered, ceil(place))
    weight = cast(subtract(place, floor(place)), dtype)
    weight = cast(not_equal(weight, 0.0), dtype) * 0.5 if method == "midpoint" else weight
    # Where both are the same infinity, a weighted sum would be NaN.
    return where(equal(low, high), low, low * (1.0 - weight) + high * weight)


def _read(ordered: Any, place: Any) -> Any:
    index = cast(place, "int32")
    if len(index.shape) == 1:
        return take(ordered, index, axis=-1)
    return take_along_axis(ordered, index, axis=-1)
