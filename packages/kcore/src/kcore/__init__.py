"""Keras's API on any installed backend: `import kcore as keras`.

This package holds no logic; each name comes from the package that owns it.
"""

from kcore_ops import KerasTensor, StatelessScope, Variable, device, use_backend
from kcore_ops.dtype_policies import DTypePolicy

from kcore import backend, config, dtype_policies, ops, random, tree
from kcore._version import __version__

__all__ = [
    "DTypePolicy",
    "KerasTensor",
    "StatelessScope",
    "Variable",
    "__version__",
    "backend",
    "config",
    "device",
    "dtype_policies",
    "ops",
    "random",
    "tree",
    "use_backend",
]
