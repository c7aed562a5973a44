"""Layers that regularize: dropout, noise and penalties."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.regularization.activity_regularization import *
from kcore_layers.layers.regularization.alpha_dropout import *
from kcore_layers.layers.regularization.dropout import *
from kcore_layers.layers.regularization.gaussian_noise import *
from kcore_layers.layers.regularization.spatial_dropout import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
