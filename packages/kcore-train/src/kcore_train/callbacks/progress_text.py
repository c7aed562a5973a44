"""How progress reads: numbers, durations, and the lines they stand in."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["count_text", "duration_text", "step_time_text", "values_text"]


def count_text(current: int, target: int | None) -> str:
    """Return how many steps are done, as text.

    Args:
        current: int, the number of steps done.
        target: int or None, the number of steps in all, None if it is unknown.

    >>> count_text(7, 23), count_text(7, None)
    (' 7/23', '      7/Unknown')
    """
    return f"{current:7d}/Unknown" if target is None else f"{current:{len(str(target))}d}/{target}"


def duration_text(seconds: float) -> str:
    """Return how long something takes, as text.

    Args:
        seconds: float, the duration, in seconds.

    >>> duration_text(59.4), duration_text(60.6), duration_text(3661)
    ('59s', '1:01', '1:01:01')
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds}s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def step_time_text(seconds: float, unit_name: str) -> str:
    """Return how long a step takes, as text.

    Args:
        seconds: float, the duration of a step, in seconds.
        unit_name: str, what a step is called.

    >>> step_time_text(2.0, "step"), step_time_text(0.012, "step"), step_time_text(5e-5, "sample")
    ('2s/step', '12ms/step', '50us/sample')
    """
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{unit_name}"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms/{unit_name}"
    return f"{seconds * 1e6:.0f}us/{unit_name}"


def values_text(values: Mapping[str, float]) -> str:
    """Return names and numbers, each after a dash, as text.

    Args:
        values: dict of floats, the numbers by name.

    >>> values_text({"accuracy": 0.9123, "loss": 1.234e-4})
    ' - accuracy: 0.9123 - loss: 1.2340e-04'
    """
    return "".join(f" - {name}: {_number_text(value)}" for name, value in values.items())


def _number_text(value: float) -> str:
    return f"{value:.4e}" if abs(value) <= 1e-3 else f"{value:.4f}"
