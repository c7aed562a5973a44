"""Callbacks."""

from kcore_train.callbacks import *
