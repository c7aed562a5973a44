"""Rules about shapes that several ops share, and the faults they find.

Sizes may be `Size` stand-ins for ones that are not known; such a size fits whatever it has to fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.operators import functions
from kcore_ops.specs.spec import UNKNOWN, Size, TensorSpec, is_unknown

__all__ = ["broadcast_shapes", "normalize_axes", "normalize_axis", "reduced_shape", "same_size", "show_shape"]

Shape = tuple[Any, ...]


def show_shape(shape: Sequence[Any]) -> str:
    """Write a shape as a reader would, with None for unknown sizes.

    >>> show_shape((Size(55440), 3))
    '(None, 3)'
    """
    sizes = ["None" if is_unknown(size) or not isinstance(size, int) else str(int(size)) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def show_size(size: Any) -> str:
    """Write one size as a reader would."""
    return "None" if is_unknown(size) else str(size)


def size_of(shape: Sequence[int]) -> int:
    """Number of elements of a shape; a stand-in stays one."""
    count = 1
    for size in shape:
        count = size * count
    return count


def same_size(size1: int | None, size2: int | None) -> int | None:
    """Return the size that both are, preferring the known one, or None if they differ."""
    if size1 is None and size2 is None:
        return UNKNOWN
    if size1 is not None and (size1 == size2 or is_unknown(size2)):
        return size1
    return size2 if is_unknown(size1) else None


def differ(size1: int | None, size2: int | None) -> bool:
    """Return whether two sizes, None where a graph has not got one yet, are known and differ."""
    return not is_unknown(size1) and not is_unknown(size2) and size1 != size2


def same_shape(shape1: Shape, shape2: Shape) -> Shape | None:
    """Return the shape that both are, or None if they differ."""
    if len(shape1) != len(shape2):
        return None
    sizes = [same_size(size1, size2) for size1, size2 in zip(shape1, shape2, strict=True)]
    return None if None in sizes else tuple(sizes)


def check_same_shape(name1: str, x1: Any, name2: str, x2: Any) -> None:
    """Raise ShapeError if two tensors are known to differ in shape."""
    if len(x1.shape) != len(x2.shape) or any(differ(a, b) for a, b in zip(x1.shape, x2.shape, strict=True)):
        raise ShapeError(
            f"{name1} has shape {show_shape(x1.shape)} and {name2} {show_shape(x2.shape)}",
            fix="pass two tensors of one shape",
        )


def broadcast_shapes(*shapes: Shape) -> Shape:
    """Return the shape that all broadcast to, by NumPy's rule.

    Raises:
        ShapeError: if two sizes differ and neither is 1.

    >>> broadcast_shapes((2, 1), (3,))
    (2, 3)
    """
    result: list[Any] = []
    for i in range(-max((len(shape) for shape in shapes), default=0), 0):
        size: Any = 1
        for shape in shapes:
            if -i > len(shape):
                continue
            other = shape[i]
            if size == 1:
                size = other
            elif other != 1:
                if differ(size, other):
                    raise ShapeError(
                        f"shapes {' and '.join(show_shape(s) for s in shapes)} do not broadcast: "
                        f"sizes {show_size(size)} and {show_size(other)} along axis {i}",
                        fix="along each axis, counted from the last, sizes must be equal or 1",
                    )
                size = same_size(size, other)
        result.append(size)
    return tuple(result)


def elementwise(x1: Any, x2: Any, dtype: str | None = None) -> TensorSpec:
    """Return the spec of what an op between the elements of two tensors results in: of dtype `dtype`, or theirs.

    Raises:
        ShapeError: if the shapes do not broadcast.
    """
    return TensorSpec(broadcast_shapes(x1.shape, x2.shape), dtype or x1.dtype)


def normalize_axis(axis: Any, ndim: int, name: str = "axis") -> int:
    """Return an axis counted from the first.

    Raises:
        ShapeError: if there is no such axis.

    >>> normalize_axis(-1, 3)
    2
    """
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise ArgumentError(f"{name}={axis!r} is not an axis", fix="pass an integer")
    index = axis.__index__()
    if not -ndim <= index < ndim:
        axes = f"the axes are {-ndim} to {ndim - 1}" if ndim else "a scalar has no axes"
        raise ShapeError(f"{name}={index} is out of range for a tensor with {ndim} axes", fix=axes)
    return int(index % ndim)


def normalize_axes(axis: Any, ndim: int, name: str = "axis") -> tuple[int, ...]:
    """Return one axis, several, or all (None), each counted from the first.

    Raises:
        ShapeError: if an axis is out of range or given twice.
    """
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(normalize_axis(a, ndim, name) for a in (axis if isinstance(axis, tuple | list) else (axis,)))
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{name}={axis} names an axis twice", fix="name each axis once")
    return axes


def reduced_shape(shape: Shape, axis: Any, keepdims: bool) -> Shape:
    """Return the shape left by a reduction over `axis`."""
    axes = normalize_axes(axis, len(shape))
    if keepdims:
        return tuple(1 if i in axes else size for i, size in enumerate(shape))
    return tuple(size for i, size in enumerate(shape) if i not in axes)


def reshaped(shape: Shape, newshape: Shape) -> Shape:
    """Return `newshape` with its -1 worked out.

    Raises:
        ShapeError: if the numbers of elements differ.
    """
    total = size_of(shape)
    if sum(1 for size in newshape if type(size) is int and size == -1) > 1:
        raise ShapeError(f"newshape {newshape} has more than one -1", fix="leave one size to be worked out")
    rest = size_of([size for size in newshape if not (type(size) is int and size == -1)])
    unknown = is_unknown(total) or is_unknown(rest)
    fits = (rest != 0 and total % rest == 0) if -1 in newshape else total == rest
    if not fits and not unknown:
        raise ShapeError(
            f"a tensor of shape {show_shape(shape)} has {int(total)} elements, which do not fill shape {newshape}",
            fix="the product of the new sizes must be the number of elements; -1 stands for one of them",
        )
    return tuple(total // max(rest, 1) if type(size) is int and size == -1 else size for size in newshape)


def concatenated(shapes: Sequence[Shape], axis: Any) -> Shape:
    """Return the shape of tensors joined along `axis`.

    Raises:
        ShapeError: if they differ along another axis, or in their number of axes.
    """
    if not shapes:
        raise ArgumentError("there is nothing to join", fix="pass at least one tensor")
    first = shapes[0]
    axis = normalize_axis(axis, len(first))
    result = list(first)
    for i, shape in enumerate(shapes[1:], 1):
        if len(shape) != len(first):
            raise ShapeError(
                f"tensor 0 has {len(first)} axes, {show_shape(first)}, and tensor {i} has {len(shape)}, "
                f"{show_shape(shape)}",
                fix="reshape or expand_dims them to the same number of axes",
            )
        for j, size in enumerate(shape):
            if j == axis:
                result[j] = result[j] + size
                continue
            common = same_size(result[j], size)
            if common is None:
                raise ShapeError(
                    f"tensor 0 has shape {show_shape(first)} and tensor {i} has shape {show_shape(shape)}: "
                    f"sizes {show_size(first[j])} and {show_size(size)} along axis {j} differ",
                    fix=f"tensors joined along axis {axis} must have equal sizes along every other axis",
                )
            result[j] = common
    return tuple(result)


def matmul_shape(shape1: Shape, shape2: Shape) -> Shape:
    """Return the shape of a matrix product, batched over leading axes, by NumPy's rule."""
    if not shape1 or not shape2:
        raise ShapeError("matmul takes no scalars", fix="use multiply")
    inner1, inner2 = shape1[-1], shape2[-2] if len(shape2) > 1 else shape2[0]
    if same_size(inner1, inner2) is None:
        axis = -2 if len(shape2) > 1 else 0
        raise ShapeError(
            f"x1 has shape {show_shape(shape1)} and x2 has shape {show_shape(shape2)}: "
            f"size {show_size(inner1)} along axis -1 of x1 is not size {show_size(inner2)} along axis {axis} of x2",
            fix="the rows of x1 must be as long as the columns of x2; transpose one of them?",
        )
    batch = broadcast_shapes(shape1[:-2], shape2[:-2])
    return batch + shape1[-2:-1] + (shape2[-1:] if len(shape2) > 1 else ())


