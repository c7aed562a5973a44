"""Recurrent layers and their cells."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.rnn.bidirectional import *
from kcore_layers.layers.rnn.conv_lstm import *
from kcore_layers.layers.rnn.gru import *
from kcore_layers.layers.rnn.lstm import *
from kcore_layers.layers.rnn.rnn import *
from kcore_layers.layers.rnn.simple_rnn import *
from kcore_layers.layers.rnn.stacked_rnn_cells import *
from kcore_layers.layers.rnn.time_distributed import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
