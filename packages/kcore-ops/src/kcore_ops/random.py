"""Random tensors."""

from kcore_ops.ops.random.functions import *
from kcore_ops.ops.random.seeds import SeedGenerator as SeedGenerator
from kcore_ops.ops.random.seeds import set_seed as set_seed
