"""The layers, each in the file of its name."""

from kcore_layers.input_layer import Input, InputLayer
from kcore_layers.layer import Layer
from kcore_layers.layers.dense import Dense

__all__ = ["Dense", "Input", "InputLayer", "Layer"]
