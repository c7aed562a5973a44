"""Tensor operations for any framework: give them a tensor of NumPy, JAX, PyTorch or TensorFlow, and get its kind back.

>>> import numpy as np
>>> with use_backend("numpy"):
...     softmax(np.array([0.0, 0.0], "float32"))
array([0.5, 0.5], dtype=float32)
"""

import typing

from kcore_ops import config as config
from kcore_ops import dtype_policies as dtype_policies
from kcore_ops import image as image
from kcore_ops import linalg as linalg
from kcore_ops import nn as nn
from kcore_ops import random as random
from kcore_ops import tree as tree
from kcore_ops._version import __version__ as __version__
from kcore_ops.backends.current import current_backend as current_backend
from kcore_ops.backends.current import use_backend as use_backend
from kcore_ops.core import *
from kcore_ops.dtype_policies import DTypePolicy as DTypePolicy
from kcore_ops.dtypes import promotion as promotion
from kcore_ops.engine.define import op as op
from kcore_ops.engine.define import primitive as primitive
from kcore_ops.engine.op import Axis as Axis
from kcore_ops.engine.op import DType as DType
from kcore_ops.engine.op import FloatDType as FloatDType
from kcore_ops.engine.op import Shape as Shape
from kcore_ops.engine.op import Tensor as Tensor
from kcore_ops.engine.op import Tree as Tree
from kcore_ops.foundation import public_names
from kcore_ops.foundation.errors import *
from kcore_ops.linalg import *
from kcore_ops.math import *
from kcore_ops.nn import *
from kcore_ops.numpy import *
from kcore_ops.ops.nn.recurrent import gru as gru
from kcore_ops.ops.nn.recurrent import lstm as lstm
from kcore_ops.specs.spec import TensorSpec as TensorSpec
from kcore_ops.specs.symbolic import KerasTensor as KerasTensor
from kcore_ops.state.stateless_scope import StatelessScope as StatelessScope
from kcore_ops.state.variable import Variable as Variable
from kcore_ops.transforms.gradients import *
from kcore_ops.transforms.recomputation import *
from kcore_ops.transforms.vectorizing import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(
        globals(), "__version__", "config", "dtype_policies", "image", "linalg", "nn", "random", "tree"
    )
