"""The kinds of models, copies of them, and whole models as files."""

from kcore_layers.files.model_file import load_model, model_from_json, save_model
from kcore_layers.models.cloning import clone_model
from kcore_layers.models.functional import Functional
from kcore_layers.models.model import Model
from kcore_layers.models.sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
