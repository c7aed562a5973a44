"""Statistics: variance, correlation, weighted mean, median, range."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes import at_least_float32, is_complex_dtype
from kcore_ops.dtypes.promotion import exact, floating, real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.numpy.arithmetic import conjugate, divide, squared_modulus, subtract
from kcore_ops.ops.numpy.comparison import isnan, where
from kcore_ops.ops.numpy.exponentials import sqrt
from kcore_ops.ops.numpy.manipulation import expand_dims, reshape, transpose
from kcore_ops.ops.numpy.products import matmul
from kcore_ops.ops.numpy.quantiles import quantile
from kcore_ops.ops.numpy.reductions import max, mean, min, sum
from kcore_ops.ops.numpy.rounding import clip
from kcore_ops.specs.shapes import differ, normalize_axis, show_shape
from kcore_ops.specs.spec import is_unknown

__all__ = ["average", "corrcoef", "median", "ptp", "std", "var"]


@op(dtypes=floating)
def var(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Variance of the elements of `x` along `axis`: the mean of the squared distances from the mean.

    Shapes: without the axes reduced, one, several, or for `axis=None` all, which stay with size 1 if `keepdims`; the
    variance of nothing is NaN. Dtype: that of `x`, or of its real part; float16 and bfloat16 are computed in float32,
    integers and booleans become the default float.
    Raises: `ShapeError` if there is no such axis.

    >>> var([[1.0, 3.0], [2.0, 2.0]], axis=1)
    array([1., 0.], dtype=float32)
    """
    kind = dtype_of(x)
    wide = cast(x, at_least_float32(kind))
    found = mean(squared_modulus(wide - mean(wide, axis=axis, keepdims=True)), axis=axis, keepdims=keepdims)
    return found if is_complex_dtype(kind) else cast(found, kind)


@op(dtypes=floating)
def std(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Standard deviation of the elements of `x` along `axis`: the square root of the variance.

    Shapes: without the axes reduced, one, several, or for `axis=None` all, which stay with size 1 if `keepdims`.
    Dtype: as for `var`.
    Raises: `ShapeError` if there is no such axis.

    >>> std([[1.0, 3.0], [2.0, 2.0]], axis=1)
    array([1., 0.], dtype=float32)
    """
    kind = dtype_of(x)
    found = sqrt(var(cast(x, at_least_float32(kind)), axis=axis, keepdims=keepdims))
    return found if is_complex_dtype(kind) else cast(found, kind)


@op(dtypes=floating)
def average(x: Tensor, axis: Axis = None, weights: Tensor | None = None) -> Tensor:
    """Mean of `x` along `axis` in which each element counts as often as `weights` says; if None, all count alike.

    Shapes: `weights` is shaped like `x`, or `(n,)` with `n` the size of the one `axis`; the result lacks the axes
    reduced, one, several, or for `axis=None` all. Weights that add up to 0 give NaN or infinity. Dtype: the common one
    of `x` and `weights`, as for `mean`.
    Raises: `ShapeError` if the weights do not fit.

    >>> average([1.0, 2.0, 4.0], weights=[1.0, 1.0, 2.0]).item()
    2.75
    """
    if weights is None:
        return mean(x, axis=axis)
    kind = dtype_of(x)
    wide, factors = cast(x, at_least_float32(kind)), cast(weights, at_least_float32(kind))
    if len(x.shape) != len(weights.shape):
        factors = _along(factors, axis, x)
    elif True in map(differ, x.shape, weights.shape):
        raise _misfit(x, weights, axis)
    return cast(sum(wide * factors, axis=axis) / sum(factors, axis=axis), kind)


def _along(weights: Any, axis: Any, x: Any) -> Any:
    """Reshape weights `(n,)` to as many axes as `x` has, with size 1 along all but `axis`."""
    rank = len(x.shape)
    if isinstance(axis, int) and len(weights.shape) == 1:
        place = normalize_axis(axis, rank)
        if not differ(x.shape[place], weights.shape[0]):
            return reshape(weights, tuple(-1 if i == place else 1 for i in range(rank)))
    raise _misfit(x, weights, axis)


def _misfit(x: Any, weights: Any, axis: Any) -> ShapeError:
    return ShapeError(
        f"weights has shape {show_shape(weights.shape)} and x {show_shape(x.shape)}, with axis={axis}",
        fix="pass weights shaped like x, or one for each element along a single axis",
    )


@op(dtypes=real_floating)
def median(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Middle element of `x` along `axis`, or the mean of the two in the middle; NaN if one is NaN.

    Shapes: without the axes reduced, one, several, or for `axis=None` all, which stay with size 1 if `keepdims`; the
    median of nothing is NaN. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `ShapeError` if there is no such axis; `DTypeError` if `x` is complex.

    >>> median([[1.0, 7.0, 2.0], [4.0, 5.0, 9.0]], axis=1)
    array([2., 5.], dtype=float32)
    """
    return quantile(x, 0.5, axis, "linear", keepdims)


@op(dtypes=floating)
def corrcoef(x: Tensor) -> Tensor:
    """Correlations between variables, Pearson's coefficients, where each row holds the observations of a variable.

    Shapes: `x` is `(n, m)` and the result `(n, n)`; for a single variable, `(m,)` or `(1, m)`, it is a scalar. Where a
    variable does not vary it is NaN. Dtype: that of `x`; float16 and bfloat16 are computed in float32, integers and
    booleans become the default float.
    Raises: `ShapeError` if `x` has neither one axis nor two.

    >>> corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).round(3)
    array([[ 1., -1.],
           [-1.,  1.]], dtype=float32)
    """
    if len(x.shape) not in (1, 2):
        raise ShapeError(f"x has shape {show_shape(x.shape)}", fix="pass one row of observations for each variable")
    kind = dtype_of(x)
    rows = cast(x if len(x.shape) == 2 else expand_dims(x, 0), at_least_float32(kind))
    distance = rows - mean(rows, axis=1, keepdims=True)
    lengths = sqrt(sum(squared_modulus(distance), axis=1, keepdims=True))
    products = matmul(distance, conjugate(transpose(distance)))
    # One after the other: the product of two lengths may be too small or too large for a float.
    found = divide(divide(products, cast(lengths, dtype_of(products))), cast(transpose(lengths), dtype_of(products)))
    if not is_complex_dtype(kind):
        found = where(isnan(found), found, clip(found, -1.0, 1.0))
    return cast(reshape(found, ()) if rows.shape[0] == 1 and not is_unknown(rows.shape[0]) else found, kind)


@op(dtypes=exact)
def ptp(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Range of the elements of `x` along `axis`: the largest minus the smallest, "peak to peak".

    Shapes: without the axes reduced, one, several, or for `axis=None` all, which stay with size 1 if `keepdims`.
    Dtype: that of `x`.
    Raises: `ShapeError` if there is no element; `DTypeError` if `x` is complex or bool.

    >>> ptp([[1, 5], [3, 4]], axis=1)
    array([4, 1], dtype=int32)
    """
    return subtract(max(x, axis=axis, keepdims=keepdims), min(x, axis=axis, keepdims=keepdims))
