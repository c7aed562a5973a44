"""What a backend is written with: the interface, the op model, and what definitions share with tables."""

from kcore_ops.backends.interface import *
