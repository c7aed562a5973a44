"""The largest elements along an axis, and whether a class is among them."""

from __future__ import annotations

from kcore_ops.dtypes.promotion import index, real
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.numpy.comparison import greater, greater_equal, less, where
from kcore_ops.ops.numpy.indexing import take_along_axis
from kcore_ops.ops.numpy.logic import logical_and
from kcore_ops.ops.numpy.manipulation import expand_dims, squeeze
from kcore_ops.ops.numpy.reductions import sum
from kcore_ops.specs.shapes import differ, show_shape
from kcore_ops.specs.spec import TensorSpec, is_unknown

__all__ = ["in_top_k", "top_k"]


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
