"""Layers that change shapes: crops, padding, permutations."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.reshaping.cropping import *
from kcore_layers.layers.reshaping.flatten import *
from kcore_layers.layers.reshaping.permute import *
from kcore_layers.layers.reshaping.repeat_vector import *
from kcore_layers.layers.reshaping.reshape import *
from kcore_layers.layers.reshaping.up_sampling import *
from kcore_layers.layers.reshaping.zero_padding import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
