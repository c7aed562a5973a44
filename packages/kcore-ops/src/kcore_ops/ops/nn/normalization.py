"""Normalizations."""

from __future__ import annotations

import builtins
from typing import Any

from kcore_ops.dtypes import at_least_float32
from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.foundation import settings
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, dtype, shape
from kcore_ops.ops.math.special_functions import rsqrt
from kcore_ops.ops.nn.precision import narrowed, widened
from kcore_ops.ops.numpy.arithmetic import absolute, add, divide, maximum, multiply, power, square
from kcore_ops.ops.numpy.manipulation import reshape
from kcore_ops.ops.numpy.reductions import max, mean, sum
from kcore_ops.specs.shapes import differ, normalize_axes, normalize_axis, show_shape

__all__ = ["batch_normalization", "layer_normalization", "normalize", "rms_normalization"]

# A number that float32 still has in full precision.
_SMALLEST = 1e-37


@op(dtypes={"x": real_floating, "gamma": real_floating, "beta": real_floating})
def layer_normalization(
    x: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    axis: Axis = -1,
    epsilon: float | None = None,
    rms_scaling: bool = False,
) -> Tensor:
    """Subtract from `x` its mean along `axis` and divide by its standard deviation; multiply by `gamma`, add `beta`.

    `gamma` and `beta` are left out if None.

    Shapes: `gamma` and `beta` have the sizes of `x` along `axis`, in the order of `x`, or as many axes as `x` and
    broadcast; the result is shaped like `x`. `epsilon`, by default `config.epsilon()`, is added to the variance.
    `rms_scaling`, of old models, leaves out the subtraction and `beta`; `rms_normalization` is what its name promises.
    Dtype: that of `x`; float16 and bfloat16 are computed in float32, integers become the default float.
    Raises: `ShapeError` if `gamma` or `beta` does not fit; `DTypeError` if one of the tensors is complex.
    Source: Ba et al. (2016), arXiv:1607.06450, eq. 4.

    >>> layer_normalization([1.0, 2.0, 3.0], epsilon=0.0).round(4)
    array([-1.2247,  0.    ,  1.2247], dtype=float32)
    """
    axes = normalize_axes(axis, len(x.shape))
    wide = widened(x)
    centered = wide - mean(wide, axis=axes, keepdims=True)
    variance = mean(square(centered), axis=axes, keepdims=True)
    y = (wide if rms_scaling else centered) * rsqrt(add(variance, _epsilon(epsilon)))
    if gamma is not None:
        y = y * narrowed(_along(gamma, axes, x, "gamma"), y)
    if beta is not None and not rms_scaling:
        y = y + narrowed(_along(beta, axes, x, "beta"), y)
    return narrowed(y, x)


@op(dtypes={"x": real_floating, "scale": real_floating})
def rms_normalization(x: Tensor, scale: Tensor | None = None, axis: Axis = -1, epsilon: float | None = None) -> Tensor:
    """Divide `x` by its root mean square along `axis`, then multiply by `scale`, unless None.

    Shapes: `scale` has the sizes of `x` along `axis`, in the order of `x`, or as many axes as `x` and broadcasts; the
    result is shaped like `x`. `epsilon`, by default `config.epsilon()`, is added to the mean square.
    Dtype: that of `x`; float16 and bfloat16 are computed in float32, integers become the default float.
    Raises: `ShapeError` if `scale` does not fit; `DTypeError` if one of the tensors is complex.
    Source: Zhang & Sennrich (2019), arXiv:1910.07467, eq. 4.

    >>> rms_normalization([3.0, 4.0]).round(3)
    array([0.849, 1.131], dtype=float32)
    """
    axes = normalize_axes(axis, len(x.shape))
    wide = widened(x)
    y = wide * rsqrt(add(mean(square(wide), axis=axes, keepdims=True), _epsilon(epsilon)))
    if scale is not None:
        y = y * narrowed(_along(scale, axes, x, "scale"), y)
    return narrowed(y, x)


