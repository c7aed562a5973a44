"""Dtype policies, as in Keras's `dtype_policies`."""

from kcore_ops.policies.lookup import *
from kcore_ops.policies.policy import *
from kcore_ops.policies.policy_map import *
from kcore_ops.policies.quantized import *
