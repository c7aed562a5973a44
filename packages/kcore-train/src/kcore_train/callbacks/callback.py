"""`Callback`: what is told when training, evaluation and prediction begin, go on and end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["BATCH_HOOKS", "HOOKS", "Callback", "Numbers"]

# Losses and metrics by name.
Numbers = Mapping[str, Any] | None

HOOKS = tuple(
    f"on_{stage}_{moment}"
    for stage in ("train", "epoch", "train_batch", "test", "test_batch", "predict", "predict_batch")
    for moment in ("begin", "end")
)
# The older names of two hooks, called where a class does not define the newer ones.
BATCH_HOOKS = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


class Callback:
    """Base of callbacks. A subclass defines the hooks it needs; the others cost nothing.

    `logs` maps names of losses and metrics to floats. That of a batch is read from the device when it is first looked
    at: a callback that looks at every batch makes each step wait for the one before.

    Attributes:
        params: what the loop was asked for: `epochs`, `steps` (None if unknown), `verbose` and `backend`.

    >>> class Shout(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(f"EPOCH {epoch}: {logs['loss']}")
    >>> Shout().on_epoch_end(0, {"loss": 0.5})
    EPOCH 0: 0.5
    """

    def __init__(self) -> None:
        self.params: Any = None
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model that is trained, or None. A callback sets its `stop_training` to end `fit`."""
        return getattr(self, "_model", None)  # a subclass may not have called __init__

    def set_params(self, params: Any) -> None:
        """Take what the loop was asked for."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model."""
        self._model = model

    def on_train_begin(self, logs: Numbers = None) -> None:
        """Hear that `fit` begins."""

    def on_train_end(self, logs: Numbers = None) -> None:
        """Hear that `fit` ends; `logs` are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Numbers = None) -> None:
        """Hear that an epoch begins; the first is number 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Hear that an epoch ends; results of the validation are in `logs` with the prefix `val_`."""

    def on_train_batch_begin(self, batch: int, logs: Numbers = None) -> None:
        """Hear that a step begins; the first of an epoch is number 0."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Numbers = None) -> None:
        """Hear that a step ends; `logs` are averages over the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Numbers = None) -> None:
        """Hear that a step begins: another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Numbers = None) -> None:
        """Hear that a step ends: another name of `on_train_batch_end`."""

    def on_test_begin(self, logs: Numbers = None) -> None:
        """Hear that `evaluate`, or the validation in `fit`, begins."""

    def on_test_end(self, logs: Numbers = None) -> None:
        """Hear that `evaluate`, or the validation in `fit`, ends."""

    def on_test_batch_begin(self, batch: int, logs: Numbers = None) -> None:
        """Hear that a batch is about to be evaluated."""

    def on_test_batch_end(self, batch: int, logs: Numbers = None) -> None:
        """Hear that a batch was evaluated."""

    def on_predict_begin(self, logs: Numbers = None) -> None:
        """Hear that `predict` begins."""

    def on_predict_end(self, logs: Numbers = None) -> None:
        """Hear that `predict` ends."""

    def on_predict_batch_begin(self, batch: int, logs: Numbers = None) -> None:
        """Hear that a batch is about to be predicted."""

    def on_predict_batch_end(self, batch: int, logs: Numbers = None) -> None:
        """Hear that a batch was predicted; `logs["outputs"]` holds the outputs."""
