"""`ExponentialDecay`: a learning rate multiplied by a constant again and again."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin

from kcore_train.optimizers.schedules.learning_rate_schedule import LearningRateSchedule, as_float, positive

__all__ = ["ExponentialDecay"]


@builtin("keras.optimizers.schedules")
class ExponentialDecay(LearningRateSchedule):
    """Multiply the learning rate by `decay_rate` once in `decay_steps` steps: `initial * rate ** (step / steps)`.

    Args:
        initial_learning_rate: that of step 0.
        decay_steps: number of steps in which it is multiplied by `decay_rate`.
        decay_rate: the factor.
        staircase: whether it stays the same in between.
        name: its name.

    Raises:
        ArgumentError: if `decay_steps` is not positive.

    >>> ExponentialDecay(1.0, decay_steps=10, decay_rate=0.25)(5)
    np.float32(0.5)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = positive(self, "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Give the learning rate at a step."""
        power = as_float(step) / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (ops.floor(power) if self.staircase else power)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        names = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")
        return {name: getattr(self, name) for name in names}
