"""Sorting, ranking and searching."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes.promotion import ordered, real
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import normalize_axis, one_of, show_shape, size_of
from kcore_ops.specs.spec import TensorSpec, is_unknown

__all__ = ["argpartition", "argsort", "digitize", "searchsorted", "sort"]


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


@primitive(dtypes={"sorted_sequence values": ordered})
def searchsorted(sorted_sequence: Tensor, values: Tensor, side: str = "left") -> Tensor:
    """Indices at which `values` can be put into an ascending sequence so that it stays ascending.

    With `side="left"`, the default, a value goes before the elements equal to it, with "right" behind them; NaN goes
    behind all numbers, and there is to be none in the sequence.

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
