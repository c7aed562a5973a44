"""Losses: what training makes small."""

import typing

from kcore_ops.foundation import public_names

from kcore_train.losses.circle import *
from kcore_train.losses.crossentropy import *
from kcore_train.losses.ctc import *
from kcore_train.losses.divergence import *
from kcore_train.losses.focal import *
from kcore_train.losses.function_loss import FunctionLoss as FunctionLoss
from kcore_train.losses.hinge import *
from kcore_train.losses.lookup import *
from kcore_train.losses.loss import *
from kcore_train.losses.overlap import *
from kcore_train.losses.regression import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
