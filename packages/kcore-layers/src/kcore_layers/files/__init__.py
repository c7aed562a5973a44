"""Whole models and weights as files: the component `files`, which models ask for when they are saved."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.files.editor import KerasFileEditor as KerasFileEditor
from kcore_layers.files.model_file import load_model as load_model
from kcore_layers.files.model_file import model_from_json as model_from_json
from kcore_layers.files.model_file import save_model as save_model
from kcore_layers.files.weights_file import load_weights as load_weights
from kcore_layers.files.weights_file import save_weights as save_weights

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
