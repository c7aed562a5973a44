"""The time that the steps of a `fit` take, seen by a callback."""

from __future__ import annotations

import contextlib
import math
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import kcore_ops as ops
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.bench.job import Job, Outcome, TargetError
from kcore_train.callbacks import Callback
from kcore_train.trainer import Trainer

__all__ = ["Measured", "Stopwatch", "observed_fit"]

# Into how many stretches the steps are divided. In a stretch steps follow one another as they do in training, none of
# them waited for; the median over stretches leaves out those in which something else happened, a compilation for the
# smaller last batch of an epoch for example.
_NUM_STRETCHES = 10


class Measured(BaseException):
    """Leaves the script once its steps are timed; what it has after `fit` is not run. No `except Exception` holds it.

    Args:
        outcome: what was found.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.backend)
        self.outcome = outcome


class Stopwatch(Callback):
    """Times steps, and ends the loop when there are enough.

    Args:
        steps: how many to time.
        warm_up: how many come before.

    Attributes:
        first_step: seconds until the first step was done, or None.
        batch_size: the number of samples in the first batch, or None before it.
        stretches: seconds a step took and the number of steps, for each stretch.
    """

    def __init__(self, steps: int, warm_up: int) -> None:
        super().__init__()
        self._steps, self._warm_up = steps, warm_up
        self._length = max(1, steps // _NUM_STRETCHES)
        self._made = time.perf_counter()
        self._begun: float | None = None
        self._pending = 0
        self._position = 0
        self.num_done = 0
        self.first_step: float | None = None
        self.batch_size: int | None = None
        self.stretches: list[tuple[float, int]] = []

    @property
    def is_done(self) -> bool:
        """Whether enough steps are timed."""
        return sum(count for _, count in self.stretches) >= self._steps

    def on_train_begin(self, logs: Any = None) -> None:
        """Look at a batch for its size."""
        self.batch_size = _num_samples(self.training_run.data[0].peek())

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin anew: what lies between two epochs is no step's time."""
        self._begun, self._position = None, 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Let the time run."""
        self._run()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count the steps, of which one call may be several."""
        self._count(batch, self._smallest_weight)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Close the stretch; the results of the epoch have been read, so all of its steps are done."""
        self._close()
        self._end_if_done()

    # The same for predictions, which come from one call or several.

    def on_predict_begin(self, logs: Any = None) -> None:
        """Begin anew."""
        self._begun, self._position = None, 0

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Let the time run."""
        self._run()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count the steps."""
        outputs = ops.tree.flatten(logs["outputs"])
        self.batch_size = self.batch_size or _num_samples(outputs)
        self._count(batch, lambda: outputs[0])

    def on_predict_end(self, logs: Any = None) -> None:
        """Close the stretch."""
        self._close()

    def _run(self) -> None:
        if self._begun is None:
            self._begun = time.perf_counter()

    def _smallest_weight(self) -> Any:
        """Return what the last step has made and is read soonest."""
        return min(self.model.trainable_variables, key=lambda weight: math.prod(weight.shape), default=None)

    def _count(self, batch: int, result: Callable[[], Any]) -> None:
        """Count the steps up to one; what waits for the device is that a result of the last is read."""
        count = batch + 1 - self._position
        self._position = batch + 1
        is_first = self.num_done == 0
        self.num_done += count
        if self.num_done <= self._warm_up or is_first:
            _read(result())
            if is_first:
                self.first_step = time.perf_counter() - self._made
            self._begun = time.perf_counter()
            return
        self._pending += count
        if self._pending >= self._length:
            _read(result())
            self._close()
        self._end_if_done()

    def _close(self) -> None:
        """Note the stretch, and begin the next."""
        now = time.perf_counter()
        if self._pending and self._begun is not None:
            self.stretches.append(((now - self._begun) / self._pending, self._pending))
        self._begun, self._pending = now, 0

    def _end_if_done(self) -> None:
        if self.is_done:
            self.model.stop_training = self.model.stop_predicting = True

    def outcome(self, backend: str, measured: Any) -> Outcome:
        """Return what was found.

        Args:
            backend: the name of the backend.
            measured: "fit" or "predict".

        Raises:
            ArgumentError: if the data ended before a step was timed.
        """
        if not self.stretches:
            raise ArgumentError(
                f"the data ended after {self.num_done} steps, and the first {self._warm_up} are not timed",
                fix="pass a smaller --warm-up",
            )
        seconds = statistics.median([each for each, count in self.stretches for _ in range(count)])
        return Outcome(
            backend=backend,
            measured=measured,
            step_ms=seconds * 1000,
            samples_per_second=self.batch_size / seconds if self.batch_size else None,
            first_step_s=self.first_step,
            batch_size=self.batch_size,
            steps=sum(count for _, count in self.stretches),
        )


def _read(result: Any) -> None:
    """Wait until a tensor is there."""
    if result is not None:
        ops.convert_to_numpy(result)


def _num_samples(batch: Any) -> int | None:
    leaves = [leaf for leaf in ops.tree.flatten(batch) if leaf is not None and len(getattr(leaf, "shape", ()))]
    return int(leaves[0].shape[0]) if leaves else None


@contextlib.contextmanager
def observed_fit(job: Job) -> Iterator[None]:
    """Let the first call of `fit` in the block be timed, and leave the block by `Measured`.

    Epochs follow one another until there are steps enough. Callbacks and validations of the script are left out, for
    they would write checkpoints and logs of this run over those of a true one.

    Args:
        job: what is timed.
    """
    original = Trainer.fit

    def fit(self: Trainer, **arguments: Any) -> Any:
        if self.backend.name != job.backend:
            raise TargetError(
                f"{job.target} makes its model on the backend {self.backend.name!r} whatever KCORE_BACKEND says",
                fix="take out where it chooses the backend",
            )
        if job.batch_size is not None:
            arguments["batch_size"] = job.batch_size
        watch = Stopwatch(job.steps, job.warm_up)
        if "gradient" not in self.backend.capabilities:
            _predict(self, watch, arguments)
            outcome = watch.outcome(job.backend, "predict")
            outcome.reason = "has no gradients, so only predict is timed"
            raise Measured(outcome)
        changed = {"callbacks": [watch], "epochs": 10**9, "initial_epoch": 0, "verbose": 0, "validation_freq": 10**9}
        original(self, **{**arguments, **changed})
        raise Measured(watch.outcome(job.backend, "fit"))

    Trainer.fit = fit  # type: ignore[method-assign]
    try:
        yield
    finally:
        Trainer.fit = original  # type: ignore[method-assign]


def _predict(trainer: Trainer, watch: Stopwatch, arguments: dict[str, Any]) -> None:
    """Predict on the data of a `fit`, again and again until there are steps enough, or no more data."""
    while not watch.is_done:
        try:
            trainer.predict(
                arguments["x"], batch_size=arguments.get("batch_size"), callbacks=[watch], verbose=0,
                steps=arguments.get("steps_per_epoch"),
            )  # fmt: skip
        except ArgumentError:  # a generator that is used up
            if not watch.num_done:
                raise
            return
