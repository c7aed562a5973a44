"""Values as tensors of one backend."""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore_ops import dtypes
from kcore_ops.backends import registry
from kcore_ops.backends.interface import Backend
from kcore_ops.engine.call import HOST_TYPES, Call, describe, unwrapped
from kcore_ops.engine.op import all_ops
from kcore_ops.foundation.errors import DTypeError, MixedBackends

__all__ = ["check_items", "tensor_on"]


def check_items(value: Any, backend: Backend, dtype: str | None) -> None:
    """Refuse numbers of a list, an array by now, that the dtype of the tensor can not hold."""
    if isinstance(value, np.ndarray):
        dtypes.check_fits(value, dtype or backend.canonical_dtype(dtypes.standardize_dtype(value.dtype)))


def tensor_on(backend: Backend, value: Any, dtype: str | None, like: Any = None) -> Any:
    """Return a value as a tensor of one backend: beside another one, if it is none yet and `like` is given.

    Raises:
        MixedBackends: if it is another's.
    """
    kind = value.__class__
    if kind in backend.tensor_types and kind not in HOST_TYPES:  # as below, at once
        return value if dtype is None or dtype == backend.dtype(value) else backend.ops["cast"](value, dtype)
    if registry.owner(kind) is not backend:
        value = unwrapped(value)
    if isinstance(value, backend.tensor_types) and not isinstance(value, HOST_TYPES):
        return value if dtype is None or dtype == backend.dtype(value) else backend.ops["cast"](value, dtype)
    if isinstance(value, list | tuple):
        value = Call(all_ops()["cast"], (value, dtype)).values[0]
        check_items(value, backend, dtype)
    if not isinstance(value, HOST_TYPES):
        owner = registry.owner(type(value))
        if owner is backend:
            return value if dtype in (None, backend.dtype(value)) else backend.ops["cast"](value, dtype)
        if owner is None and hasattr(value, "__array__"):
            value = np.asarray(value)
        elif owner is None:
            raise DTypeError(f"a {type(value).__name__} can not become a tensor", fix="pass an array or a number")
        else:
            raise MixedBackends(
                f"a tensor of {owner.name} where one of {backend.name} is needed",
                fix=f"convert it: kcore_ops.to_backend(x, {backend.name!r})",
            )
    if dtype is None:
        described = describe(value, backend)[0]
        dtype = backend.canonical_dtype(dtypes.concrete(described))
    if value.__class__ is int:
        dtypes.check_fits(value, dtype)
    return backend.to_tensor(value, dtype) if like is None else backend.beside(like, value, dtype)
