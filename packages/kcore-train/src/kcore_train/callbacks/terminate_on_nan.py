"""`TerminateOnNaN`: training stops when the loss is not a number any more."""

from __future__ import annotations

import math

import numpy as np

from kcore_train.callbacks.callback import Callback, Logs
from kcore_train.callbacks.terminal_line import say

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(Callback):
    """Stop training as soon as the loss is NaN or infinite.

    It looks at the loss of every batch, and so each step waits for the one before.

    Args:
        raise_error: bool, whether to raise an error, rather than to stop `fit` after the batch; False.

    Raises:
        RuntimeError: when the loss is NaN or infinite, if `raise_error`.

    >>> TerminateOnNaN(raise_error=True).on_train_batch_end(7, {"loss": float("nan")})
    Traceback (most recent call last):
    RuntimeError: the loss is nan at batch 7...
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Stop training, or raise an error, if the loss is NaN or infinite.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, losses and metrics by name, averages over the epoch so far; None.
        """
        loss = (logs or {}).get("loss")
        if loss is None or (math.isfinite(loss) if isinstance(loss, float) else bool(np.all(np.isfinite(loss)))):
            return
        if self.raise_error:
            raise RuntimeError(
                f"the loss is {loss} at batch {batch}\n"
                "  fix: a smaller learning rate, clipnorm in the optimizer, or look for NaN in the data"
            )
        say(f"Batch {batch}: the loss is {loss}, training ends")
        self.model.stop_training = True
