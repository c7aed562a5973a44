"""Attention layers."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.attention.attention import *
from kcore_layers.layers.attention.grouped_query_attention import *
from kcore_layers.layers.attention.multi_head_attention import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
