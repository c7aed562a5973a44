"""Losses of half precision, computed in float32."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import kcore_ops as ops
from kcore_ops import Tensor
from kcore_ops.foundation.errors import DTypeError

from kcore_train.losses.alignment import backend_for

__all__ = ["half_dtype", "in_float32", "widened"]

F = TypeVar("F", bound=Callable[..., Any])

_HALF = frozenset({"float16", "bfloat16"})
# The frameworks' dtypes, each with its name if it is of half precision.
_half_dtypes: dict[Any, str | None] = {}


def half_dtype(x: Tensor) -> str | None:
    """Return the name of the dtype of a tensor if it is of half precision, and None otherwise.

    Args:
        x: tensor, array, number or list, what to look at.

    >>> import numpy as np
    >>> half_dtype(np.ones(2, "float16")), half_dtype(np.ones(2, "float32")), half_dtype([1.0])
    ('float16', None, None)
    """
    dtype = getattr(x, "dtype", None)
    if dtype is None:
        return None
    try:
        return _half_dtypes[dtype]
    except (KeyError, TypeError):  # a dtype that is new, or can not be hashed
        pass
    try:
        name = ops.dtype(x)
    except DTypeError:  # of something that is yet to become a tensor, or is refused by who makes it one
        return None
    found = name if name in _HALF else None
    if isinstance(x, backend_for(x).tensor_types):
        _half_dtypes[dtype] = found
    return found


def widened(x: Tensor) -> Tensor:
    """Return a tensor of half precision in float32, and anything else as it is.

    Args:
        x: tensor, array, number or list, what to widen.
    """
    return x if half_dtype(x) is None else ops.cast(x, "float32")


def in_float32(function: F) -> F:
    """Wrap a function of targets and predictions to compute in float32 where predictions are of half precision.

    Squares, exponentials, sums and `config.epsilon()` are beyond what half precision holds, or would be rounded at each
    step. The result has the dtype of the predictions.

    Args:
        function: function, the loss, of `(y_true, y_pred, ...)`.
    """

    @functools.wraps(function)
    def computed(y_true: Tensor, y_pred: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        dtype = half_dtype(y_pred)
        if dtype is None:
            return function(y_true, y_pred, *args, **kwargs)
        return ops.cast(function(widened(y_true), ops.cast(y_pred, "float32"), *args, **kwargs), dtype)

    return computed  # type: ignore[return-value]
