"""Random tensors."""

from kcore_ops.ops.random.functions import *
