"""What neural networks need beside the NumPy API."""

from kcore_ops.nn import *
