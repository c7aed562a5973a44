"""The kinds of models."""

from kcore_layers.functional import Functional
from kcore_layers.model import Model
from kcore_layers.sequential import Sequential

__all__ = ["Functional", "Model", "Sequential"]
