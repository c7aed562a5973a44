"""Names of dtypes and JAX's own, which depend on whether its 64-bit mode is on."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from kcore_ops import DTypeError
from kcore_ops.dtypes import numpy_dtype

# What JAX has in place of 64-bit types while jax_enable_x64 is off.
NARROWER = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}


def native_dtype(name: str) -> np.dtype[Any]:
    """Return JAX's dtype of a name; one that JAX would silently narrow is refused."""
    if name in NARROWER and not jax.config.jax_enable_x64:
        raise DTypeError(
            f"JAX has no {name} while its 64-bit mode is off",
            fix=f"jax.config.update('jax_enable_x64', True) or JAX_ENABLE_X64=1, or use {NARROWER[name]}",
        )
    return numpy_dtype(name)
