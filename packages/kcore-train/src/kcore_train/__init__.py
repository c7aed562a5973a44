"""Training for kcore: trainer, losses, metrics, optimizers, callbacks, data."""

import typing

from kcore_ops.foundation import public_names

from kcore_train import callbacks as callbacks
from kcore_train import data as data
from kcore_train import datasets as datasets
from kcore_train import losses as losses
from kcore_train import metrics as metrics
from kcore_train import optimizers as optimizers
from kcore_train import wrappers as wrappers
from kcore_train._version import __version__ as __version__
from kcore_train.trainer import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(
        globals(), "__version__", "callbacks", "data", "datasets", "losses", "metrics", "optimizers", "wrappers"
    )
