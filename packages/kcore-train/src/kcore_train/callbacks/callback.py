"""`Callback`: what runs when training, evaluation and prediction begin, go on and end."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias

from kcore_train.callbacks.plain_state import changed_attributes, plain_attributes

if TYPE_CHECKING:
    from kcore_layers.models.model import Model

__all__ = ["BATCH_HOOKS", "HOOKS", "Callback", "Logs", "MutableLogs"]

# Losses and metrics by name; most are floats, some arrays. Those of an epoch may be added to.
Logs: TypeAlias = Mapping[str, Any]
MutableLogs: TypeAlias = MutableMapping[str, Any]

HOOKS = tuple(
    f"on_{stage}_{moment}"
    for stage in ("train", "epoch", "train_batch", "test", "test_batch", "predict", "predict_batch")
    for moment in ("begin", "end")
)
# The older names of two hooks, called where a class does not define the newer ones.
BATCH_HOOKS = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


class Callback:
    """Base class of callbacks. A subclass defines the hooks it needs; the others cost nothing.

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
        self._model: Model | None = None

    @property
    def model(self) -> Any:
        """The model that is trained, or None. A callback sets its `stop_training` to end `fit`."""
        return getattr(self, "_model", None)  # a subclass may not have called __init__

    @property
    def training_run(self) -> Any:
        """The `TrainingRun` that `fit` is, or None: its `save(path)` and `restore(state)` are for callbacks to ask."""
        return getattr(self, "_kcore_run", None)

    def set_training_run(self, run: Any) -> None:
        """Set the run, before it begins.

        Args:
            run: `TrainingRun`, the run.
        """
        self._kcore_run = run

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy has: all but the run, of which a fitted model's `history` has been told."""
        return {name: value for name, value in self.__dict__.items() if name != "_kcore_run"}

    def note_attributes(self) -> None:
        """Note what attributes are as `fit` begins, where a callback has asked for the state of the run."""
        self._kcore_before = plain_attributes(self)

    def get_state(self) -> dict[str, Any]:
        """Return what a run that is cut off needs of it to go on: numbers, strings, arrays, lists and dicts of these.

        By default its attributes that are such data and have changed since `fit` began. Define it, and `set_state`,
        where there is more, or where some of that is no state.
        """
        return changed_attributes(self, getattr(self, "_kcore_before", {}))

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, after `on_train_begin`, and in the middle of an epoch after `on_epoch_begin` too.

        Args:
            state: dict, what `get_state` returned.
        """
        for name, value in state.items():
            setattr(self, name, value)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Set what the loop was asked for, as `params`.

        Args:
            params: dict, what the loop was asked for: `epochs`, `steps`, `verbose` and `backend`.
        """
        self.params = params

    def set_model(self, model: Model) -> None:
        """Set the model that is trained.

        Args:
            model: `Model`, the model.
        """
        self._model = model

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Run when `fit` begins.

        Args:
            logs: dict or None, empty; None.
        """

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Run when `fit` ends.

        Args:
            logs: dict or None, losses and metrics of the last epoch by name; None.
        """

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Run when an epoch begins.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, empty; None.
        """

    def on_epoch_end(self, epoch: int, logs: MutableLogs | None = None) -> None:
        """Run when an epoch ends.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, losses and metrics of the epoch by name, results of the validation with the prefix
                "val_"; entries may be added; None.
        """

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run when a training step begins.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, empty; None.
        """
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run when a training step ends.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, losses and metrics by name, averages over the epoch so far; None.
        """
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run when a training step begins: an older name of `on_train_batch_begin`.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, empty; None.
        """

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run when a training step ends: an older name of `on_train_batch_end`.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, losses and metrics by name, averages over the epoch so far; None.
        """

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Run when `evaluate`, or the validation in `fit`, begins.

        Args:
            logs: dict or None, empty; None.
        """

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Run when `evaluate`, or the validation in `fit`, ends.

        Args:
            logs: dict or None, losses and metrics of the evaluation by name; None.
        """

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run when a batch is about to be evaluated.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, empty; None.
        """

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run when a batch was evaluated.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, losses and metrics by name, averages over the evaluation so far; None.
        """

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Run when `predict` begins.

        Args:
            logs: dict or None, empty; None.
        """

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Run when `predict` ends.

        Args:
            logs: dict or None, empty; None.
        """

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run when a batch is about to be predicted.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, empty; None.
        """

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run when a batch was predicted.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, `{"outputs": ...}`, the outputs for the batch; None.
        """
