"""Datasets of files, of series, and of parts of other datasets; sequences as arrays."""

import typing

from kcore_ops.foundation import public_names

from kcore_train.datasets.audio_files import *
from kcore_train.datasets.download import *
from kcore_train.datasets.image_files import *
from kcore_train.datasets.sequences import *
from kcore_train.datasets.splitting import *
from kcore_train.datasets.text_files import *
from kcore_train.datasets.timeseries import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
