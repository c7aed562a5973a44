"""First values of weights."""

from kcore_layers.options.initializers import *
