"""What a backend is written with: the interface, the op model, and what definitions share with tables."""

from kcore_ops.backends.abilities import *
from kcore_ops.backends.datasets import *
from kcore_ops.backends.exports import *
from kcore_ops.backends.interface import *
from kcore_ops.backends.registry import backends as backends
from kcore_ops.backends.registry import register as register
from kcore_ops.engine.inference import evaluate as evaluate
from kcore_ops.engine.inference import inferring as inferring
from kcore_ops.engine.op import all_ops as all_ops
from kcore_ops.engine.op import op_of as op_of
from kcore_ops.engine.plans import defined as defined
from kcore_ops.ops.math.complex_pairs import *
from kcore_ops.ops.nn.pooling import lowest as lowest
from kcore_ops.ops.nn.recurrent import check_recurrent_shapes as check_recurrent_shapes
from kcore_ops.ops.nn.recurrent import gru_biases as gru_biases
from kcore_ops.ops.nn.recurrent import gru_step as gru_step
from kcore_ops.ops.nn.recurrent import lstm_step as lstm_step
from kcore_ops.ops.nn.windows import *
from kcore_ops.ops.numpy.int8_products import *
from kcore_ops.ops.numpy.products import paired_axes as paired_axes
from kcore_ops.ops.numpy.subscripts import *
from kcore_ops.ops.random.distributions import with_slope as with_slope
from kcore_ops.specs.operators import *
from kcore_ops.specs.shapes import *
from kcore_ops.state.stateless_scope import in_stateless_scope as in_stateless_scope
from kcore_ops.transforms.fallbacks import axes_of_leaves as axes_of_leaves
