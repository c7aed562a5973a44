"""Layers and models on any backend of kcore-ops."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers import layers as layers
from kcore_layers import serialization as serialization
from kcore_layers._version import __version__ as __version__
from kcore_layers.base.input_spec import InputSpec as InputSpec
from kcore_layers.base.layer import *
from kcore_layers.base.naming import name_scope as name_scope
from kcore_layers.base.operation import Operation as Operation
from kcore_layers.base.rematerialization import *
from kcore_layers.base.symbolic_scope import *
from kcore_layers.layers.core.input_layer import *
from kcore_layers.models.function import *
from kcore_layers.models.functional import *
from kcore_layers.models.model import *
from kcore_layers.models.sequential import *
from kcore_layers.options import activations as activations
from kcore_layers.options import constraints as constraints
from kcore_layers.options import initializers as initializers
from kcore_layers.options import regularizers as regularizers

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(
        globals(),
        "__version__",
        "activations",
        "constraints",
        "initializers",
        "layers",
        "regularizers",
        "serialization",
    )
