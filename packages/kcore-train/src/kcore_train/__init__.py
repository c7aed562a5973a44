"""Training for kcore: trainer, losses, metrics, optimizers, callbacks, data."""

from kcore_train import callbacks, data, losses, metrics, optimizers
from kcore_train._version import __version__
from kcore_train.trainer import Trainer

__all__ = ["Trainer", "__version__", "callbacks", "data", "losses", "metrics", "optimizers"]
