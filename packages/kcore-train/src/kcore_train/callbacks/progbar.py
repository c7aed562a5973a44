"""`Progbar`: how far a loop has come."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any

import kcore_ops as ops
import numpy as np

from kcore_train.callbacks.progress_text import count_text, duration_text, step_time_text, values_text
from kcore_train.callbacks.terminal_line import TerminalLine, write_line

__all__ = ["Progbar"]


class Progbar:
    """Show how far a loop has come: a bar in a terminal, otherwise one line when it has ended.

    Args:
        target: number of steps; None if unknown.
        width: characters in the bar.
        verbose: 0 shows nothing, 1 a bar, 2 a line at the end.
        interval: seconds, at least, from one drawing to the next.
        stateful_metrics: names of values that are shown as they are; of others the average over the steps is shown.
        stateless_metrics: names of values of which the average is shown, if all others are to be shown as they are.
        unit_name: what a step is called.

    >>> bar = Progbar(4, verbose=2)
    >>> for step in range(4):
    ...     bar.add(1, [("loss", 1.0)])  # doctest: +ELLIPSIS
    4/4 - 0s - ...s/step - loss: 1.0000
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        # Name of a value to its sum and the number of steps summed.
        self._values: dict[str, tuple[float, int]] = {}
        self._seen_so_far = 0
        self._stdout: Any = None
        self._line: TerminalLine | None = None
        self._start = time.perf_counter()
        self._drawn_at = -float("inf")
        # The first step, in which functions are compiled, does not count for the time that one takes.
        self._first_step: tuple[int, float] | None = None

    def is_due(self, current: int) -> bool:
        """Note that so many steps are done, and say whether `update` would draw.

        A loop asks before it works out the values to show, which may mean waiting for the device.
        """
        if self._first_step is None:
            self._first_step = (current, time.perf_counter())
        if sys.stdout is not self._stdout:  # redirected, maybe, since the bar was made
            self._stdout = sys.stdout
            self._line = TerminalLine.on_stdout() if self.verbose == 1 else None
        return self._line is not None and time.perf_counter() - self._drawn_at >= self.interval

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Show that so many steps are done.

        Args:
            current: number of steps done.
            values: names and values. Those of the last update are shown as they are.
            finalize: whether this is the last update; None if it is once `current` has reached `target`.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            self._note(name, _number(value), current - self._seen_so_far, finalize)
        self._seen_so_far = current
        is_due = self.is_due(current)
        if self.verbose and (finalize or is_due):
            self._show(current, finalize)

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Show that `n` more steps are done."""
        self.update(self._seen_so_far + n, values)

    def _note(self, name: str, value: float, num_steps: int, finalize: bool) -> None:
        is_averaged = (
            name not in self.stateful_metrics if self.stateless_metrics is None else name in self.stateless_metrics
        )
        if finalize or not is_averaged:
            self._values[name] = (value, 1)
        else:
            total, count = self._values.get(name, (0.0, 0))
            self._values[name] = (total + value * num_steps, count + num_steps)

    def _show(self, current: int, finalize: bool) -> None:
        now = self._drawn_at = time.perf_counter()
        step_time, elapsed = self._step_time(current, now), now - self._start
        target = current if finalize and self.target is None else self.target
        count = count_text(current, target)
        pace = step_time_text(step_time, self.unit_name)
        numbers = values_text({name: total / max(steps, 1) for name, (total, steps) in self._values.items()})
        duration = f"{elapsed:.0f}s"
        if self._line is None:
            separator = " - " if self.verbose == 2 else " "
            write_line(f"{count}{separator}{duration}{separator}{pace}{numbers}")
            return
        if target is not None and not finalize:
            duration = duration_text(step_time * max(target - current, 0))  # that which is left
        done = None if target is None else 1.0 if finalize else min(current / max(target, 1), 1.0)
        self._line.draw(count, done, self.width, f"{duration} {pace}{numbers}", finalize)

    def _step_time(self, current: int, now: float) -> float:
        """Give the seconds that a step takes."""
        first, since = self._first_step or (0, self._start)
        if current > first:
            return (now - since) / (current - first)
        return (now - self._start) / max(current, 1)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, float | int) else float(np.mean(ops.convert_to_numpy(value)))
