"""Dense layers, embeddings, inputs and what wraps layers."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.core.dense import *
from kcore_layers.layers.core.einsum_dense import *
from kcore_layers.layers.core.embedding import *
from kcore_layers.layers.core.identity import *
from kcore_layers.layers.core.input_layer import *
from kcore_layers.layers.core.lambda_layer import *
from kcore_layers.layers.core.lookup import *
from kcore_layers.layers.core.masking_layer import *
from kcore_layers.layers.core.reversible_embedding import *
from kcore_layers.layers.core.wrapper import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
