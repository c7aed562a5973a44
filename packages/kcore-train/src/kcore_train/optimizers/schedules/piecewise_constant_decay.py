"""`PiecewiseConstantDecay`: one learning rate after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.optimizers.schedules.learning_rate_schedule import LearningRateSchedule, as_float

__all__ = ["PiecewiseConstantDecay"]


@builtin("keras.optimizers.schedules")
class PiecewiseConstantDecay(LearningRateSchedule):
    """Hold each of `values` up to the step that is its boundary, and the last value after all of them.

    Args:
        boundaries: sequence of floats, numbers of steps, ascending.
        values: sequence of floats, learning rates, one more than there are boundaries.
        name: str, the name; "PiecewiseConstant".

    Raises:
        ArgumentError: if the numbers do not fit, or the boundaries do not rise.

    >>> schedule = PiecewiseConstantDecay([100, 200], [0.5, 0.25, 0.125])
    >>> [schedule(step).item() for step in (0, 100, 101, 1000)]
    [0.5, 0.5, 0.25, 0.125]
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ArgumentError(
                f"{len(values)} values were given for {len(boundaries)} boundaries",
                fix="pass one value more than there are boundaries",
            ).at("PiecewiseConstantDecay")
        if list(boundaries) != sorted(boundaries):
            raise ArgumentError(f"boundaries do not rise: {list(boundaries)}", fix="sort them").at(
                "PiecewiseConstantDecay"
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate at a step.

        Args:
            step: scalar tensor or int, the number of updates so far, from 0.
        """
        x = as_float(step)
        rate = ops.cast(self.values[-1], ops.config.floatx())
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            rate = ops.where(x <= boundary, ops.cast(value, ops.config.floatx()), rate)
        return rate

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}
