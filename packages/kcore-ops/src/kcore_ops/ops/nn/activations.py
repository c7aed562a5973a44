"""Activation functions."""

from __future__ import annotations

import math

from kcore_ops.dtypes import is_signed_dtype
from kcore_ops.dtypes.promotion import promote, real_floating, real_numeric
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.stop_gradient import stop_gradient
from kcore_ops.ops.math.special_functions import erf
from kcore_ops.ops.nn.precision import narrowed, widened
from kcore_ops.ops.numpy.arithmetic import absolute, add, divide, multiply, negative, square, subtract
from kcore_ops.ops.numpy.comparison import greater, greater_equal, less_equal, where
from kcore_ops.ops.numpy.creation import ones_like, zeros_like
from kcore_ops.ops.numpy.cumulative import cumsum
from kcore_ops.ops.numpy.exponentials import exp, expm1, log, logaddexp, sqrt
from kcore_ops.ops.numpy.joining import split
from kcore_ops.ops.numpy.manipulation import flip
from kcore_ops.ops.numpy.reductions import max, sum
from kcore_ops.ops.numpy.rounding import clip
from kcore_ops.ops.numpy.sorting import sort
from kcore_ops.ops.numpy.trigonometry import tanh
from kcore_ops.specs.shapes import normalize_axes, normalize_axis, show_shape
from kcore_ops.specs.spec import is_unknown

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh_shrink",
    "threshold",
]


# Rectifiers.


@op(dtypes=real_numeric)
def relu(x: Tensor) -> Tensor:
    """Positive part of each element: `max(x, 0)`, with gradient 0 at 0.

    Shapes: the result is shaped like `x`. Dtype: that of `x`, integers included.
    Raises: `DTypeError` if `x` is boolean or complex.

    >>> relu([-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """
    return where(less_equal(x, 0), zeros_like(x), x)


@op(dtypes=real_numeric)
def relu6(x: Tensor) -> Tensor:
    """Positive part of each element, at most 6.

    Shapes: the result is shaped like `x`. Dtype: that of `x`, integers included.
    Raises: `DTypeError` if `x` is boolean or complex.

    >>> relu6([-1.0, 2.0, 7.0])
    array([0., 2., 6.], dtype=float32)
    """
    return clip(x, 0, 6)


@op(dtypes=real_floating)
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """Positive elements as they are, the others times `negative_slope`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> leaky_relu([-1.0, 2.0])
    array([-0.2,  2. ], dtype=float32)
    """
    return where(greater(x, 0), x, multiply(x, negative_slope))


@op(dtypes=promote)
def threshold(x: Tensor, threshold: Tensor, default_value: Tensor) -> Tensor:
    """Elements of `x` greater than `threshold` as they are, `default_value` in place of the others.

    Shapes: the three broadcast. Dtype: their common one.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> threshold([-1.0, 2.0, 3.0], 2, 0)
    array([0., 0., 3.], dtype=float32)
    """
    return where(greater(x, threshold), x, default_value)


# Exponential and smooth relatives of the rectifier.


def _negative_part(x: Tensor) -> Tensor:
    """Return `min(x, 0)` with gradient 1 at 0, so that exponentials of it neither overflow nor lose their slope."""
    return where(greater(x, 0), zeros_like(x), x)


@op(dtypes=real_floating)
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit: `x` where positive, else `alpha * (exp(x) - 1)`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.
    Source: Clevert et al. (2015), arXiv:1511.07289, eq. 15.

    >>> elu([-1.0, 2.0]).round(4)
    array([-0.6321,  2.    ], dtype=float32)
    """
    return where(greater(x, 0), x, multiply(expm1(_negative_part(x)), alpha))


@op(dtypes=real_floating)
def selu(x: Tensor) -> Tensor:
    """Scaled exponential linear unit, which keeps activations at mean 0 and variance 1.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.
    Source: Klambauer et al. (2017), arXiv:1706.02515, eq. 2 and 14.

    >>> selu([-1.0, 2.0]).round(4)
    array([-1.1113,  2.1014], dtype=float32)
    """
    return multiply(elu(x, alpha=1.6732632423543772), 1.0507009873554805)


@op(dtypes=real_floating)
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit with slope 1 at 0: `x` where positive, else `alpha * (exp(x / alpha) - 1)`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.
    Source: Barron (2017), arXiv:1704.07483, eq. 2.

    >>> celu([-1.0, 2.0], alpha=2.0).round(4)
    array([-0.7869,  2.    ], dtype=float32)
    """
    return where(greater(x, 0), x, multiply(expm1(divide(_negative_part(x), alpha)), alpha))


