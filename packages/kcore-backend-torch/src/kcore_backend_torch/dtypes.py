"""Names of dtypes and torch's own."""

from __future__ import annotations

import torch
from kcore_ops import DTypeError
from kcore_ops.dtypes import ALLOWED_DTYPES

NATIVE = {name: getattr(torch, name) for name in ALLOWED_DTYPES if hasattr(torch, name)}
DTYPE_NAMES = {dtype: name for name, dtype in NATIVE.items()}


def native_dtype(name: str) -> torch.dtype:
    """Return torch's dtype of a name."""
    try:
        return NATIVE[name]
    except KeyError:
        raise DTypeError(f"torch {torch.__version__} has no dtype {name}", fix="use another dtype or backend") from None
