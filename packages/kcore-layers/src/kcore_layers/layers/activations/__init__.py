"""Activation functions as layers."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.activations.activation import *
from kcore_layers.layers.activations.prelu import *
from kcore_layers.layers.activations.rectifiers import *
from kcore_layers.layers.activations.softmax import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
