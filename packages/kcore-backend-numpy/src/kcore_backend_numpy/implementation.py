"""The NumPy backend: a table of NumPy functions."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.plugin import SCALAR_OPS, Backend, int8_products

from kcore_backend_numpy import (
    control_flow,
    convolution,
    elementwise,
    fourier,
    linalg,
    nn,
    random,
    reductions,
    shaping,
)

Array = np.ndarray[Any, Any]


class NumpyBackend(Backend):
    """Tensors are NumPy arrays. There are no gradients."""

    tensor_types: ClassVar[tuple[type, ...]] = (np.ndarray, np.generic)
    families = (elementwise, reductions, shaping, linalg, fourier, nn, convolution, random, control_flow)
    capabilities = frozenset({"complex", "float64"})
    scalar_ops = SCALAR_OPS
    of_int8 = int8_products({**elementwise.TABLE, **linalg.TABLE})

    def to_tensor(self, value: Any, dtype: str | None, like: Any = None) -> Array:
        return np.asarray(value, None if dtype is None else numpy_dtype(dtype))

    def to_numpy(self, x: Any) -> Array:
        return np.asarray(x)

    def from_dlpack(self, x: Any) -> Array:
        return np.from_dlpack(x)

    def takes_number(self, op: str, dtype: str) -> bool:
        # ml_dtypes' types meet Python floats in float32.
        return op in self.scalar_ops and dtype != "bfloat16" and not dtype.startswith("float8")
