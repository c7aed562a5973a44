"""Whole models and weights as files: the component `files`, which models ask for when they are saved."""

from kcore_layers.files.model_file import load_model, model_from_json, save_model
from kcore_layers.files.weights_file import load_weights, save_weights

__all__ = ["load_model", "load_weights", "model_from_json", "save_model", "save_weights"]
