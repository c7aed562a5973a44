"""Where batches come from: arrays, generators, datasets and loaders, behind one adapter."""

import typing

from kcore_ops.foundation import public_names

from kcore_train.data.data_adapter import Batch as Batch
from kcore_train.data.data_adapter import DataAdapter as DataAdapter
from kcore_train.data.numeric import *
from kcore_train.data.packing import *
from kcore_train.data.prefetching import *
from kcore_train.data.py_dataset import PyDataset as PyDataset
from kcore_train.data.py_dataset import Sequence as Sequence
from kcore_train.data.sources import *
from kcore_train.data.splitting import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
