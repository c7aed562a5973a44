"""Tensors through which no gradient flows."""

from __future__ import annotations

from kcore_ops.engine.define import primitive
from kcore_ops.engine.op import Tensor

__all__ = ["stop_gradient"]


@primitive
def stop_gradient(variable: Tensor) -> Tensor:
    """The same numbers, through which no gradient flows.

    Shapes: the result is shaped like `variable`. Dtype: that of `variable`.

    >>> stop_gradient([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    return variable
