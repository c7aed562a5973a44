"""Optimizers."""

from kcore_train.optimizers import *
