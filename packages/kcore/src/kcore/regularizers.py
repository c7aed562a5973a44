"""Penalties on weights and outputs."""

from kcore_layers.options.regularizers import *
