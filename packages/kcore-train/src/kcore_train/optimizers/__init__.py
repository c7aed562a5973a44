"""Optimizers: how gradients change variables."""

import typing

from kcore_ops.foundation import public_names

from kcore_train.optimizers import schedules as schedules
from kcore_train.optimizers.adadelta import *
from kcore_train.optimizers.adafactor import *
from kcore_train.optimizers.adagrad import *
from kcore_train.optimizers.adam import *
from kcore_train.optimizers.adamax import *
from kcore_train.optimizers.ftrl import *
from kcore_train.optimizers.lamb import *
from kcore_train.optimizers.lion import *
from kcore_train.optimizers.lookup import *
from kcore_train.optimizers.loss_scale_optimizer import *
from kcore_train.optimizers.multi_optimizer import *
from kcore_train.optimizers.muon import *
from kcore_train.optimizers.nadam import *
from kcore_train.optimizers.optimizer import *
from kcore_train.optimizers.optimizer_map import *
from kcore_train.optimizers.rmsprop import *
from kcore_train.optimizers.schedule_free_adamw import *
from kcore_train.optimizers.sgd import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals(), "schedules")