@op(dtypes=real_floating)
def gelu(x: Tensor, approximate: bool = True) -> Tensor:
    """Gaussian error linear unit: `x` times the normal distribution function at `x`.

    The function is approximated by a tanh if `approximate`, as it is by default, and otherwise exact.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.
    Source: Hendrycks & Gimpel (2016), arXiv:1606.08415, section 2.

    >>> gelu([-1.0, 2.0], approximate=False).round(4)
    array([-0.1587,  1.9545], dtype=float32)
    """
    wide = widened(x)
    if approximate:
        cubed = multiply(wide, square(wide))
        below = tanh(multiply(add(wide, multiply(cubed, 0.044715)), math.sqrt(2 / math.pi)))
    else:
        below = erf(multiply(wide, math.sqrt(0.5)))
    return narrowed(multiply(multiply(wide, 0.5), add(below, 1.0)), x)


@op(dtypes=real_floating)
def silu(x: Tensor) -> Tensor:
    """Sigmoid linear unit, also known as swish: `x * sigmoid(x)`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.
    Source: Ramachandran et al. (2017), arXiv:1710.05941.

    >>> silu([-1.0, 2.0]).round(4)
    array([-0.2689,  1.7616], dtype=float32)
    """
    return x * sigmoid(x)


@op(dtypes=real_floating)
def softplus(x: Tensor) -> Tensor:
    """Smooth rectifier: `log(1 + exp(x))`, which neither overflows nor loses small values.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> softplus([-1000.0, 0.0, 1000.0]).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+03], dtype=float32)
    """
    wide = widened(x)
    return narrowed(logaddexp(wide, zeros_like(wide)), x)


@op(dtypes=real_floating)
def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """Smooth rectifier without exponentials: `(x + sqrt(x**2 + b)) / 2`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.
    Source: Barron (2021), arXiv:2112.11687, eq. 1.

    >>> squareplus([-1.0, 0.0]).round(4)
    array([0.618, 1.   ], dtype=float32)
    """
    wide = widened(x)
    return narrowed(multiply(wide + sqrt(add(square(wide), b)), 0.5), x)


@op(dtypes=real_floating)
def sparse_plus(x: Tensor) -> Tensor:
    """Rectifier with a parabola from -1 to 1: 0 below, `(x + 1)**2 / 4` between, `x` above.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> sparse_plus([-2.0, 0.0, 2.0])
    array([0.  , 0.25, 2.  ], dtype=float32)
    """
    bent = multiply(square(add(clip(x, -1, 1), 1)), 0.25)
    return where(greater_equal(x, 1), x, bent)


# Squashing functions.


@op(dtypes=real_floating)
def sigmoid(x: Tensor) -> Tensor:
    """Logistic function: `1 / (1 + exp(-x))`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> sigmoid([-1000.0, 0.0, 1.0]).round(4)
    array([0.    , 0.5   , 0.7311], dtype=float32)
    """
    # exp(-x) would overflow, and its gradient be NaN; the exponential of a logarithm that is never positive is neither.
    wide = widened(x)
    return narrowed(exp(log_sigmoid(wide)), x)


@op(dtypes=real_floating)
def log_sigmoid(x: Tensor) -> Tensor:
    """Logarithm of the logistic function, exact where that rounds to 0 or 1.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> log_sigmoid([-10.0, 0.0]).round(4)
    array([-10.    ,  -0.6931], dtype=float32)
    """
    return negative(softplus(negative(x)))


@op(dtypes=real_floating)
def hard_sigmoid(x: Tensor) -> Tensor:
    """Straight line in place of a sigmoid: `x / 6 + 0.5`, between 0 and 1.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> hard_sigmoid([-3.0, 0.0, 1.5])
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return divide(relu6(add(x, 3)), 6)


@op(dtypes=real_floating)
def hard_silu(x: Tensor) -> Tensor:
    """Sigmoid linear unit with a straight line in place of the sigmoid: `x * hard_sigmoid(x)`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.
    Source: Howard et al. (2019), arXiv:1905.02244, section 5.2.

    >>> hard_silu([-3.0, 1.5, 4.0])
    array([-0.   ,  1.125,  4.   ], dtype=float32)
    """
    return x * hard_sigmoid(x)


@op(dtypes=real_numeric)
def hard_tanh(x: Tensor) -> Tensor:
    """Straight line in place of a tanh: each element, at least -1 and at most 1.

    Shapes: the result is shaped like `x`. Dtype: that of `x`, integers included.
    Raises: `DTypeError` if `x` is boolean or complex.

    >>> hard_tanh([-2.0, 0.5, 2.0])
    array([-1. ,  0.5,  1. ], dtype=float32)
    """
    return clip(x, -1 if is_signed_dtype(dtype_of(x)) else 0, 1)


@op(dtypes=real_floating)
def sparse_sigmoid(x: Tensor) -> Tensor:
    """Straight line in place of a sigmoid: `(x + 1) / 2`, between 0 and 1.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> sparse_sigmoid([-2.0, 0.0, 0.5])
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return multiply(add(clip(x, -1, 1), 1), 0.5)


@op(dtypes=real_floating)
def softsign(x: Tensor) -> Tensor:
    """Each element divided by one more than its magnitude.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> softsign([-1.0, 3.0])
    array([-0.5 ,  0.75], dtype=float32)
    """
    return x / add(absolute(x), 1)


