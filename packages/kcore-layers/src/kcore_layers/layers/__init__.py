"""The layers, each in the file of its name."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.base.input_spec import InputSpec as InputSpec
from kcore_layers.base.layer import *
from kcore_layers.layers.activations import *
from kcore_layers.layers.attention import *
from kcore_layers.layers.augmentation import *
from kcore_layers.layers.convolutional import *
from kcore_layers.layers.core import *
from kcore_layers.layers.merging import *
from kcore_layers.layers.native import *
from kcore_layers.layers.normalization import *
from kcore_layers.layers.pooling import *
from kcore_layers.layers.preprocessing import *
from kcore_layers.layers.regularization import *
from kcore_layers.layers.reshaping import *
from kcore_layers.layers.rnn import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
