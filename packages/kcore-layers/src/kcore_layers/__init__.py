"""Layers and models on any backend of kcore-ops."""

from kcore_layers import activations, constraints, initializers, layers, regularizers, serialization
from kcore_layers._version import __version__
from kcore_layers.functional import Functional
from kcore_layers.input_layer import Input, InputLayer
from kcore_layers.input_spec import InputSpec
from kcore_layers.layer import Layer
from kcore_layers.model import Model
from kcore_layers.sequential import Sequential

__all__ = [
    "Functional",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "Model",
    "Sequential",
    "__version__",
    "activations",
    "constraints",
    "initializers",
    "layers",
    "regularizers",
    "serialization",
]
