"""Sorting, ranking and searching."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes.promotion import index, ordered, real
from kcore_ops.engine.op import Tensor, op, primitive
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.core.indexing import take_along_axis
from kcore_ops.ops.numpy.comparison import greater, greater_equal, less, where
from kcore_ops.ops.numpy.logic import logical_and
from kcore_ops.ops.numpy.manipulation import expand_dims, squeeze
from kcore_ops.ops.numpy.reductions import sum
from kcore_ops.specs.shapes import differ, normalize_axis, one_of, show_shape, size_of
from kcore_ops.specs.spec import TensorSpec, is_unknown

__all__ = ["argpartition", "argsort", "digitize", "in_top_k", "searchsorted", "sort", "top_k"]


@primitive(dtypes=real)
def sort(x: Tensor, axis: int | None = -1) -> Tensor:
    """Put the elements along `axis` in ascending order, NaN last.

    Shapes: like `x`; `axis=None` sorts `x` flattened. Dtype: that of `x`.
    Raises: `ShapeError` if there is no such axis; `DTypeError` if `x` is complex.

    >>> sort([3, 1, 2])
    array([1, 2, 3], dtype=int32)
    """
    return TensorSpec(_sorted_shape(x, axis), x.dtype)


@primitive(dtypes=real)
def argsort(x: Tensor, axis: int | None = -1) -> Tensor:
    """Indices that put the elements along `axis` in ascending order, NaN last and equal elements in order of index.

    Shapes: like `x`; `axis=None` sorts `x` flattened. Dtype: int32.
    Raises: `ShapeError` if there is no such axis; `DTypeError` if `x` is complex.

    >>> argsort([3, 1, 2])
    array([1, 2, 0], dtype=int32)
    """
    return TensorSpec(_sorted_shape(x, axis), "int32")


def _sorted_shape(x: Any, axis: int | None) -> tuple[Any, ...]:
    if axis is None:
        return (size_of(x.shape),)
    normalize_axis(axis, len(x.shape))
    shape: tuple[Any, ...] = x.shape
    return shape


@op(dtypes=real)
def argpartition(x: Tensor, kth: int, axis: int | None = -1) -> Tensor:
    """Indices that put the `kth` smallest element along `axis` in its place, the smaller ones before and others behind.

    In which order those stand among themselves is left open; they are sorted here. NaN is the largest, and a negative
    `kth` counts from the end.

    Shapes: like `x`; `axis=None` takes `x` flattened. Dtype: int32.
    Raises: `ShapeError` if there is no such axis or no `kth` element along it; `DTypeError` if `x` is complex.

    >>> argpartition([3, 1, 2], 1)
    array([1, 2, 0], dtype=int32)
    """
    sizes = x.shape if axis is None else [x.shape[normalize_axis(axis, len(x.shape))]]
    size = None if any(map(is_unknown, sizes)) else size_of(sizes)
    if not hasattr(kth, "__index__"):
        raise ArgumentError(f"kth={kth!r} is not an integer", fix="pass the place of one element")
    if size is not None and not -size <= kth < size:
        raise ShapeError(f"there is no element {kth} among {size}", fix="kth must lie within the axis")
    return argsort(x, axis)


@primitive(dtypes=real)
def top_k(x: Tensor, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """Values and indices of the `k` largest elements along the last axis, the largest first.

    Equal elements come in order of index, and NaN counts as the largest. `sorted=False` allows any order; it changes
    nothing here.

    Shapes: both results are like `x` with size `k` along the last axis. Dtype: that of `x`, and int32.
    Raises: `ShapeError` if there are fewer than `k` elements; `DTypeError` if `x` is complex.

    >>> top_k([1, 5, 3, 5], 2)
    (array([5, 5], dtype=int32), array([1, 3], dtype=int32))
    """
    if not x.shape:
        raise ShapeError("x is a scalar and has no last axis", fix="pass a tensor with at least one axis")
    if k < 0 or (not is_unknown(x.shape[-1]) and k > x.shape[-1]):
        raise ShapeError(
            f"k={k} elements can not be had from x of shape {show_shape(x.shape)}",
            fix="k must lie between 0 and the size of the last axis",
        )
    found = (*x.shape[:-1], k)
    return TensorSpec(found, x.dtype), TensorSpec(found, "int32")


@primitive(dtypes={"sorted_sequence values": ordered})
def searchsorted(sorted_sequence: Tensor, values: Tensor, side: str = "left") -> Tensor:
    """Indices at which `values` can be put into an ascending sequence so that it stays ascending.

    On side "left" a value goes before the elements equal to it, on side "right" behind them; NaN goes behind all
    numbers, and there is to be none in the sequence.

    Shapes: `sorted_sequence` is `(n,)`; the result is shaped like `values`. Dtype: int32.
    Raises: `ShapeError` if the sequence has not one axis; `ArgumentError` if there is no such side.

    >>> searchsorted([1, 3, 5], [0, 3, 9])
    array([0, 1, 3], dtype=int32)
    """
    one_of("side", side, ("left", "right"))
    if len(sorted_sequence.shape) != 1:
        raise ShapeError(
            f"sorted_sequence has shape {show_shape(sorted_sequence.shape)}",
            fix="pass a sequence with one axis; use vmap for several",
        )
    return TensorSpec(values.shape, "int32")


@op(dtypes=ordered)
def digitize(x: Tensor, bins: Tensor) -> Tensor:
    """Number of the bin that each element falls into: `bins[i - 1] <= x < bins[i]`.

    It is 0 below the first edge and `n` from the last one on; NaN falls into bin `n`.

    Shapes: `bins` is `(n,)`, ascending; the result is shaped like `x`. Dtype: int32.
    Raises: `ShapeError` if `bins` has not one axis; `DTypeError` if `x` is complex.

    >>> digitize([0.5, 1.0, 7.0], [1.0, 2.0])
    array([0, 1, 2], dtype=int32)
    """
    if len(bins.shape) != 1:
        raise ShapeError(f"bins has shape {show_shape(bins.shape)}", fix="pass a sequence with one axis")
    return searchsorted(bins, x, side="right")


@op(dtypes={"targets": index, "predictions": real})
def in_top_k(targets: Tensor, predictions: Tensor, k: int) -> Tensor:
    """Whether each target class is among the `k` classes predicted most strongly.

    A class is among them if fewer than `k` are stronger, so that equal ones are all in. NaN at the target, or a target
    that is no class, gives False.

    Shapes: `targets` is `(n,)`, `predictions` is `(n, classes)` and the result `(n,)`. Dtype: bool.
    Raises: `ShapeError` if the shapes do not fit; `ArgumentError` if `k` is not an integer.

    >>> in_top_k([1, 0], [[0.1, 0.9, 0.5], [0.1, 0.9, 0.5]], k=2)
    array([ True, False])
    """
    if not hasattr(k, "__index__"):
        raise ArgumentError(f"k={k!r} is not an integer", fix="pass how many classes count as the top")
    ranks = (len(targets.shape), len(predictions.shape))
    if ranks != (1, 2) or differ(targets.shape[0], predictions.shape[0]):
        raise ShapeError(
            f"targets has shape {show_shape(targets.shape)} and predictions {show_shape(predictions.shape)}",
            fix="pass targets (n,) and predictions (n, classes)",
        )
    wanted = cast(targets, "int32")
    is_class = logical_and(greater_equal(wanted, 0), less(wanted, shape(predictions)[-1]))
    target = take_along_axis(predictions, expand_dims(where(is_class, wanted, 0), -1), axis=-1)
    stronger = sum(greater(predictions, target), axis=-1)
    is_number = squeeze(greater_equal(target, target), axis=-1)  # NaN is not
    return logical_and(logical_and(is_class, is_number), less(stronger, k))
