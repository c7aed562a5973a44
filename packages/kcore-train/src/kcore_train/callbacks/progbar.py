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
        target: int or None, the number of steps, None if it is unknown.
        width: int, the number of characters in the bar; 20.
        verbose: int, 0 to show nothing, 1 for a bar, 2 for a line at the end; 1.
        interval: float, the least time, in seconds, from one drawing to the next; 0.05.
        stateful_metrics: iterable of strs or None, names of values to show as they are; of others the average over the
            steps is shown; None for no such names; None.
        stateless_metrics: iterable of strs or None, names of values whose average is shown, with all others as they
            are; None for what `stateful_metrics` says; None.
        unit_name: str, what a step is called; "step".

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
        self._drawn_at = self._start  # what is over before it is due is drawn once, at its end
        # The first step, in which functions are compiled, does not count for the time that one takes.
        self._first_step: tuple[int, float] | None = None

    def is_due(self, current: int) -> bool:
        """Return whether `update` would draw, given that so many steps are done.

        A loop asks before it works out the values to show, which may mean waiting for the device.

        Args:
            current: int, the number of steps done.
        """
        if self._first_step is None:
            self._first_step = (current, time.perf_counter())
        if sys.stdout is not self._stdout:  # redirected, maybe, since the bar was made
            self._stdout = sys.stdout
            self._line = TerminalLine.on_stdout() if self.verbose == 1 else None
        return self._line is not None and time.perf_counter() - self._drawn_at >= self.interval

    def next_due(self) -> float:
        """Return when to ask again whether a drawing is due, as `time.perf_counter` tells the time."""
        now, due = time.perf_counter(), self._drawn_at + self.interval
        return due if due > now else now + self.interval

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Show that so many steps are done.

        Args:
            current: int, the number of steps done.
            values: iterable of pairs or None, names and values to show; those of the last update are shown as they are;
                None.
            finalize: bool or None, whether this is the last update, None for whether `current` has reached `target`;
                None.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            self._record(name, _number(value), current - self._seen_so_far, finalize)
        self._seen_so_far = current
        is_due = self.is_due(current)
        if self.verbose and (finalize or is_due):
            self._show(current, finalize)

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Show that `n` more steps are done.

        Args:
            n: int, the number of steps done since the last update.
            values: iterable of pairs or None, names and values to show; None.
        """
        self.update(self._seen_so_far + n, values)

    def _record(self, name: str, value: float, num_steps: int, finalize: bool) -> None:
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
        """Return the seconds that a step takes."""
        first, since = self._first_step or (0, self._start)
        if current > first:
            return (now - since) / (current - first)
        return (now - self._start) / max(current, 1)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, float | int) else float(np.mean(ops.convert_to_numpy(value)))
