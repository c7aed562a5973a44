"""Conversion of tensors, control flow, and parts of tensors read and written."""

from kcore_ops.ops.core.axis_patterns import *
from kcore_ops.ops.core.control_flow import *
from kcore_ops.ops.core.conversion import *
from kcore_ops.ops.core.saturate_cast import *
from kcore_ops.ops.core.scatter import *
from kcore_ops.ops.core.slices import *
from kcore_ops.ops.core.stop_gradient import *
from kcore_ops.ops.core.unstack import *
from kcore_ops.ops.core.views import *
