"""Random tensors."""

from kcore_ops.ops.random.functions import *
from kcore_ops.random import SeedGenerator as SeedGenerator
