"""Tools."""

from kcore_layers.base.random_seed import set_random_seed as set_random_seed
from kcore_layers.base.session import clear_session as clear_session
from kcore_layers.serialization.objects import CustomObjectScope as CustomObjectScope
from kcore_layers.serialization.objects import custom_object_scope as custom_object_scope
from kcore_layers.serialization.objects import deserialize_keras_object as deserialize_keras_object
from kcore_layers.serialization.objects import get_custom_objects as get_custom_objects
from kcore_layers.serialization.objects import get_registered_name as get_registered_name
from kcore_layers.serialization.objects import get_registered_object as get_registered_object
from kcore_layers.serialization.objects import register_keras_serializable as register_keras_serializable
from kcore_layers.serialization.objects import serialize_keras_object as serialize_keras_object
from kcore_ops.dtypes import standardize_dtype as standardize_dtype
from kcore_ops.specs.symbolic import is_keras_tensor as is_keras_tensor
from kcore_train.callbacks.progbar import Progbar as Progbar
from kcore_train.data import PyDataset as PyDataset
from kcore_train.data import normalize as normalize
from kcore_train.data import pack_x_y_sample_weight as pack_x_y_sample_weight
from kcore_train.data import to_categorical as to_categorical
from kcore_train.data import unpack_x_y_sample_weight as unpack_x_y_sample_weight

from kcore.utils import bounding_boxes as bounding_boxes