@op(
    dtypes={
        "x": real_floating,
        "mean": real_floating,
        "variance": real_floating,
        "offset": real_floating,
        "scale": real_floating,
    }
)
def batch_normalization(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    axis: int,
    offset: Tensor | None = None,
    scale: Tensor | None = None,
    epsilon: float = 1e-3,
) -> Tensor:
    """Subtract `mean` from `x` and divide by the root of `variance`; multiply by `scale`, add `offset`, unless None.

    Shapes: `x` is `(..., n, ...)` with `n` at `axis`; the other tensors are `(n,)`, or have as many axes as `x` and
    broadcast; the result is shaped like `x`. `epsilon` is added to the variance.
    Dtype: that of `x`; float16 and bfloat16 are computed in float32, integers become the default float.
    Raises: `ShapeError` if one of the tensors does not fit; `DTypeError` if one of them is complex.
    Source: Ioffe & Szegedy (2015), arXiv:1502.03167, algorithm 1.

    >>> batch_normalization([[1.0, 2.0]], mean=[1.0, 1.0], variance=[4.0, 4.0], axis=-1, epsilon=0.0)
    array([[0. , 0.5]], dtype=float32)
    """
    axes = (normalize_axis(axis, len(x.shape)),)
    wide = widened(x)
    factor = rsqrt(add(narrowed(_along(variance, axes, x, "variance"), wide), epsilon))
    if scale is not None:
        factor = multiply(factor, narrowed(_along(scale, axes, x, "scale"), wide))
    y = (wide - narrowed(_along(mean, axes, x, "mean"), wide)) * factor
    if offset is not None:
        y = y + narrowed(_along(offset, axes, x, "offset"), wide)
    return narrowed(y, x)


def _epsilon(epsilon: float | None) -> float:
    return settings.epsilon() if epsilon is None else epsilon


def _along(parameter: Any, axes: tuple[int, ...], x: Any, name: str) -> Any:
    """Reshape a parameter that has the sizes of `x` along `axes` so that it broadcasts with `x`."""
    ndim, rank = len(x.shape), len(parameter.shape)
    axes = tuple(sorted(axes))
    covered = tuple(range(ndim)) if rank == ndim else axes
    if rank != len(covered) or any(
        differ(size, x.shape[axis]) and not (rank == ndim and size == 1)
        for size, axis in zip(parameter.shape, covered, strict=True)
    ):
        expected = show_shape([x.shape[axis] for axis in axes])
        along = f"along axis {axes[0]}" if len(axes) == 1 else f"along axes {axes}"
        problem = f"{name} has shape {show_shape(parameter.shape)}, but x has shape {show_shape(x.shape)}"
        raise ShapeError(f"{problem}: {expected} {along}", fix=f"pass {name} with shape {expected}")
    if rank == ndim or axes == tuple(range(ndim - rank, ndim)):
        return parameter
    sizes = iter(shape(parameter))
    return reshape(parameter, tuple(next(sizes) if axis in axes else 1 for axis in range(ndim)))


@op(dtypes=real_floating)
def normalize(x: Tensor, axis: Axis = -1, order: float = 2, epsilon: float | None = None) -> Tensor:
    """Divide vectors by their norm, or by `epsilon` if that is larger.

    Args:
        x: holds the vectors.
        axis: the axis of the vectors, several, or None for all.
        order: which norm, at least 1; see `norm`.
        epsilon: by default `config.epsilon()`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float; float16
    and bfloat16 are computed in float32.
    Raises: `ArgumentError` if `order` is less than 1; `ShapeError` if there is no such axis.

    >>> normalize([[3, 4], [0, 0]])
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    if not isinstance(order, int | float) or order < 1:
        raise ArgumentError(f"order={order!r} is not a number of at least 1", fix="order=2 is the common length")
    axes = normalize_axes(axis, len(x.shape))
    least = settings.epsilon() if epsilon is None else epsilon
    wide = cast(x, at_least_float32(dtype(x)))
    # The larger of the two is taken before the root, since the derivative of the root of zero is infinite.
    if order == 2:
        result = multiply(wide, rsqrt(maximum(sum(square(wide), axis=axes, keepdims=True), least * least)))
    elif order == float("inf"):
        result = divide(wide, maximum(max(absolute(wide), axis=axes, keepdims=True), least))
    else:
        powers = sum(power(absolute(wide), float(order)), axis=axes, keepdims=True)
        result = divide(wide, power(maximum(powers, builtins.max(least**order, _SMALLEST)), 1 / order))
    return cast(result, dtype(x))
