"""Layers, and functions, that merge several tensors into one."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.merging.concatenate import *
from kcore_layers.layers.merging.dot import *
from kcore_layers.layers.merging.merging import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
