"""Constraints on weights."""

from kcore_layers.options.constraints import *
