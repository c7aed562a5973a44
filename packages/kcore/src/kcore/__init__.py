"""Keras's API on any installed backend: `import kcore as keras`.

This package holds no logic; each name comes from the package that owns it, when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kcore._version import __version__

if TYPE_CHECKING:
    from kcore_layers import Input, InputSpec, Layer, Model, Sequential
    from kcore_layers.options.initializers import Initializer
    from kcore_layers.options.regularizers import Regularizer
    from kcore_ops import KerasTensor, StatelessScope, Variable, device, use_backend
    from kcore_ops.dtype_policies import DTypePolicy, FloatDTypePolicy
    from kcore_train.losses import Loss
    from kcore_train.metrics import Metric
    from kcore_train.optimizers import Optimizer

    from kcore import (
        activations,
        backend,
        callbacks,
        config,
        constraints,
        dtype_policies,
        initializers,
        layers,
        losses,
        metrics,
        models,
        ops,
        optimizers,
        random,
        regularizers,
        saving,
        tree,
        utils,
    )

__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "StatelessScope",
    "Variable",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "device",
    "dtype_policies",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "random",
    "regularizers",
    "saving",
    "tree",
    "use_backend",
    "utils",
]

# Where the names that are not modules of this package come from.
_OWNERS = {
    "DTypePolicy": "kcore_ops.dtype_policies",
    "FloatDTypePolicy": "kcore_ops.dtype_policies",
    "Initializer": "kcore_layers.options.initializers",
    "Input": "kcore_layers",
    "InputSpec": "kcore_layers",
    "KerasTensor": "kcore_ops",
    "Layer": "kcore_layers",
    "Loss": "kcore_train.losses",
    "Metric": "kcore_train.metrics",
    "Model": "kcore_layers",
    "Optimizer": "kcore_train.optimizers",
    "Regularizer": "kcore_layers.options.regularizers",
    "Sequential": "kcore_layers",
    "StatelessScope": "kcore_ops",
    "Variable": "kcore_ops",
    "device": "kcore_ops",
    "use_backend": "kcore_ops",
}


def __getattr__(name: str) -> Any:
    """Import a part when it is first used: `import kcore` is to be quick."""
    if name in _OWNERS:
        found = getattr(importlib.import_module(_OWNERS[name]), name)
    elif name in __all__:
        found = importlib.import_module(f"kcore.{name}")
    else:
        raise AttributeError(f"module 'kcore' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
