"""Linear algebra, as in Keras's `ops.linalg`."""

from kcore_ops.ops.linalg.decompositions import *
from kcore_ops.ops.linalg.eigenvalues import *
from kcore_ops.ops.linalg.factors import *
from kcore_ops.ops.linalg.least_squares import *
from kcore_ops.transforms.gradients import jvp as jvp
