"""Keras's API on any installed backend: `import kcore as keras`.

This package holds no logic; each name comes from the package that owns it, when it is first used.
"""

from __future__ import annotations

import importlib
import typing

from kcore._version import __version__ as __version__
from kcore._version import version as version

if typing.TYPE_CHECKING:
    from kcore_layers import Function as Function
    from kcore_layers import Input as Input
    from kcore_layers import InputSpec as InputSpec
    from kcore_layers import Layer as Layer
    from kcore_layers import Model as Model
    from kcore_layers import Operation as Operation
    from kcore_layers import RematScope as RematScope
    from kcore_layers import Sequential as Sequential
    from kcore_layers import SymbolicScope as SymbolicScope
    from kcore_layers import name_scope as name_scope
    from kcore_layers import remat as remat
    from kcore_layers.options.initializers import Initializer as Initializer
    from kcore_layers.options.regularizers import Regularizer as Regularizer
    from kcore_layers.weights.quantizers import Quantizer as Quantizer
    from kcore_ops import KerasTensor as KerasTensor
    from kcore_ops import StatelessScope as StatelessScope
    from kcore_ops import Variable as Variable
    from kcore_ops import device as device
    from kcore_ops import use_backend as use_backend
    from kcore_ops.dtype_policies import DTypePolicy as DTypePolicy
    from kcore_ops.dtype_policies import FloatDTypePolicy as FloatDTypePolicy
    from kcore_train.losses import Loss as Loss
    from kcore_train.metrics import Metric as Metric
    from kcore_train.optimizers import Optimizer as Optimizer

    from kcore import activations as activations
    from kcore import backend as backend
    from kcore import callbacks as callbacks
    from kcore import config as config
    from kcore import constraints as constraints
    from kcore import dtype_policies as dtype_policies
    from kcore import export as export
    from kcore import initializers as initializers
    from kcore import layers as layers
    from kcore import losses as losses
    from kcore import metrics as metrics
    from kcore import mixed_precision as mixed_precision
    from kcore import models as models
    from kcore import ops as ops
    from kcore import optimizers as optimizers
    from kcore import preprocessing as preprocessing
    from kcore import quantizers as quantizers
    from kcore import random as random
    from kcore import regularizers as regularizers
    from kcore import saving as saving
    from kcore import tree as tree
    from kcore import utils as utils
    from kcore import visualization as visualization
    from kcore import wrappers as wrappers

# Where each name comes from: the block above again, for when the program runs.
_OWNERS = {
    "kcore": "activations backend callbacks config constraints dtype_policies export initializers layers losses "
    "metrics mixed_precision models ops optimizers preprocessing quantizers random regularizers saving tree utils "
    "visualization wrappers",
    "kcore_layers": "Function Input InputSpec Layer Model Operation RematScope Sequential SymbolicScope name_scope "
    "remat",
    "kcore_layers.options.initializers": "Initializer",
    "kcore_layers.options.regularizers": "Regularizer",
    "kcore_layers.weights.quantizers": "Quantizer",
    "kcore_ops": "KerasTensor StatelessScope Variable device use_backend",
    "kcore_ops.dtype_policies": "DTypePolicy FloatDTypePolicy",
    "kcore_train.losses": "Loss",
    "kcore_train.metrics": "Metric",
    "kcore_train.optimizers": "Optimizer",
}
_OWNER_OF = {name: owner for owner, names in _OWNERS.items() for name in names.split()}

if not typing.TYPE_CHECKING:
    __all__ = sorted(("__version__", "version", *_OWNER_OF))


def __getattr__(name: str) -> typing.Any:
    """Import a part when it is first used: `import kcore` is to be quick."""
    owner = _OWNER_OF.get(name)
    if owner is None:
        raise AttributeError(f"module 'kcore' has no attribute {name!r}")
    if owner == "kcore":
        found = importlib.import_module(f"kcore.{name}")
    else:
        found = getattr(importlib.import_module(owner), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_OWNER_OF})