# Shrinkage.


@op(dtypes=real_floating)
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """Each element whose magnitude exceeds `threshold`, 0 in place of the others.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> hard_shrink([-1.0, 0.2, 2.0])
    array([-1.,  0.,  2.], dtype=float32)
    """
    return where(less_equal(absolute(x), threshold), zeros_like(x), x)


@op(dtypes=real_floating)
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """Each element brought nearer to 0 by `threshold`, as far as 0.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> soft_shrink([-1.0, 0.2, 2.0])
    array([-0.5,  0. ,  1.5], dtype=float32)
    """
    return subtract(x, clip(x, -threshold, threshold))


@op(dtypes=real_floating)
def tanh_shrink(x: Tensor) -> Tensor:
    """Each element minus its hyperbolic tangent.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> tanh_shrink([-1.0, 2.0]).round(4)
    array([-0.2384,  1.036 ], dtype=float32)
    """
    wide = widened(x)  # near 0 the two are all but equal
    return narrowed(wide - tanh(wide), x)


# Functions of a whole axis.


@op(dtypes=real_floating)
def softmax(x: Tensor, axis: Axis = -1) -> Tensor:
    """Exponentials of the elements divided by their sum along `axis`: positive numbers that sum to 1.

    Shapes: the result is shaped like `x`; `axis` may be several axes, or None for all.
    Dtype: that of `x`; float16 and bfloat16 are computed in float32, integers become the default float.
    Raises: `ShapeError` if there is no such axis; `DTypeError` if `x` is complex.

    >>> softmax([1.0, 1.0, 1.0, 1000.0])
    array([0., 0., 0., 1.], dtype=float32)
    """
    axis = normalize_axes(axis, len(x.shape))
    wide = widened(x)
    powers = exp(wide - _top(wide, axis))
    return narrowed(powers / sum(powers, axis=axis, keepdims=True), x)


@op(dtypes=real_floating)
def log_softmax(x: Tensor, axis: Axis = -1) -> Tensor:
    """Logarithm of the softmax along `axis`, exact where that rounds to 0.

    Shapes: the result is shaped like `x`; `axis` may be several axes, or None for all.
    Dtype: that of `x`; float16 and bfloat16 are computed in float32, integers become the default float.
    Raises: `ShapeError` if there is no such axis; `DTypeError` if `x` is complex.

    >>> log_softmax([0.0, 1000.0])
    array([-1000.,     0.], dtype=float32)
    """
    axis = normalize_axes(axis, len(x.shape))
    wide = widened(x)
    shifted = wide - _top(wide, axis)
    return narrowed(shifted - log(sum(exp(shifted), axis=axis, keepdims=True)), x)


def _top(x: Tensor, axis: Axis) -> Tensor:
    """Return the largest elements, to be subtracted before exponentials are taken; of no elements, minus infinity."""
    return stop_gradient(max(x, axis=axis, keepdims=True, initial=-math.inf))


@op(dtypes=real_floating)
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """Gated linear unit: the first half of `x` along `axis` times the sigmoid of the second.

    Shapes: the result has half the size along `axis`. Dtype: that of `x`; integers become the default float.
    Raises: `ShapeError` if the size along `axis` is odd; `DTypeError` if `x` is complex.
    Source: Dauphin et al. (2016), arXiv:1612.08083, section 2.

    >>> glu([1.0, 2.0, 0.0, 0.0])
    array([0.5, 1. ], dtype=float32)
    """
    axis = normalize_axis(axis, len(x.shape))
    if not is_unknown(x.shape[axis]) and x.shape[axis] % 2:
        raise ShapeError(
            f"x has shape {show_shape(x.shape)}: size {x.shape[axis]} along axis {axis} can not be halved",
            fix="pass an even size",
        )
    first, second = split(x, 2, axis=axis)
    return first * sigmoid(second)


@op(dtypes=real_floating)
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """Nearest point of the probability simplex to `x` along `axis`: like softmax, with exact zeros.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; float16 and bfloat16 are computed in float32, integers
    become the default float.
    Raises: `ShapeError` if there is no such axis; `DTypeError` if `x` is complex.
    Source: Martins & Astudillo (2016), arXiv:1602.02068, algorithm 1.

    >>> sparsemax([0.25, 0.0, -2.0])
    array([0.625, 0.375, 0.   ], dtype=float32)
    """
    axis = normalize_axis(axis, len(x.shape))
    z = widened(x)
    z = z - _top(z, axis)
    ordered = flip(sort(z, axis=axis), axis=axis)
    sums = cumsum(ordered, axis=axis)
    ranks = cumsum(ones_like(z), axis=axis)
    is_in_support = narrowed(greater(add(ranks * ordered, 1), sums), z)
    total = sum(is_in_support * ordered, axis=axis, keepdims=True)
    threshold = subtract(total, 1) / sum(is_in_support, axis=axis, keepdims=True)
    return narrowed(relu(z - threshold), x)


hard_swish = hard_silu
swish = silu
