"""Logarithm of a sum of exponentials."""

from __future__ import annotations

import numpy as np

from kcore_ops.dtypes import at_least_float32
from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.core.stop_gradient import stop_gradient
from kcore_ops.ops.numpy.comparison import equal, isfinite, where
from kcore_ops.ops.numpy.exponentials import exp, log
from kcore_ops.ops.numpy.manipulation import reshape
from kcore_ops.ops.numpy.reductions import max, sum

__all__ = ["logsumexp"]


@op(dtypes=real_floating)
def logsumexp(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Logarithm of the sum of exponentials of the elements of `x` along `axis`, without overflow.

    Shapes: without the axes reduced, one, several, or for `axis=None` all, which stay with size 1 if `keepdims`; of
    nothing, or of -inf alone, it is -inf. Dtype: that of `x`; float16 and bfloat16 are computed in float32, integers
    and booleans become the default float.
    Raises: `ShapeError` if there is no such axis; `DTypeError` if `x` is complex.

    >>> logsumexp([1000.0, 1000.0]).round(3).item()
    1000.6929931640625
    """
    kind = dtype_of(x)
    wide = cast(x, at_least_float32(kind))
    top = stop_gradient(max(wide, axis=axis, keepdims=True, initial=-np.inf))
    top = where(isfinite(top), top, 0.0)
    total = sum(exp(wide - top), axis=axis, keepdims=keepdims)
    # A total of 0 is kept from the logarithm, whose gradient there is infinite.
    nothing = equal(total, 0.0)
    return cast(where(nothing, -np.inf, log(where(nothing, 1.0, total)) + reshape(top, shape(total))), kind)
