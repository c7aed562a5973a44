"""Dtype policies and loss scaling, under the names Keras has had since its second version."""

from kcore_ops.config import dtype_policy as dtype_policy
from kcore_ops.config import set_dtype_policy as set_dtype_policy
from kcore_ops.dtype_policies import DTypePolicy as DTypePolicy
from kcore_train.optimizers import LossScaleOptimizer as LossScaleOptimizer

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy
