"""What kcore asks of a backend."""

from __future__ import annotations

import numpy as np
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.plugin import Backend

from kcore_backend_toy.table import TABLE
from kcore_backend_toy.tensor import Tensor, unwrap, vjp


class ToyBackend(Backend):
    """Tensors that remember how they were computed."""

    tensor_types = (Tensor,)
    capabilities = frozenset({"float64", "gradient"})
    widened = {name: {"bfloat16": "float32"} for name in ("argsort", "searchsorted")}  # NumPy misplaces its NaN

    def table(self):
        return TABLE

    def to_tensor(self, value, dtype):
        return Tensor(np.array(value, None if dtype is None else numpy_dtype(dtype)))

    def to_numpy(self, x):
        return unwrap(x)

    def vjp(self, function, primals):
        return vjp(function, primals)

    def version(self):
        return np.__version__
