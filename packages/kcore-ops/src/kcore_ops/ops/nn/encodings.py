"""One-hot and multi-hot encodings."""

from __future__ import annotations

from kcore_ops.dtypes.promotion import index
from kcore_ops.engine.define import op
from kcore_ops.engine.op import FloatDType, Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.numpy.comparison import equal
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.manipulation import expand_dims, reshape
from kcore_ops.ops.numpy.reductions import any
from kcore_ops.specs.shapes import normalize_axis

__all__ = ["multi_hot", "one_hot"]


@op(dtypes=index)
def one_hot(x: Tensor, num_classes: int, axis: int = -1, dtype: FloatDType = None, sparse: bool = False) -> Tensor:
    """Encode each integer as a vector of zeros with a 1 at its place; of zeros alone if it is no class.

    Shapes: the result has one axis more than `x`, of size `num_classes`, at `axis`. Dtype: `dtype`, by default
    `config.floatx()`. Integers below 0 or from `num_classes` up are no classes.
    Raises: `ShapeError` if there is no such axis; `DTypeError` if `x` is not of integers; `ArgumentError` if `sparse`:
    there are no sparse tensors.

    >>> one_hot([0, 2, -1], 3)
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 0., 0.]], dtype=float32)
    """
    num_classes = _checked(num_classes, sparse)
    rank = len(x.shape) + 1
    axis = normalize_axis(axis, rank)
    classes = reshape(arange(num_classes, dtype="int32"), tuple(num_classes if i == axis else 1 for i in range(rank)))
    return cast(equal(expand_dims(x, axis), classes), dtype)


@op(dtypes=index)
def multi_hot(
    inputs: Tensor, num_classes: int | None = None, axis: int = -1, dtype: FloatDType = None, sparse: bool = False
) -> Tensor:
    """Encode each row of integers as one vector of zeros with a 1 at every place named.

    Shapes: `inputs` is `(n,)` or `(batch, n, ...)`; its one-hot encoding at `axis`, reduced over axis 0 or 1, is the
    result: `(num_classes,)` or `(batch, ..., num_classes)` for the last axis. Dtype: `dtype`, by default
    `config.floatx()`. Integers below 0 or from `num_classes` up are no classes, and name no place.
    Raises: `ShapeError` if there is no such axis; `DTypeError` if `inputs` is not of integers; `ArgumentError` if
    `num_classes` is missing, or if `sparse`: there are no sparse tensors.

    >>> multi_hot([[0, 2], [1, 1]], 3)
    array([[1., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    places = one_hot(inputs, _checked(num_classes, sparse), axis=axis, dtype="bool")
    return cast(any(places, axis=1 if len(inputs.shape) > 1 else 0), dtype)


def _checked(num_classes: int | None, sparse: bool) -> int:
    if sparse:
        raise ArgumentError("there are no sparse tensors", fix="leave out sparse=")
    if num_classes is None or not hasattr(num_classes, "__index__") or num_classes < 0:
        raise ArgumentError(f"num_classes can not be {num_classes!r}", fix="pass the number of classes")
    return num_classes
