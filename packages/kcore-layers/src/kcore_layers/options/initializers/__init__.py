"""First values of weights, drawn on the host, so that a seed means the same ones on every backend."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.options.initializers.constant import *
from kcore_layers.options.initializers.distributions import *
from kcore_layers.options.initializers.initializer import *
from kcore_layers.options.initializers.lookup import *
from kcore_layers.options.initializers.orthogonal import *
from kcore_layers.options.initializers.stft import *
from kcore_layers.options.initializers.variance_scaling import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
