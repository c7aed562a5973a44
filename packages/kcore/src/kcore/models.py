"""Models."""

from kcore_layers.files import load_model, model_from_json, save_model
from kcore_layers.models import Model, Sequential, clone_model

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
