"""Layers and models on any backend of kcore-ops."""

from kcore_layers import layers
from kcore_layers._version import __version__
from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.layers.core.input_layer import Input, InputLayer
from kcore_layers.models.functional import Functional
from kcore_layers.models.model import Model
from kcore_layers.models.sequential import Sequential
from kcore_layers.options import activations, constraints, initializers, regularizers
from kcore_layers.serialization import objects as serialization

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
