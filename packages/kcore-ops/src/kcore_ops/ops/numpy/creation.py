"""Tensors made from shapes and numbers.

These ops run on the current backend, unless a size or a number among their arguments is a tensor: then on its.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np

from kcore_ops import dtypes
from kcore_ops.dtypes.promotion import floating, keep, real_floating
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Axis, DType, FloatDType, Number, OpFunction, Shape, Tensor, op_of
from kcore_ops.foundation.errors import ArgumentError, DTypeError, KcoreError, ShapeError
from kcore_ops.ops.core.conversion import cast, convert_to_tensor
from kcore_ops.ops.core.conversion import dtype as dtype_of
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.numpy.arithmetic import power
from kcore_ops.ops.numpy.comparison import equal, less_equal, where
from kcore_ops.ops.numpy.manipulation import broadcast_to, expand_dims, moveaxis, reshape
from kcore_ops.ops.numpy.rounding import floor
from kcore_ops.specs.shapes import broadcast_shapes, one_of, same_shape, show_shape
from kcore_ops.specs.spec import UNKNOWN, TensorSpec, is_unknown

__all__ = ["arange", "array", "copy", "empty", "empty_like", "eye", "full", "full_like", "geomspace", "identity",
           "linspace", "logspace", "meshgrid", "ones", "ones_like", "tri", "zeros", "zeros_like"]  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")


@primitive
def full(shape: Shape, fill_value: Number, dtype: FloatDType = None) -> Tensor:
    """Make a tensor of shape `shape` filled with `fill_value`, a number, or a tensor that broadcasts to the shape.

    Shapes: sizes may be scalar tensors. Dtype: `dtype`; the default float if None.
    Raises: `ShapeError` if `fill_value` does not broadcast; `DTypeError` if it is complex and `dtype` is not;
    `RangeError` if it is an integer that `dtype` can not hold.

    >>> full((2, 3), 7)
    array([[7., 7., 7.],
           [7., 7., 7.]], dtype=float32)
    """
    if isinstance(fill_value, complex) and not dtypes.is_complex_dtype(dtype):
        raise DTypeError(f"{fill_value} is complex and dtype={dtype!r} is not", fix="pass dtype='complex64'")
    if isinstance(fill_value, str | bytes):
        raise ArgumentError(f"{fill_value!r} is no number to fill a tensor with", fix="pass a number or a tensor")
    filling = np.shape(fill_value) if isinstance(fill_value, list | tuple) else getattr(fill_value, "shape", ())
    if tuple(filling) and same_shape(broadcast_shapes(tuple(filling), shape), shape) is None:
        raise ShapeError(
            f"fill_value of shape {show_shape(filling)} does not broadcast to {show_shape(shape)}",
            fix="pass a number, or a tensor whose sizes are those of shape or 1",
        )
    return TensorSpec(shape, dtype)


@op
def zeros(shape: Shape, dtype: FloatDType = None) -> Tensor:
    """Make a tensor of zeros, of shape `shape`.

    Shapes: sizes may be scalar tensors. Dtype: `dtype`; the default float if None.

    >>> zeros((2,), "int32")
    array([0, 0], dtype=int32)
    """
    return full(shape, 0, dtype)


@op
def ones(shape: Shape, dtype: FloatDType = None) -> Tensor:
    """Make a tensor of ones, of shape `shape`.

    Shapes: sizes may be scalar tensors. Dtype: `dtype`; the default float if None.

    >>> ones((2,))
    array([1., 1.], dtype=float32)
    """
    return full(shape, 1, dtype)


@op
def empty(shape: Shape, dtype: FloatDType = None) -> Tensor:
    """Make a tensor of shape `shape` of any elements: zeros here, so that no result depends on what memory held.

    Shapes: sizes may be scalar tensors. Dtype: `dtype`; the default float if None.

    >>> empty((2, 3)).shape
    (2, 3)
    """
    return zeros(shape, dtype)


@op
def full_like(x: Tensor, fill_value: Number, dtype: DType = None) -> Tensor:
    """Make a tensor shaped like `x` filled with `fill_value`, a number, or a tensor that broadcasts to that shape.

    Dtype: `dtype`; that of `x` if None.

    >>> full_like([1, 2], 5)
    array([5, 5], dtype=int32)
    """
    return full(shape_of(x), fill_value, dtype or dtype_of(x))


@op
def zeros_like(x: Tensor, dtype: DType = None) -> Tensor:
    """Make a tensor of zeros shaped like `x`.

    Dtype: `dtype`; that of `x` if None.

    >>> zeros_like([1, 2])
    array([0, 0], dtype=int32)
    """
    return full_like(x, 0, dtype)


@op
def ones_like(x: Tensor, dtype: DType = None) -> Tensor:
    """Make a tensor of ones shaped like `x`.

    Dtype: `dtype`; that of `x` if None.

    >>> ones_like([1, 2], "bool")
    array([ True,  True])
    """
    return full_like(x, 1, dtype)


@op
def empty_like(x: Tensor, dtype: DType = None) -> Tensor:
    """Make a tensor of some elements or other, zeros here, shaped like `x`.

    Dtype: `dtype`; that of `x` if None.

    >>> empty_like([1, 2]).shape
    (2,)
    """
    return zeros_like(x, dtype)


@op
def arange(start: Any, stop: Any = None, step: Any = None, dtype: DType = None) -> Tensor:
    """Count from `start` by `step`, 1 if None, to before `stop`; a single number is `stop`, and `start` is 0.

    Shapes: `(ceil((stop - start) / step),)`; the numbers may be scalar tensors.
    Dtype: `dtype`; if None, the common one of the numbers.
    Raises: `ArgumentError` if `step` is 0; `RangeError` if an integer is outside `dtype`; `DTypeError` if `dtype` is
    not real.

    >>> arange(3), arange(1, 2, 0.25)
    (array([0, 1, 2], dtype=int32), array([1.  , 1.25, 1.5 , 1.75], dtype=float32))
    """
    if stop is None:
        start, stop = 0, start
    step = 1 if step is None else step
    dtype = dtype or _common_dtype(start, stop, step)
    if step and all(isinstance(number, int | float | np.generic) for number in (start, stop, step)):
        count = _count(start, stop, step)
        for number in (start, start + step * (count - 1)) if count else ():
            dtypes.check_fits(number, dtype)
    return count_from(start, stop, step, dtype)


def _common_dtype(*numbers: Any) -> str:
    if all(type(number) is int for number in numbers):
        return "int32"
    weak = {int: "int", float: "float"}
    return dtypes.concrete(dtypes.join_all([weak.get(type(number)) or dtype_of(number) for number in numbers]))


@primitive
def count_from(start: int | float, stop: int | float, step: int | float, dtype: DType) -> Tensor:
    """Count from `start` by `step` to before `stop`: the elements `start + i * step`, as dtype.

    The numbers are Python's or NumPy's, of either sign, `step` not 0; where sizes are known only to a running graph,
    scalar tensors. How many elements there are follows from the numbers as they are, and not as `dtype` would round
    them: 0 to 1 by 0.1 are ten elements in float16 too.

    Shapes: `(max(ceil((stop - start) / step), 0),)`; none if `step` leads away from `stop`. Dtype: `dtype`, of integers
    or real floating numbers; the numbers fit.

    >>> count_from(0, 3, 1, "float32")
    array([0., 1., 2.], dtype=float32)
    """
    if dtype == "bool" or dtypes.is_complex_dtype(dtype):
        raise DTypeError(f"there is no counting in dtype {dtype}", fix="pass dtype='int32', and cast")
    if not all(isinstance(number, int | float | np.generic) for number in (start, stop, step)):
        return TensorSpec((UNKNOWN,), dtype)
    if step == 0:
        raise ArgumentError("step is 0", fix="pass a step that leads from start to stop")
    return TensorSpec((_count(start, stop, step),), dtype)


def _count(start: Any, stop: Any, step: Any) -> Any:
    if any(is_unknown(number) for number in (start, stop, step)):
        count = -((start - stop) // step) if step != 1 else stop - start
        return count if count > 0 else count * 0
    return max(math.ceil((stop - start) / step), 0)


def _within_dtype(numbers: Callable[..., Any]) -> Callable[[OpFunction[P, R]], OpFunction[P, R]]:
    """Refuse ends, given as numbers, between which lies what an integer dtype asked for can not hold.

    Args:
        numbers: NumPy's function for the op, which takes `start`, `stop`, `num`, `endpoint`.
    """

    def checking(function: OpFunction[P, R]) -> OpFunction[P, R]:
        op = op_of(function)
        compute = op.function
        names = list(op.parameters)

        @functools.wraps(compute)
        def checked(*args: Any, **kwargs: Any) -> Any:
            given = dict(zip(names, args, strict=False)) | kwargs
            kind = given.get("dtype")
            if kind is not None and dtypes.standardize_dtype(kind) in dtypes.INTEGERS:
                _check_between(numbers, op.name, given)
            return compute(*args, **kwargs)

        op.function = checked
        return checked  # type: ignore[return-value]

    return checking


def _check_between(numbers: Callable[..., Any], name: str, given: dict[str, Any]) -> None:
    if not all(isinstance(given.get(end), int | float | list | tuple) for end in ("start", "stop")):
        return  # tensors and arrays are cast
    settings = {key: given[key] for key in ("start", "stop", "endpoint", "base") if key in given}
    try:
        found = np.floor(numbers(**settings, num=_number_of(given.get("num", 50))))
    except (KcoreError, TypeError, ValueError):
        return  # the op says what is wrong
    for number in (float(found.min()), float(found.max())) if found.size else ():
        try:
            dtypes.check_fits(number, dtypes.standardize_dtype(given["dtype"]))
        except KcoreError as error:
            raise error.at(name)  # noqa: B904 (its cause is its own)


@_within_dtype(np.linspace)
@op(dtypes=floating)
def linspace(
    start: Tensor,
    stop: Tensor,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DType = None,
    axis: Axis = 0,
) -> Any:
    """Divide the way from `start` to `stop` evenly into `num` numbers, the last of which is `stop` if `endpoint`.

    Shapes: `start` and `stop` broadcast; the result has a new axis of size `num` at `axis`, the first by default. With
    `retstep` the step, nan if there is none, is the second result.
    Dtype: `dtype`; if None, the common one, the default float for integers.
    Raises: `RangeError` if the ends are numbers, and one of the results is outside an integer `dtype`.

    >>> linspace(0, 1, 5)
    array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    num = _number_of(num)
    kind = dtype_of(start)
    wide = dtypes.at_least_float32(kind)
    start, stop = cast(start, wide), cast(stop, wide)
    parts = num - 1 if endpoint else num
    step = (stop - start) / max(parts, 1)
    rank = len(step.shape)
    i = reshape(arange(num, dtype="int32"), (num, *[1] * rank))
    y = expand_dims(start, 0) + cast(i, wide) * expand_dims(step, 0)
    if endpoint and num > 1:
        y = where(equal(i, num - 1), expand_dims(stop, 0), y)
    y = moveaxis(y, 0, axis) if axis != 0 else y
    y = floor(y) if dtype is not None and dtypes.is_int_dtype(dtype) else y
    y = cast(y, dtype or kind)
    return (y, cast(step if parts > 0 else step * math.nan, kind)) if retstep else y


