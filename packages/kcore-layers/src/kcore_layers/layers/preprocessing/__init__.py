"""Preprocessing layers."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.preprocessing.mel_spectrogram import *
from kcore_layers.layers.preprocessing.rescaling import *
from kcore_layers.layers.preprocessing.stft_spectrogram import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
