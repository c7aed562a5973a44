"""Activation functions."""

from kcore_layers.options.activations import *
