"""Random tensors."""

from kcore_ops.random import *
