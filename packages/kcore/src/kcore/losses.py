"""Losses."""

from kcore_train.losses import *
