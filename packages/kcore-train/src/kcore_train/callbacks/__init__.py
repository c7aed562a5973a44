"""Callbacks: what is told as training goes on, and can step in."""

import typing

from kcore_ops.foundation import public_names

from kcore_train.callbacks.backup_and_restore import *
from kcore_train.callbacks.callback import Callback as Callback
from kcore_train.callbacks.callback_list import *
from kcore_train.callbacks.csv_logger import *
from kcore_train.callbacks.early_stopping import *
from kcore_train.callbacks.history import *
from kcore_train.callbacks.lambda_callback import *
from kcore_train.callbacks.learning_rate_scheduler import *
from kcore_train.callbacks.model_checkpoint import *
from kcore_train.callbacks.orbax_checkpoint import *
from kcore_train.callbacks.progbar import *
from kcore_train.callbacks.progbar_logger import *
from kcore_train.callbacks.reduce_lr_on_plateau import *
from kcore_train.callbacks.remote_monitor import *
from kcore_train.callbacks.swap_ema_weights import *
from kcore_train.callbacks.tensorboard import *
from kcore_train.callbacks.terminate_on_nan import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
