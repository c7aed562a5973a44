"""The kinds of models, and copies of them."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.models.cloning import *
from kcore_layers.models.function import *
from kcore_layers.models.functional import *
from kcore_layers.models.model import *
from kcore_layers.models.sequential import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