def _number_of(num: Any) -> int:
    """Return a number of elements, which may be a scalar tensor, as an integer."""
    try:
        count = int(num.__index__())
    except (AttributeError, TypeError):
        count = -1
    if count < 0:
        raise ArgumentError(f"num={num!r} is not a number of elements", fix="pass an integer that is not negative")
    return count


@_within_dtype(np.logspace)
@op(dtypes=floating)
def logspace(
    start: Tensor,
    stop: Tensor,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10,
    dtype: DType = None,
    axis: Axis = 0,
) -> Tensor:
    """Raise `base` to `num` evenly spaced powers, from `start` to `stop`, which is the last if `endpoint`.

    Shapes: the ends broadcast; the result has a new axis of size `num` at `axis`, the first by default.
    Dtype: `dtype`; if None, as for `linspace`, as are the errors.

    >>> logspace(0, 2, 3)
    array([  1.,  10., 100.], dtype=float32)
    """
    kind = dtype_of(start)
    wide = dtypes.at_least_float32(kind)
    exponents = linspace(cast(start, wide), cast(stop, wide), num, endpoint, False, None, axis)
    return cast(power(full_like(exponents, base), exponents), dtype or kind)


@_within_dtype(np.geomspace)
@op(dtypes=real_floating)
def geomspace(
    start: Tensor, stop: Tensor, num: int = 50, endpoint: bool = True, dtype: DType = None, axis: Axis = 0
) -> Tensor:
    """Return `num` numbers from `start` to `stop`, the last if `endpoint`, each the one before times the same ratio.

    Shapes: the ends broadcast; the result has a new axis of size `num` at `axis`, the first by default.
    Dtype: `dtype`; if None, as for `linspace`, as are the errors. Numbers of different signs have no geometric mean:
    the results are nan.

    >>> geomspace(1, 8, 4)
    array([1., 2., 4., 8.], dtype=float32)
    """
    num = _number_of(num)
    kind = dtype_of(start)
    wide = dtypes.at_least_float32(kind)
    start, stop = cast(start, wide), cast(stop, wide)
    parts = (num - 1 if endpoint else num) or 1
    ratio = stop / start
    i = reshape(arange(num, dtype="int32"), (num, *[1] * len(ratio.shape)))
    y = expand_dims(start, 0) * power(expand_dims(ratio, 0), cast(i, wide) / parts)
    if endpoint and num > 1:
        y = where(equal(i, num - 1), expand_dims(stop, 0), y)
    return cast(moveaxis(y, 0, axis) if axis != 0 else y, dtype or kind)


