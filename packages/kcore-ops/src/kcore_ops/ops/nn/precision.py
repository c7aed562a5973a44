"""Half precision in, float32 between, half precision out."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes import at_least_float32
from kcore_ops.engine.call import dtype_of
from kcore_ops.ops.core.conversion import cast

__all__ = ["narrowed", "widened"]


def widened(x: Any) -> Any:
    """Return a floating tensor in the precision that its sums and exponentials need: at least float32."""
    name = dtype_of(x)
    wide = at_least_float32(name)
    return x if name == wide else cast(x, wide)


def narrowed(y: Any, x: Any) -> Any:
    """Return `y` in the dtype of `x`."""
    name = dtype_of(x)
    return y if dtype_of(y) == name else cast(y, name)
