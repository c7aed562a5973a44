"""Objects as plain data, and back."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.serialization.objects import *
from kcore_layers.serialization.registry import CustomObjectScope as CustomObjectScope
from kcore_layers.serialization.registry import SerializationError as SerializationError
from kcore_layers.serialization.registry import builtin as builtin
from kcore_layers.serialization.registry import custom_object_scope as custom_object_scope
from kcore_layers.serialization.registry import get_custom_objects as get_custom_objects
from kcore_layers.serialization.registry import get_registered_name as get_registered_name
from kcore_layers.serialization.registry import get_registered_object as get_registered_object
from kcore_layers.serialization.registry import names_in as names_in
from kcore_layers.serialization.registry import register_keras_serializable as register_keras_serializable
from kcore_layers.serialization.registry import trust_components as trust_components

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