def window_size(size: int, window: int, stride: int, dilation: int, padding: str) -> int:
    """Return the number of positions of a sliding window along one axis."""
    if padding == "same":
        return -(-size // stride)
    span = (window - 1) * dilation + 1
    if not is_unknown(size) and not is_unknown(span) and size < span:
        raise ShapeError(
            f"a window that spans {span} does not fit into size {size}",
            fix="use padding='same', a smaller window, or a larger input",
        )
    count = (size - span) // stride + 1
    return Size(max(count, 0)) if is_unknown(count) else count


def same_padding(size: Any, window: int, stride: int, dilation: int) -> tuple[Any, Any]:
    """Return the padding (before, after) with which a window has ceil(size / stride) positions.

    `size` may be a tensor, where it is only known when the graph runs and the stride is not 1.
    """
    span = (window - 1) * dilation + 1
    if stride == 1:
        total: Any = span - 1
    else:
        total = (-(-size // stride) - 1) * stride + span - size
        total = total * (total > 0) if isinstance(total, int) else _at_least_zero(total)
    before = total // 2
    return before, total - before


def _at_least_zero(size: Any) -> Any:
    return functions["maximum"](size, 0)


def pair(value: Any, count: int, name: str) -> tuple[int, ...]:
    """Return one integer per spatial axis.

    Raises:
        ArgumentError: if there are not `count` positive integers.
    """
    values = tuple(value) if hasattr(value, "__iter__") else (value,) * count
    if len(values) != count or any(isinstance(v, bool) or not hasattr(v, "__index__") or v < 1 for v in values):
        raise ArgumentError(
            f"{name}={value!r} does not fit {count} spatial axes",
            fix=f"pass one positive integer, or {count} of them",
        )
    return tuple(int(v) for v in values)


def one_of(name: str, value: Any, allowed: Sequence[str]) -> str:
    """Return the value if it is allowed.

    Raises:
        ArgumentError: if it is not, naming those that are.
    """
    if value not in allowed:
        raise ArgumentError(f"{name} can not be {value!r}", fix=f"use one of {', '.join(map(repr, allowed))}")
    return str(value)


def prod(sizes: Sequence[int]) -> int:
    """Product of known sizes."""
    return math.prod(sizes)