@op
def eye(N: Any, M: Any = None, k: int = 0, dtype: FloatDType = None) -> Tensor:
    """Make a matrix with ones on its `k`-th diagonal, above the main one if positive, and zeros elsewhere.

    Shapes: `(N, M)`; `M` is `N` if None. Dtype: `dtype`; the default float if None.

    >>> eye(2, 3, k=1)
    array([[0., 1., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    rows, columns = _rows_and_columns(N, M)
    return cast(equal(columns - rows, k), dtype)


def _rows_and_columns(N: Any, M: Any) -> tuple[Any, Any]:
    if any(isinstance(size, int) and size < 0 for size in (N, M)):
        raise ShapeError(f"N={N} and M={M}: a size is negative", fix="pass sizes that are not")
    return expand_dims(arange(N, dtype="int32"), 1), expand_dims(arange(N if M is None else M, dtype="int32"), 0)


@op
def identity(n: Any, dtype: FloatDType = None) -> Tensor:
    """Make the identity matrix.

    Shapes: `(n, n)`. Dtype: `dtype`; the default float if None.

    >>> identity(2)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    return eye(n, n, 0, dtype)


@op
def tri(N: Any, M: Any = None, k: int = 0, dtype: FloatDType = None) -> Tensor:
    """Make a matrix with ones on and below its `k`-th diagonal and zeros above.

    Shapes: `(N, M)`; `M` is `N` if None. Dtype: `dtype`; the default float if None.

    >>> tri(2, 3)
    array([[1., 0., 0.],
           [1., 1., 0.]], dtype=float32)
    """
    rows, columns = _rows_and_columns(N, M)
    return cast(less_equal(columns - rows, k), dtype)


