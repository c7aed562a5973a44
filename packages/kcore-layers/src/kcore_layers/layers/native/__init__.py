"""Layers around a framework's own modules and functions."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.native.flax_layer import *
from kcore_layers.layers.native.jax_layer import *
from kcore_layers.layers.native.tfsm_layer import *
from kcore_layers.layers.native.torch_module_wrapper import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
