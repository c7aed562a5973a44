"""A tensor into its slices along an axis."""

from __future__ import annotations

from typing import Any

from kcore_ops.engine.define import op
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.numpy.indexing import take
from kcore_ops.specs.shapes import normalize_axis, same_size, show_size
from kcore_ops.specs.spec import is_unknown

__all__ = ["unstack"]


@op
def unstack(x: Tensor, num: int | None = None, axis: Axis = 0) -> Any:
    """Return the slices of `x` along `axis`, the first by default, as a list.

    `num` says how many where the size is not known; None is the size.

    Raises: `ShapeError` if `num` is not the size, or the size is unknown and `num` None.

    >>> unstack([[1, 2], [3, 4]])
    [array([1, 2], dtype=int32), array([3, 4], dtype=int32)]
    """
    axis = normalize_axis(axis, len(x.shape))
    size = x.shape[axis]
    if num is None and is_unknown(size):
        raise ShapeError(f"the size along axis {axis} is not known", fix="pass num=")
    if num is not None and same_size(size, num) is None:
        raise ShapeError(f"num={num} and the size along axis {axis} is {show_size(size)}", fix="leave num out")
    return [take(x, i, axis=axis) for i in range(size if num is None else num)]
