"""Pictures as arrays, from and to files."""

from kcore_layers.images import *
