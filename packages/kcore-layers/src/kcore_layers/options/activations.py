"""Activation functions: most are the ops themselves, with nothing in between."""

import typing

from kcore_ops import celu as celu
from kcore_ops import elu as elu
from kcore_ops import glu as glu
from kcore_ops import hard_shrink as hard_shrink
from kcore_ops import hard_sigmoid as hard_sigmoid
from kcore_ops import hard_silu as hard_silu
from kcore_ops import hard_swish as hard_swish
from kcore_ops import hard_tanh as hard_tanh
from kcore_ops import leaky_relu as leaky_relu
from kcore_ops import log_sigmoid as log_sigmoid
from kcore_ops import log_softmax as log_softmax
from kcore_ops import relu6 as relu6
from kcore_ops import selu as selu
from kcore_ops import sigmoid as sigmoid
from kcore_ops import silu as silu
from kcore_ops import soft_shrink as soft_shrink
from kcore_ops import softmax as softmax
from kcore_ops import softplus as softplus
from kcore_ops import softsign as softsign
from kcore_ops import sparse_plus as sparse_plus
from kcore_ops import sparse_sigmoid as sparse_sigmoid
from kcore_ops import sparsemax as sparsemax
from kcore_ops import squareplus as squareplus
from kcore_ops import swish as swish
from kcore_ops import tanh as tanh
from kcore_ops import tanh_shrink as tanh_shrink
from kcore_ops import threshold as threshold
from kcore_ops.foundation import public_names

from kcore_layers.options.activation_functions import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
