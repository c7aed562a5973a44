"""`TrainingRun`: where a running `fit` is, what it has found, and who is told of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from kcore_layers import Model
from kcore_ops.engine.op import Tensor

from kcore_train.callbacks import Callback, CallbackList
from kcore_train.loop.logs import Logs, as_numbers
from kcore_train.steps.compiled import CompiledSteps
from kcore_train.steps.step import Kind

__all__ = ["Run", "TrainingRun", "Verbosity", "callback_list", "final_logs"]

Verbosity = Literal["auto", 0, 1, 2]
_STOPS: dict[Kind, str] = {"train": "stop_training", "test": "stop_evaluating", "predict": "stop_predicting"}


class Run:
    """One running `evaluate` or `predict`, or one validation: how far it is, what it has found, and who is told.

    Args:
        steps: the steps of the model.
        kind: which of them it takes.
        callbacks: who is told.

    Attributes:
        position: how many batches of the epoch are done.
        logs: the results, once there are any.
    """

    def __init__(self, steps: CompiledSteps, kind: Kind, callbacks: CallbackList) -> None:
        self.steps = steps
        self.kind = kind
        self.callbacks = callbacks
        self.position = 0
        self.logs: dict[str, Any] = {}

    @property
    def model(self) -> Model:
        """The model."""
        return self.steps.setup.model

    @property
    def is_stopped(self) -> bool:
        """Whether a callback has asked it to end; what it sets is an attribute of the model."""
        return bool(getattr(self.model, _STOPS[self.kind]))

    @is_stopped.setter
    def is_stopped(self, value: bool) -> None:
        setattr(self.model, _STOPS[self.kind], value)

    @contextlib.contextmanager
    def announced(self) -> Iterator[None]:
        """Tell callbacks that the loop begins, and that it ends, whichever way it does.

        They let go of files, threads and other things then. An error of theirs does not hide the one that ended the
        loop.
        """
        begin: Callable[[], Any] = getattr(self.callbacks, f"on_{self.kind}_begin")
        end: Callable[[Mapping[str, Any]], Any] = getattr(self.callbacks, f"on_{self.kind}_end")
        begin()
        try:
            yield
        except BaseException as error:
            try:
                end(dict(self.logs))
            except Exception as another:
                error.add_note(f"as training ended, a callback failed too: {type(another).__name__}: {another}")
            raise
        end(dict(self.logs))

    def step_logs(self, results: Mapping[str, Tensor] | None) -> Logs:
        """Return the logs of a step: what it returned, or the metrics as they are when somebody looks.

        Args:
            results: what the step's function returned.
        """
        return Logs(lambda: results) if isinstance(results, Mapping) else Logs(self.steps.results)


class TrainingRun(Run):
    """One running `fit`: where it is, what it has found, and who is told of it.

    Args:
        steps: the steps of the model.
        callbacks: who is told.
        initial_epoch: the number of the first epoch.

    Attributes:
        epoch: the number of the epoch, from 0.
        position: how many batches of the epoch are done.
        logs: the results of the last epoch that ended, those of its validation among them.
    """

    def __init__(self, steps: CompiledSteps, callbacks: CallbackList, initial_epoch: int = 0) -> None:
        super().__init__(steps, "train", callbacks)
        self.epoch = initial_epoch
        self._steps_before = 0

    def begin_epoch(self, epoch: int) -> None:
        """Go to the beginning of an epoch.

        Args:
            epoch: its number, from 0.
        """
        self._steps_before += self.position
        self.epoch, self.position = epoch, 0

    @property
    def step(self) -> int:
        """How many batches are done since the run began."""
        return self._steps_before + self.position


def final_logs(compiled: CompiledSteps, results: Mapping[str, Tensor] | None) -> dict[str, Any]:
    """Return the results of an epoch, or of all batches, as numbers.

    Args:
        compiled: the steps of the model.
        results: what the last step's function returned.
    """
    return as_numbers(results if isinstance(results, Mapping) else compiled.results())


def callback_list(
    compiled: CompiledSteps,
    callbacks: Callback | Sequence[Any] | None,
    verbose: Verbosity,
    num_epochs: int,
    num_steps: int | None,
    has_history: bool = False,
) -> CallbackList:
    """Return the callbacks that a loop tells: those given, and those it adds itself.

    Args:
        compiled: the steps of the model.
        callbacks: a callback or a list of them; a `CallbackList` is taken as it is.
        verbose: 0 for no progress bar; "auto" is 1.
        num_epochs: how many epochs there are.
        num_steps: how many batches each has, or None if that is not known.
        has_history: whether a `History` is added.
    """
    if isinstance(callbacks, CallbackList):
        return callbacks
    verbose = 1 if verbose == "auto" else verbose
    return CallbackList(
        callbacks,
        add_history=has_history,
        add_progbar=verbose != 0,
        model=compiled.setup.model,
        verbose=verbose,
        epochs=num_epochs,
        steps=num_steps,
        backend=compiled.setup.backend.name,
    )
