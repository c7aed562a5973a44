"""Normalization layers."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.normalization.batch_normalization import *
from kcore_layers.layers.normalization.group_normalization import *
from kcore_layers.layers.normalization.layer_normalization import *
from kcore_layers.layers.normalization.normalization import *
from kcore_layers.layers.normalization.rms_normalization import *
from kcore_layers.layers.normalization.spectral_normalization import *
from kcore_layers.layers.normalization.unit_normalization import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
