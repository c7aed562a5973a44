"""`TrainingRun`: where a running `fit` is, what it has found, and who is told of it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from kcore_layers import Model
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import KcoreError

from kcore_train.callbacks import Callback, CallbackList
from kcore_train.data import DataAdapter
from kcore_train.data.random_state import set_random_state
from kcore_train.loop.logs import Logs, as_numbers
from kcore_train.loop.state import restore, state_of
from kcore_train.loop.state_file import read_state, remove_state, write_state
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
        # How many batches of the epoch callbacks have been told of, and when they are to be told of more.
        self._told = 0
        self._due = 0.0

    def begin_batches(self) -> None:
        """Count batches from the first of an epoch."""
        self.position = self._told = 0
        self._due = 0.0

    def end_batches(self, count: int, logs_of: Callable[[Any], Mapping[str, Any]], results: Any) -> bool:
        """Count batches that have ended, and tell callbacks, if one wants to hear of it now.

        Args:
            count: how many they are.
            logs_of: makes of the results what callbacks are told.
            results: what the step's function returned.

        Returns:
            Whether callbacks were told.
        """
        self.position += count
        if time.perf_counter() < self._due:
            return False
        self.tell_of_last(logs_of, results)
        self._due = self.callbacks.next_due(f"{self.kind}_batch_end")
        return True

    def tell_of_last(self, logs_of: Callable[[Any], Mapping[str, Any]], results: Any) -> None:
        """Tell callbacks of the last batch, unless they have been told.

        Args:
            logs_of: makes of the results what callbacks are told.
            results: what the step's function returned.
        """
        if self._told != self.position:
            self._told = self.position
            hook: Callable[[int, Mapping[str, Any]], Any] = getattr(self.callbacks, f"on_{self.kind}_batch_end")
            hook(self.position - 1, logs_of(results))

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

        They let go of files, threads and other things then, also where one of them fails as the loop begins. An error
        of theirs does not hide the one that ended the loop.
        """
        begin: Callable[[], Any] = getattr(self.callbacks, f"on_{self.kind}_begin")
        end: Callable[[Mapping[str, Any]], Any] = getattr(self.callbacks, f"on_{self.kind}_end")
        try:
            begin()
            yield
        except BaseException as error:
            try:
                end(dict(self.logs))
            except Exception as another:
                error.add_note(f"as training ended, a callback failed too: {type(another).__name__}: {another}")
            raise
        end(dict(self.logs))

    def step_logs(self, results: Any) -> Logs:
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
        data: what makes the batches, and for a run with validation those of that.

    Attributes:
        epoch: the number of the epoch, from 0.
        position: how many batches of the epoch are done.
        steps_before: how many batches were done before the epoch.
        is_in_epoch: whether the epoch has begun, and has not come to its end.
        is_kept: whether a callback has said, before it began, that it keeps the state.
        is_done: whether all epochs were, or training was stopped.
        logs: the results of the last epoch that ended, those of its validation among them.
    """

    def __init__(
        self,
        steps: CompiledSteps,
        callbacks: CallbackList,
        initial_epoch: int = 0,
        data: Sequence[DataAdapter] = (),
    ) -> None:
        super().__init__(steps, "train", callbacks)
        self.epoch = initial_epoch
        self.data = data
        self.steps_before = 0
        self.is_in_epoch = False
        self.is_done = False
        self.is_kept = False
        self._pending: Mapping[str, Any] | None = None
        self._asked: dict[str, str | None] = {}

    def begin_epoch(self, epoch: int) -> None:
        """Go to the beginning of an epoch.

        Args:
            epoch: its number, from 0.
        """
        self.steps_before += self.position
        self.epoch, self.is_in_epoch = epoch, True
        self.begin_batches()

    @property
    def step(self) -> int:
        """How many batches are done since the run began."""
        return self.steps_before + self.position

    # State: callbacks say when, and the loop does it, between two steps, once all of them have heard of the last.

    def state(self) -> dict[str, Any]:
        """Return all that the run is: variables as arrays by path, the epoch and place in the data, what callbacks
        remember, and where random generators are.

        In a hook, callbacks that hear of it later have not yet.
        """
        found = state_of(self)
        arrays = {name: [(path, v.numpy()) for path, v in group] for name, group in found["variables"].items()}
        return {**found, "variables": arrays}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Let the run go on from a state, as soon as the next epoch begins.

        Args:
            state: what `state` returned, of a run of the same model, data and callbacks.

        Raises:
            ArgumentError: when it is done, if the state is that of another run.
        """
        self._pending = state

    @property
    def is_resuming(self) -> bool:
        """Whether there is a state that the run will go on from."""
        return self._pending is not None

    def save(self, path: str, previous: str | None = None) -> None:
        """Write the state to a file once all callbacks have heard of the step, or the epoch, that has ended.

        Args:
            path: the file's name.
            previous: what the file before is to be called from then on; None, the default, if it is not kept.
        """
        self._asked[path] = previous

    def load(self, path: str, previous: str | None = None) -> None:
        """Let the run go on from a file, if there is one.

        Args:
            path: the file's name.
            previous: another one, for where the first is missing or damaged; None, the default, is none.

        Raises:
            ArgumentError: if a file is damaged.
        """
        self.is_kept = True
        found = [name for name in (path, previous) if name is not None and os.path.exists(name)]
        for name in found:
            try:
                self.restore(read_state(name))
                return
            except KcoreError:
                if name == found[-1]:
                    raise

    def discard(self, path: str, previous: str | None = None) -> None:
        """Remove files of the state.

        Args:
            path: the file's name.
            previous: another one; None, the default, is none.
        """
        self._asked.pop(path, None)
        for name in (path, previous):
            if name is not None:
                remove_state(name)

    def write_asked(self) -> None:
        """Write the state to the files that callbacks have asked for."""
        asked, self._asked = self._asked, {}
        for path, previous in asked.items():
            if previous is not None and os.path.exists(path):
                os.replace(path, previous)
            write_state(path, state_of(self))

    @property
    def is_asked(self) -> bool:
        """Whether a callback has asked for the state to be written."""
        return bool(self._asked)

    def first_epoch(self, initial_epoch: int) -> int:
        """Return the number of the epoch to begin or go on with; go on from the end of another, if there is a state.

        Args:
            initial_epoch: the number of the first epoch of a run that begins.
        """
        if self._pending is None:
            return initial_epoch
        if self._pending["is_in_epoch"]:
            return int(self._pending["epoch"])
        self.go_on()
        return self.epoch + 1

    def go_on(self) -> None:
        """Go on from the state, but for the generators of random numbers."""
        state = self._pending
        if state is None:
            return
        restore(self, state)
        self.epoch, self.position = state["epoch"], state["position"]
        self._told = self.position
        self.steps_before, self.is_in_epoch = state["steps_before"], state["is_in_epoch"]
        self._random, self._pending = state["random"], None

    def put_generators_back(self) -> None:
        """Put the generators of random numbers where they were, if the run went on from a state."""
        if self._random is not None:
            set_random_state(self._random)
            self._random = None

    _random: Any = None


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
