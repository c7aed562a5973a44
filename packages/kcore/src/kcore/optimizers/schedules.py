"""Learning rates that change with the step."""

from kcore_train.optimizers.schedules import *
