"""Preprocessing layers."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.preprocessing.category_encoding import *
from kcore_layers.layers.preprocessing.discretization import *
from kcore_layers.layers.preprocessing.hashed_crossing import *
from kcore_layers.layers.preprocessing.hashing import *
from kcore_layers.layers.preprocessing.integer_lookup import *
from kcore_layers.layers.preprocessing.mel_spectrogram import *
from kcore_layers.layers.preprocessing.rescaling import *
from kcore_layers.layers.preprocessing.stft_spectrogram import *
from kcore_layers.layers.preprocessing.string_lookup import *
from kcore_layers.layers.preprocessing.text_vectorization import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
