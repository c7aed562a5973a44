"""Quantizers: tensors as integers, or floats, of few bits."""

from kcore_layers.weights.calibrated_config import *
from kcore_layers.weights.float8 import *
from kcore_layers.weights.integers import *
from kcore_layers.weights.quantization_config import *
from kcore_layers.weights.quantizers import *
