"""Layers."""

from kcore_layers.layers import *
