"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore_ops.dtypes import is_complex_dtype
from kcore_ops.dtypes.promotion import exact, product, promote
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, dtype, shape
from kcore_ops.ops.numpy.arithmetic import conj, multiply, subtract
from kcore_ops.ops.numpy.creation import zeros_like
from kcore_ops.ops.numpy.diagonals import diagonal
from kcore_ops.ops.numpy.indexing import get_item
from kcore_ops.ops.numpy.joining import concatenate
from kcore_ops.ops.numpy.manipulation import moveaxis, reshape, roll, transpose
from kcore_ops.ops.numpy.reductions import sum
from kcore_ops.ops.numpy.subscripts import Labels, parse_subscripts
from kcore_ops.specs.shapes import (
    broadcast_shapes,
    differ,
    matmul_shape,
    normalize_axes,
    normalize_axis,
    show_shape,
    show_size,
    size_of,
)
from kcore_ops.specs.spec import TensorSpec, is_unknown

__all__ = ["cross", "dot", "einsum", "inner", "kron", "matmul", "outer", "tensordot", "vdot"]


@primitive(dtypes=product)
def matmul(x1: Tensor, x2: Tensor) -> Tensor:
    """Matrix product of `x1` and `x2`, batched over leading axes; a vector is a row on the left, a column on the right.

    Shapes: `(..., n, k)` and `(..., k, m)` give `(..., n, m)`, batch axes broadcast; a vector's axis is dropped again.
    Dtype: the common one; of int8 and int8, int32; of booleans, whether any pair is true.
    Raises: `ShapeError` if the sizes do not fit, or for a scalar.

    >>> matmul([[1, 2], [3, 4]], [10, 1])
    array([12, 34], dtype=int32)
    """
    return TensorSpec(matmul_shape(x1.shape, x2.shape), x1.dtype)


@op(dtypes=product)
def einsum(subscripts: str, *operands: Tensor) -> Tensor:
    """Sum of products of `operands` over named axes: each letter of `subscripts` names one, in every operand it is in.

    Letters missing after `->` are summed over; without `->` the result has those that appear once, in alphabetical
    order. A letter twice in one operand takes the diagonal. `...` stands for axes that broadcast.

    Shapes: those of the letters; axes of one letter must be equal in size.
    Dtype: the common one of the operands; of int8 operands alone, int32.
    Raises: `ShapeError` if sizes do not fit; `ArgumentError` if the subscripts are not well-formed.

    >>> einsum("ij,j->i", [[1, 2], [3, 4]], [10, 1])
    array([12, 34], dtype=int32)
    """
    contraction = parse_subscripts(subscripts, tuple(len(x.shape) for x in operands))
    contraction.check([x.shape for x in operands])
    terms = [_diagonals(x, labels) for x, labels in zip(operands, contraction.inputs, strict=True)]
    result, labels = terms[0]
    for number, (x, others) in enumerate(terms[1:], 2):
        wanted = {*contraction.output, *(label for _, later in terms[number:] for label in later)}
        result, labels = _contract((result, labels), (x, others), wanted)
    result, labels = _sum_over(result, labels, set(labels) - set(contraction.output))
    return cast(_in_order(result, labels, contraction.output), dtype(operands[0]))


