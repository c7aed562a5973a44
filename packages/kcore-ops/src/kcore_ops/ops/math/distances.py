"""Distances between the points of two sets."""

from __future__ import annotations

from kcore_ops.dtypes import at_least_float32
from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.conversion import cast, dtype
from kcore_ops.ops.linalg.decompositions import matrix_sizes
from kcore_ops.ops.numpy.arithmetic import square, subtract
from kcore_ops.ops.numpy.comparison import greater, where
from kcore_ops.ops.numpy.exponentials import sqrt
from kcore_ops.ops.numpy.manipulation import expand_dims
from kcore_ops.ops.numpy.reductions import sum
from kcore_ops.specs.shapes import differ, show_shape, show_size

__all__ = ["cdist"]


@op(dtypes=real_floating)
def cdist(x: Tensor, y: Tensor) -> Tensor:
    """Euclidean distance of every vector of `x` from every vector of `y`. Its gradient is 0 where the distance is.

    Shapes: `(..., p, n)` and `(..., r, n)`, batch axes broadcast, give `(..., p, r)`.
    Dtype: the common one; integers and booleans become the default float; float16 and bfloat16 are computed in float32.
    Raises: `ShapeError` if the vectors differ in size.

    >>> cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]])
    array([[5., 1.]], dtype=float32)
    """
    _, size1 = matrix_sizes(x)
    _, size2 = matrix_sizes(y, "y")
    if differ(size1, size2):
        raise ShapeError(
            f"x has shape {show_shape(x.shape)} and y has shape {show_shape(y.shape)}: vectors of {show_size(size1)} "
            f"and of {show_size(size2)} components",
            fix="the last axes must be equal in size",
        )
    wide = at_least_float32(dtype(x))
    difference = subtract(expand_dims(cast(x, wide), -2), expand_dims(cast(y, wide), -3))
    squares = sum(square(difference), axis=-1)
    is_apart = greater(squares, 0)
    distance = where(is_apart, sqrt(where(is_apart, squares, 1.0)), 0.0)
    return cast(distance, dtype(x))
