"""Models."""

from kcore_layers.models import Model, Sequential, load_model, model_from_json, save_model

__all__ = ["Model", "Sequential", "load_model", "model_from_json", "save_model"]
