"""Where batches come from: arrays, generators, datasets and loaders, behind one adapter."""

from kcore_train.data.data_adapter import Batch, DataAdapter
from kcore_train.data.numeric import normalize, to_categorical
from kcore_train.data.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from kcore_train.data.prefetching import prefetch
from kcore_train.data.py_dataset import PyDataset
from kcore_train.data.sources import adapter
from kcore_train.data.splitting import train_validation_split

__all__ = [
    "Batch",
    "DataAdapter",
    "PyDataset",
    "adapter",
    "normalize",
    "pack_x_y_sample_weight",
    "prefetch",
    "to_categorical",
    "train_validation_split",
    "unpack_x_y_sample_weight",
]
