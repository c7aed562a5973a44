"""Convolution layers."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.convolutional.convolution import *
from kcore_layers.layers.convolutional.depthwise_convolution import *
from kcore_layers.layers.convolutional.separable_convolution import *
from kcore_layers.layers.convolutional.transposed_convolution import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
