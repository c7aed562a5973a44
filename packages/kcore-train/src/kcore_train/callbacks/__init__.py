"""Callbacks: what is told as training goes on, and can step in."""

from kcore_train.callbacks.callback import Callback
from kcore_train.callbacks.callback_list import CallbackList
from kcore_train.callbacks.csv_logger import CSVLogger
from kcore_train.callbacks.early_stopping import EarlyStopping
from kcore_train.callbacks.history import History
from kcore_train.callbacks.lambda_callback import LambdaCallback
from kcore_train.callbacks.learning_rate_scheduler import LearningRateScheduler
from kcore_train.callbacks.model_checkpoint import ModelCheckpoint
from kcore_train.callbacks.progbar import Progbar
from kcore_train.callbacks.progbar_logger import ProgbarLogger
from kcore_train.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from kcore_train.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "Progbar",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
