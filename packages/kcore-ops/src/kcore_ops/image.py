"""Ops on images."""

from kcore_ops.ops.image.colour import *
from kcore_ops.ops.image.crops import *
from kcore_ops.ops.image.filters import *
from kcore_ops.ops.image.patches import *
from kcore_ops.ops.image.resize import *
from kcore_ops.ops.image.warp import *
