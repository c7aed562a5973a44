"""Files of models and weights; objects as plain data, and back."""

from kcore_layers.files import KerasFileEditor as KerasFileEditor
from kcore_layers.files import load_model as load_model
from kcore_layers.files import load_weights as load_weights
from kcore_layers.files import save_model as save_model
from kcore_layers.files import save_weights as save_weights
from kcore_layers.serialization.objects import CustomObjectScope as CustomObjectScope
from kcore_layers.serialization.objects import custom_object_scope as custom_object_scope
from kcore_layers.serialization.objects import deserialize_keras_object as deserialize_keras_object
from kcore_layers.serialization.objects import get_custom_objects as get_custom_objects
from kcore_layers.serialization.objects import get_registered_name as get_registered_name
from kcore_layers.serialization.objects import get_registered_object as get_registered_object
from kcore_layers.serialization.objects import register_keras_serializable as register_keras_serializable
from kcore_layers.serialization.objects import serialize_keras_object as serialize_keras_object
