"""Optimizers: how gradients change variables."""

from kcore_train.optimizers import schedules
from kcore_train.optimizers.adadelta import Adadelta
from kcore_train.optimizers.adafactor import Adafactor
from kcore_train.optimizers.adagrad import Adagrad
from kcore_train.optimizers.adam import Adam, AdamW
from kcore_train.optimizers.adamax import Adamax
from kcore_train.optimizers.ftrl import Ftrl
from kcore_train.optimizers.lamb import Lamb
from kcore_train.optimizers.lion import Lion
from kcore_train.optimizers.lookup import deserialize, get, serialize
from kcore_train.optimizers.loss_scale_optimizer import LossScaleOptimizer
from kcore_train.optimizers.muon import Muon
from kcore_train.optimizers.nadam import Nadam
from kcore_train.optimizers.optimizer import Optimizer
from kcore_train.optimizers.rmsprop import RMSprop
from kcore_train.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
