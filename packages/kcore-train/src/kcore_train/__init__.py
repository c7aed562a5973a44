"""Training for kcore: trainer, optimizers, callbacks, data."""

from kcore_train._version import __version__

__all__ = ["__version__"]
