"""Sizes that depend on the values of tensors, as the number of elements that are not zero does."""

from __future__ import annotations

from typing import Any

from kcore_ops.backends.current import current_backend
from kcore_ops.backends.interface import Backend
from kcore_ops.dtypes import is_int_dtype
from kcore_ops.engine.call import Call
from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.specs.spec import UNKNOWN, TensorSpec

__all__ = ["has_unknown_size", "size_of_value"]


def size_of_value(value: Any, fix: str) -> Any:
    """Return the integer that a scalar tensor holds, to use as a size; in a graph with sizes of its own, the tensor.

    Args:
        value: a scalar tensor, or an integer.
        fix: what to do where the value is not known yet and sizes have to be.

    Raises:
        ShapeError: while a function is compiled for fixed sizes.

    >>> size_of_value(3, "")
    3
    """
    if isinstance(value, TensorSpec):
        return UNKNOWN
    if isinstance(value, int):
        return value
    try:
        return int(value)
    except TypeError as error:
        if "dynamic_shapes" in current_backend().capabilities:
            return value
        raise ShapeError(
            "the size of the result depends on values, which are not known while a function is compiled", fix=fix
        ) from error


def has_unknown_size(call: Call, backend: Backend) -> bool:
    """Return whether a size or a setting of a call is a tensor that has no value yet, where a framework needs one."""
    if "dynamic_shapes" in backend.capabilities:
        return False
    taken = {position for position, _ in call.groups.values()}
    settings = tree.flatten([arg for position, arg in enumerate(call.args) if position not in taken])
    return any(isinstance(leaf, backend.tensor_types) and _is_unknown_integer(leaf, backend) for leaf in settings)


def _is_unknown_integer(x: Any, backend: Backend) -> bool:
    if tuple(x.shape) or not is_int_dtype(backend.dtype(x)):
        return False
    try:
        x.__index__()
    except TypeError:
        return True
    return False
