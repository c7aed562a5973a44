"""The NumPy API."""

from kcore_ops.numpy import *
