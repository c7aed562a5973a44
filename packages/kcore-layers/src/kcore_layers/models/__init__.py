"""The kinds of models, and copies of them."""

from kcore_layers.models.cloning import clone_model
from kcore_layers.models.functional import Functional
from kcore_layers.models.model import Model
from kcore_layers.models.sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model"]
