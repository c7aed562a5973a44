"""`PolynomialDecay`: a learning rate that falls to another along a power of time."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.optimizers.schedules.learning_rate_schedule import LearningRateSchedule, as_float, positive

__all__ = ["PolynomialDecay"]


@builtin("keras.optimizers.schedules")
class PolynomialDecay(LearningRateSchedule):
    """Fall from one learning rate to another: `(initial - end) * (1 - step / steps) ** power + end`.

    Args:
        initial_learning_rate: float, the learning rate at step 0.
        decay_steps: float, the number of steps to the end, above 0.
        end_learning_rate: float, the learning rate at step `decay_steps` and after it; 0.0001.
        power: float, the exponent of the fall; 1 is a straight line; 1.0.
        cycle: bool, whether, after the end, `decay_steps` counts twice, then three times, and so on: the rate leaps up
            and falls again; False.
        name: str, the name; "PolynomialDecay".

    Raises:
        ArgumentError: if `decay_steps` is not positive.

    >>> PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.5)(5)
    np.float32(0.75)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = positive(self, "decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate at a step.

        Args:
            step: scalar tensor or int, the number of updates so far, from 0.
        """
        time = as_float(step) / self.decay_steps
        part = time / ops.maximum(ops.ceil(time), 1.0) if self.cycle else ops.minimum(time, 1.0)
        return (self.initial_learning_rate - self.end_learning_rate) * (1 - part) ** self.power + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")
        return {name: getattr(self, name) for name in names}