def _diagonals(x: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """Take the diagonal of axes with one letter."""
    for label in sorted(set(labels)):
        while labels.count(label) > 1:
            axis1 = labels.index(label)
            axis2 = labels.index(label, axis1 + 1)
            x = diagonal(x, axis1=axis1, axis2=axis2)
            labels = tuple(other for i, other in enumerate(labels) if i not in (axis1, axis2)) + (label,)
    return x, labels


def _contract(first: tuple[Tensor, Labels], second: tuple[Tensor, Labels], wanted: set[str]) -> tuple[Tensor, Labels]:
    """Multiply two operands by one batched matrix product, summing over the labels not wanted any more."""
    x, labels1 = _sum_over(*first, set(first[1]) - set(second[1]) - wanted)
    y, labels2 = _sum_over(*second, set(second[1]) - set(first[1]) - wanted)
    batch = tuple(label for label in labels1 if label in labels2 and label in wanted)
    summed = tuple(label for label in labels1 if label in labels2 and label not in wanted)
    free1 = tuple(label for label in labels1 if label not in labels2)
    free2 = tuple(label for label in labels2 if label not in labels1)
    x = _in_order(x, labels1, batch + free1 + summed)
    y = _in_order(y, labels2, batch + summed + free2)
    sizes1, sizes2 = shape(x), shape(y)
    start, end1, end2 = len(batch), len(batch + free1), len(batch + summed)
    x = reshape(x, (*sizes1[:start], size_of(sizes1[start:end1]), size_of(sizes1[end1:])))
    y = reshape(y, (*sizes2[:start], size_of(sizes2[start:end2]), size_of(sizes2[end2:])))
    z = matmul(x, y)
    return reshape(z, (*shape(z)[:start], *sizes1[start:end1], *sizes2[end2:])), batch + free1 + free2


def _sum_over(x: Tensor, labels: Labels, unwanted: set[str]) -> tuple[Tensor, Labels]:
    if not unwanted:
        return x, labels
    axes = tuple(i for i, label in enumerate(labels) if label in unwanted)
    return cast(sum(x, axis=axes), dtype(x)), tuple(label for label in labels if label not in unwanted)


def _in_order(x: Tensor, labels: Labels, wanted: Labels) -> Tensor:
    return x if labels == wanted else transpose(x, tuple(labels.index(label) for label in wanted))


@op(dtypes=promote)
def tensordot(x1: Tensor, x2: Tensor, axes: Any = 2) -> Tensor:
    """Sum of products over some axes of `x1` and as many of `x2`.

    Args:
        x1: the first tensor.
        x2: the second.
        axes: how many, the last of `x1` and the first of `x2`; or two lists, the axes of `x1` and those of `x2`.

    Shapes: the axes of `x1` that are left, then those of `x2`. Dtype: the common one.
    Raises: `ShapeError` if axes paired differ in size.

    >>> tensordot([[1, 2], [3, 4]], [[10, 20], [1, 2]], axes=([1], [0]))
    array([[12, 24],
           [34, 68]], dtype=int32)
    """
    axes1, axes2 = paired_axes(axes, len(x1.shape), len(x2.shape))
    for axis1, axis2 in zip(axes1, axes2, strict=True):
        if differ(x1.shape[axis1], x2.shape[axis2]):
            raise ShapeError(
                f"x1 has shape {show_shape(x1.shape)} and x2 has shape {show_shape(x2.shape)}: size "
                f"{show_size(x1.shape[axis1])} along axis {axis1} of x1 is not size {show_size(x2.shape[axis2])} along "
                f"axis {axis2} of x2",
                fix="pair axes of equal size",
            )
    free1 = tuple(axis for axis in range(len(x1.shape)) if axis not in axes1)
    free2 = tuple(axis for axis in range(len(x2.shape)) if axis not in axes2)
    sizes1, sizes2 = shape(x1), shape(x2)
    summed = size_of([sizes1[axis] for axis in axes1])
    rows, columns = [sizes1[axis] for axis in free1], [sizes2[axis] for axis in free2]
    left = reshape(_permuted(x1, free1 + axes1), (size_of(rows), summed))
    right = reshape(_permuted(x2, axes2 + free2), (summed, size_of(columns)))
    return reshape(_matmul(left, right), (*rows, *columns))


def paired_axes(axes: Any, rank1: int, rank2: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the axes of each tensor that `tensordot` sums over, counted from the first.

    Raises:
        ArgumentError: if they are not as many on one side as on the other.
        ShapeError: if there are no such axes.
    """
    if hasattr(axes, "__index__"):
        count = axes.__index__()
        if not 0 <= count <= min(rank1, rank2):
            raise ShapeError(
                f"axes={count} are more than one of the tensors has: {rank1} and {rank2}", fix="sum over fewer axes"
            )
        return tuple(range(rank1 - count, rank1)), tuple(range(count))
    if len(axes) != 2:
        raise ArgumentError(f"axes={axes!r} are not two lists", fix="pass the axes of x1 and the axes of x2")
    axes1, axes2 = ((side,) if hasattr(side, "__index__") else tuple(side) for side in axes)
    if len(axes1) != len(axes2):
        raise ArgumentError(
            f"axes={axes!r} name {len(axes1)} axes of x1 and {len(axes2)} of x2", fix="name as many of each"
        )
    return normalize_axes(axes1, rank1, "axes[0]"), normalize_axes(axes2, rank2, "axes[1]")


def _permuted(x: Tensor, order: Sequence[int]) -> Tensor:
    return x if tuple(order) == tuple(range(len(order))) else transpose(x, tuple(order))


def _matmul(x1: Tensor, x2: Tensor) -> Tensor:
    """Matrix product in the dtype of the operands, int8 included."""
    return cast(matmul(x1, x2), "int8") if dtype(x1) == "int8" else matmul(x1, x2)


@op(dtypes=promote)
def dot(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of products over the last axis of `x1` and the last but one, or only one, of `x2`; with a scalar, multiply.

    Shapes: the axes of `x1` that are left, then those of `x2`: unlike in `matmul`, leading axes are not paired.
    Dtype: the common one. Raises: `ShapeError` if the sizes differ.

    >>> dot([1, 2], [3, 4]).item()
    11
    """
    rank1, rank2 = len(x1.shape), len(x2.shape)
    if rank1 == 0 or rank2 == 0:
        return multiply(x1, x2)
    return _matmul(x1, x2) if rank2 <= 2 else tensordot(x1, x2, ((-1,), (-2,)))


@op(dtypes=promote)
def inner(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of products over the last axis of both; with a scalar, multiply.

    Shapes: the other axes of `x1`, then those of `x2`. Dtype: the common one.
    Raises: `ShapeError` if the last axes differ in size.

    >>> inner([[1, 2], [3, 4]], [10, 1])
    array([12, 34], dtype=int32)
    """
    if len(x1.shape) == 0 or len(x2.shape) == 0:
        return multiply(x1, x2)
    return tensordot(x1, x2, ((-1,), (-1,)))


@op(dtypes=promote)
def vdot(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of products of all elements of `x1`, conjugated if complex, and `x2`.

    Shapes: as many elements in each, in whatever shape; the result is a scalar. Dtype: the common one.
    Raises: `ShapeError` if the numbers of elements differ.

    >>> vdot([1j], [1j]).item()
    (1+0j)
    """
    if not any(is_unknown(size) for size in (*x1.shape, *x2.shape)):
        count1, count2 = size_of(tuple(x1.shape)), size_of(tuple(x2.shape))
        if count1 != count2:
            raise ShapeError(f"x1 has {count1} elements and x2 has {count2}", fix="pass tensors with as many elements")
    left, right = reshape(x1, (-1,)), reshape(x2, (-1,))
    return _matmul(conj(left) if is_complex_dtype(dtype(x1)) else left, right)


@op(dtypes=promote)
def outer(x1: Tensor, x2: Tensor) -> Tensor:
    """Product of every element of `x1` with every element of `x2`.

    Shapes: the result is `(elements of x1, elements of x2)`. Dtype: the common one.

    >>> outer([1, 2], [1, 10, 100])
    array([[  1,  10, 100],
           [  2,  20, 200]], dtype=int32)
    """
    return multiply(reshape(x1, (-1, 1)), reshape(x2, (1, -1)))


@op(dtypes=promote)
def kron(x1: Tensor, x2: Tensor) -> Tensor:
    """Kronecker product: `x1` with each element replaced by its product with `x2`.

    Shapes: each size is the product of the two sizes; the tensor with fewer axes gets axes of size 1 in front.
    Dtype: the common one.

    >>> kron([[1, 2]], [[1], [10]])
    array([[ 1,  2],
           [10, 20]], dtype=int32)
    """
    sizes1, sizes2 = shape(x1), shape(x2)
    rank = max(len(sizes1), len(sizes2))
    sizes1, sizes2 = (1,) * (rank - len(sizes1)) + sizes1, (1,) * (rank - len(sizes2)) + sizes2
    spread1 = reshape(x1, tuple(part for size in sizes1 for part in (size, 1)))
    spread2 = reshape(x2, tuple(part for size in sizes2 for part in (1, size)))
    return reshape(multiply(spread1, spread2), tuple(a * b for a, b in zip(sizes1, sizes2, strict=True)))


@op(dtypes=exact)
def cross(x1: Tensor, x2: Tensor, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """Cross product of vectors in space, or in the plane: there the third component, alone, of the product.

    Args:
        x1: vectors of 3 or 2 components. A size that is not known is taken to be 3.
        x2: vectors of 3 or 2 components.
        axisa: the axis of the components of `x1`.
        axisb: the axis of the components of `x2`.
        axisc: the axis of the components of the result; not used where both are vectors in the plane.
        axis: stands for all three, if given.

    Shapes: the other axes broadcast. Dtype: the common one.
    Raises: `ShapeError` for vectors of another size.

    >>> cross([1, 0, 0], [0, 1, 0])
    array([0, 0, 1], dtype=int32)
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    axisa, axisb = normalize_axis(axisa, len(x1.shape), "axisa"), normalize_axis(axisb, len(x2.shape), "axisb")
    size1, size2 = _components("x1", x1, axisa), _components("x2", x2, axisb)
    x1, x2 = moveaxis(x1, axisa, -1), moveaxis(x2, axisb, -1)
    broadcast_shapes(tuple(x1.shape)[:-1], tuple(x2.shape)[:-1])
    if size1 == size2 == 2:
        return _turned(x1, x2)
    result = _cross(_in_space(x1) if size1 == 2 else x1, _in_space(x2) if size2 == 2 else x2)
    return moveaxis(result, -1, normalize_axis(axisc, len(result.shape), "axisc"))


def _components(name: str, x: Tensor, axis: int) -> int:
    size = x.shape[axis]
    if not is_unknown(size) and size not in (2, 3):
        raise ShapeError(
            f"{name} has shape {show_shape(x.shape)}: its vectors, along axis {axis}, have {size} components",
            fix="pass vectors of 3 or 2 components",
        )
    return 3 if is_unknown(size) else int(size)


def _cross(x1: Tensor, x2: Tensor) -> Tensor:
    """Cross product along the last axis: the components in the order (1, 2, 0) times those in the order (2, 0, 1)."""
    return subtract(multiply(roll(x1, -1, -1), roll(x2, 1, -1)), multiply(roll(x1, 1, -1), roll(x2, -1, -1)))


def _turned(x1: Tensor, x2: Tensor) -> Tensor:
    """The third component of the product of vectors in the plane."""
    a, b, c, d = (get_item(x, (..., index)) for x, index in ((x1, 0), (x2, 1), (x1, 1), (x2, 0)))
    return subtract(multiply(a, b), multiply(c, d))


def _in_space(x: Tensor) -> Tensor:
    """Vectors in the plane with a third component of 0."""
    return concatenate([x, zeros_like(get_item(x, (..., slice(0, 1))))], axis=-1)
