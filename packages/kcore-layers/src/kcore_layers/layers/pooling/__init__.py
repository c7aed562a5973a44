"""Pooling layers."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.pooling.adaptive_pooling import *
from kcore_layers.layers.pooling.global_pooling import *
from kcore_layers.layers.pooling.pooling import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
