"""Several tensors into one, and one into several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kcore_ops.dtypes.promotion import promote
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.numpy.arithmetic import minimum
from kcore_ops.ops.numpy.indexing import along, get_item
from kcore_ops.ops.numpy.manipulation import expand_dims, reshape
from kcore_ops.specs.shapes import concatenated, normalize_axis, same_shape, show_shape
from kcore_ops.specs.spec import TensorSpec, is_unknown

__all__ = ["append", "array_split", "concatenate", "dsplit", "dstack", "hsplit", "hstack", "split", "stack", "vsplit",
           "vstack"]  # fmt: skip


@primitive(dtypes=promote)
def concatenate(xs: Sequence[Tensor], axis: Axis = 0) -> Tensor:
    """Join the tensors `xs` along `axis`, which they have: by default the first.

    Shapes: all sizes but those along `axis` are equal. Dtype: the common one.
    Raises: `ShapeError` if sizes differ; `ArgumentError` if there are no tensors.

    >>> concatenate([[1, 2], [3]])
    array([1, 2, 3], dtype=int32)
    """
    return TensorSpec(concatenated([x.shape for x in xs], axis), xs[0].dtype)


@op(dtypes=promote)
def stack(x: Sequence[Tensor], axis: Axis = 0) -> Tensor:
    """Join the tensors in `x` along a new axis, which stands at `axis` in the result: by default the first.

    Shapes: all are equal; the result has one more axis. Dtype: the common one.
    Raises: `ShapeError` if the shapes differ; `ArgumentError` if there are no tensors.

    >>> stack([[1, 2], [3, 4]], axis=1)
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    for i, one in enumerate(x[1:], 1):
        if same_shape(tuple(x[0].shape), tuple(one.shape)) is None:
            raise ShapeError(
                f"tensor 0 has shape {show_shape(x[0].shape)} and tensor {i} has shape {show_shape(one.shape)}",
                fix="tensors that are stacked must have equal shapes; concatenate joins others",
            )
    return concatenate([expand_dims(one, axis) for one in x], axis)


@op(dtypes=promote)
def vstack(xs: Sequence[Tensor]) -> Tensor:
    """Join the tensors `xs` along axis 0; those with one axis are rows.

    Dtype: the common one.

    >>> vstack([[1, 2], [3, 4]])
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    return concatenate([reshape(x, (1, -1)) if len(x.shape) < 2 else x for x in xs], 0)


@op(dtypes=promote)
def hstack(xs: Sequence[Tensor]) -> Tensor:
    """Join the tensors `xs` along axis 1, or along their only axis.

    Dtype: the common one.

    >>> hstack([[[1], [2]], [[3], [4]]])
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    xs = [reshape(x, (1,)) if len(x.shape) == 0 else x for x in xs]
    return concatenate(xs, 0 if len(xs) and len(xs[0].shape) == 1 else 1)


@op(dtypes=promote)
def dstack(xs: Sequence[Tensor]) -> Tensor:
    """Join the tensors `xs` along axis 2; vectors are `(1, n, 1)`, matrices `(m, n, 1)`.

    Dtype: the common one.

    >>> dstack([[1, 2], [3, 4]])
    array([[[1, 3],
            [2, 4]]], dtype=int32)
    """
    return concatenate([_with_three_axes(x) for x in xs], 2)


def _with_three_axes(x: Any) -> Any:
    rank = len(x.shape)
    if rank < 2:
        return reshape(x, (1, -1, 1))
    return expand_dims(x, 2) if rank == 2 else x


@op(dtypes=promote)
def append(x1: Tensor, x2: Tensor, axis: Axis = None) -> Tensor:
    """Join `x1` and `x2` along `axis`, or with None their elements along one axis.

    Dtype: the common one. Raises: `ShapeError` if other sizes differ.

    >>> append([1, 2], [[3], [4]])
    array([1, 2, 3, 4], dtype=int32)
    """
    if axis is None:
        return concatenate([reshape(x1, (-1,)), reshape(x2, (-1,))], 0)
    return concatenate([x1, x2], axis)


@op
def split(x: Tensor, indices_or_sections: Any, axis: Axis = 0) -> Any:
    """Cut `x` along `axis`, by default the first, into a list of parts.

    `indices_or_sections` is the number of parts, equal ones, or a list of indices, before each of which there is a cut.

    Raises: `ShapeError` if the parts can not be equal; `array_split` cuts unequal ones.

    >>> split([1, 2, 3, 4], 2), split([1, 2, 3], [1])
    ([array([1, 2], dtype=int32), array([3, 4], dtype=int32)], [array([1], dtype=int32), array([2, 3], dtype=int32)])
    """
    axis = normalize_axis(axis, len(x.shape))
    if isinstance(indices_or_sections, list | tuple | np.ndarray):
        return _cut(x, list(indices_or_sections), axis)
    sections = _checked_sections(indices_or_sections)
    size = x.shape[axis]
    if not is_unknown(size) and size % sections:
        raise ShapeError(
            f"size {size} along axis {axis} is not divisible by {sections}", fix="use array_split, or pass indices"
        )
    part = shape_of(x)[axis] // sections
    return _cut(x, [part * i for i in range(1, sections)], axis)


def _checked_sections(sections: Any) -> int:
    if not isinstance(sections, int | np.integer) or sections < 1:
        raise ArgumentError(
            f"{sections!r} is not a number of parts", fix="pass a positive integer or a list of indices"
        )
    return int(sections)


def _cut(x: Any, indices: list[Any], axis: int) -> list[Any]:
    starts, stops = [None, *indices], [*indices, None]
    return [get_item(x, along(axis, start, stop)) for start, stop in zip(starts, stops, strict=True)]


@op
def array_split(x: Tensor, indices_or_sections: Any, axis: Axis = 0) -> Any:
    """Cut `x` along `axis`, by default the first, into a list of parts, equal ones or not.

    `indices_or_sections` is the number of parts, of which the first ones are longer by one if need be, or a list of
    indices, before each of which there is a cut.

    >>> array_split([1, 2, 3], 2)
    [array([1, 2], dtype=int32), array([3], dtype=int32)]
    """
    axis = normalize_axis(axis, len(x.shape))
    if isinstance(indices_or_sections, list | tuple | np.ndarray):
        return _cut(x, list(indices_or_sections), axis)
    sections = _checked_sections(indices_or_sections)
    size = shape_of(x)[axis]
    part, rest = size // sections, size % sections
    smaller = min if isinstance(size, int) else minimum
    return _cut(x, [part * i + smaller(rest, i) for i in range(1, sections)], axis)


@op
def vsplit(x: Tensor, indices_or_sections: Any) -> Any:
    """Cut `x` along axis 0 into `indices_or_sections` equal parts, or before each of these indices; see `split`.

    >>> len(vsplit(np.ones((4, 2)), 2))
    2
    """
    return split(x, indices_or_sections, 0)


@op
def hsplit(x: Tensor, indices_or_sections: Any) -> Any:
    """Cut `x` along axis 1, or its only axis, into `indices_or_sections` equal parts, or before each of these indices.

    >>> hsplit(np.ones((4, 2)), 2)[0].shape
    (4, 1)
    """
    return split(x, indices_or_sections, 1 if len(x.shape) > 1 else 0)


@op
def dsplit(x: Tensor, indices_or_sections: Any) -> Any:
    """Cut `x` along axis 2 into `indices_or_sections` equal parts, or before each of these indices; see `split`.

    >>> dsplit(np.ones((4, 2, 2)), 2)[0].shape
    (4, 2, 1)
    """
    return split(x, indices_or_sections, 2)
