"""Tools."""

from kcore_layers.base.random_seed import set_random_seed
from kcore_layers.base.session import clear_session
from kcore_layers.serialization.objects import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from kcore_ops.dtypes import standardize_dtype
from kcore_ops.specs.symbolic import is_keras_tensor
from kcore_train.callbacks.progbar import Progbar
from kcore_train.data import PyDataset, normalize, pack_x_y_sample_weight, to_categorical, unpack_x_y_sample_weight

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "is_keras_tensor",
    "normalize",
    "pack_x_y_sample_weight",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "standardize_dtype",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
