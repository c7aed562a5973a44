"""Learning rates that change as training goes on."""

from kcore_train.optimizers.schedules.cosine_decay import CosineDecay, CosineDecayRestarts
from kcore_train.optimizers.schedules.exponential_decay import ExponentialDecay
from kcore_train.optimizers.schedules.inverse_time_decay import InverseTimeDecay
from kcore_train.optimizers.schedules.learning_rate_schedule import LearningRateSchedule
from kcore_train.optimizers.schedules.lookup import deserialize, serialize
from kcore_train.optimizers.schedules.piecewise_constant_decay import PiecewiseConstantDecay
from kcore_train.optimizers.schedules.polynomial_decay import PolynomialDecay

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]
