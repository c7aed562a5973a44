"""What kcore asks of a backend."""

from __future__ import annotations

import lazyarrays as lazy
import numpy as np
from kcore_ops import tree
from kcore_ops.dtypes import standardize_dtype
from kcore_ops.plugin import Backend, install_operators

from kcore_backend_lazy.names import KCORE_NAMES, native
from kcore_backend_lazy.table import TABLE

install_operators(lazy.Array, item=lambda x: lazy.numpy(x).item())


class LazyBackend(Backend):
    """Arrays that are computed when their value is asked for."""

    tensor_types = (lazy.Array,)
    capabilities = frozenset({"float64", "gradient"})
    dtypes = KCORE_NAMES
    raises_late = True
    widened = {name: {"bfloat16": "float32"} for name in ("argsort", "searchsorted")}  # NumPy, below, misplaces its NaN

    def table(self):
        return TABLE

    def to_tensor(self, value, dtype):
        return lazy.array(value, native(dtype or standardize_dtype(np.asarray(value).dtype)))

    def to_numpy(self, x):
        return lazy.numpy(x)

    def assign_storages(self, storages, values):
        lazy.evaluate(*values)
        return list(values)

    def vjp(self, function, primals):
        outputs = []

        def flat(*leaves):
            outputs.append(function(*tree.pack_sequence_as(list(primals), leaves)))
            return tree.flatten(outputs[0])

        _, pullback = lazy.vjp(flat, tree.flatten(list(primals)))
        return outputs[0], lambda cotangent: tuple(
            tree.pack_sequence_as(list(primals), pullback(tree.flatten(cotangent)))
        )
