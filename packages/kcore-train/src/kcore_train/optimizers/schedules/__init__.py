"""Learning rates that change as training goes on."""

import typing

from kcore_ops.foundation import public_names

from kcore_train.optimizers.schedules.cosine_decay import *
from kcore_train.optimizers.schedules.exponential_decay import *
from kcore_train.optimizers.schedules.inverse_time_decay import *
from kcore_train.optimizers.schedules.learning_rate_schedule import LearningRateSchedule as LearningRateSchedule
from kcore_train.optimizers.schedules.lookup import *
from kcore_train.optimizers.schedules.piecewise_constant_decay import *
from kcore_train.optimizers.schedules.polynomial_decay import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
