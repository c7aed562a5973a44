"""`InverseTimeDecay`: a learning rate that falls as one over time."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.optimizers.schedules.learning_rate_schedule import LearningRateSchedule, as_float, positive

__all__ = ["InverseTimeDecay"]


@builtin("keras.optimizers.schedules")
class InverseTimeDecay(LearningRateSchedule):
    """Divide the learning rate by a number that grows evenly: `initial / (1 + rate * step / steps)`.

    Args:
        initial_learning_rate: float, the learning rate at step 0.
        decay_steps: float, the number of steps in which the divisor grows by `decay_rate`, above 0.
        decay_rate: float, what the divisor grows by.
        staircase: bool, whether the learning rate stays the same for `decay_steps` steps, rather than changing at each
            step; False.
        name: str, the name; "InverseTimeDecay".

    Raises:
        ArgumentError: if `decay_steps` is not positive.

    >>> InverseTimeDecay(1.0, decay_steps=10, decay_rate=3.0)(10)
    np.float32(0.25)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = positive(self, "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate at a step.

        Args:
            step: scalar tensor or int, the number of updates so far, from 0.
        """
        time = as_float(step) / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * (ops.floor(time) if self.staircase else time))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")
        return {name: getattr(self, name) for name in names}