@op(name="meshgrid")
def _meshgrid(x: Sequence[Tensor], indexing: str = "xy") -> Any:
    """Return the coordinates of every point of a grid; see `meshgrid`."""
    one_of("indexing", indexing, ("xy", "ij"))
    flat = [reshape(one, (-1,)) for one in x]
    order = [1, 0, *range(2, len(x))] if indexing == "xy" and len(x) > 1 else list(range(len(x)))
    sizes = [shape_of(flat[i])[0] for i in order]
    results = []
    for i, one in enumerate(flat):
        place = order.index(i)
        line = reshape(one, [-1 if j == place else 1 for j in range(len(x))])
        results.append(broadcast_to(line, sizes))
    return results


def meshgrid(*x: Tensor, indexing: str = "xy") -> Any:
    """Return the coordinates of every point of a grid, one tensor for each axis.

    Shapes: each of `x` counts as one axis; the results have the sizes of all, with the first two exchanged if
    `indexing` is "xy" (rather than "ij"). Dtype: each result has that of its operand.
    Raises: `ArgumentError` if `indexing` is neither "xy" nor "ij".

    >>> across, down = meshgrid([1, 2], [3, 4])
    >>> across
    array([[1, 2],
           [1, 2]], dtype=int32)
    """
    return _meshgrid(list(x), indexing)


meshgrid.op = op_of(_meshgrid)  # type: ignore[attr-defined]


def array(x: Any, dtype: DType = None) -> Tensor:
    """Make a tensor of `x`, a number, a list, an array or a tensor; see `convert_to_tensor`.

    Dtype: `dtype`; if None, that of `x`, where Python floats are of the default float and integers int32.

    >>> array([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    return convert_to_tensor(x, dtype)


@primitive(dtypes=keep)
def copy(x: Tensor) -> Tensor:
    """Return a tensor equal to `x` with memory of its own.

    >>> copy([1, 2])
    array([1, 2], dtype=int32)
    """
    return x
