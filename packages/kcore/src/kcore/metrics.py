"""Metrics."""

from kcore_train.metrics import *
