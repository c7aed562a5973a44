"""`ScheduleFreeAdamW`: Adam whose averaged iterates take the place of a decaying learning rate."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
import numpy as np
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptionsBesideDecay
from kcore_train.optimizers.optimizer import Optimizer
from kcore_train.optimizers.options import checked_count
from kcore_train.optimizers.powers import one_minus_power

__all__ = ["ScheduleFreeAdamW"]


@builtin("keras.optimizers")
class ScheduleFreeAdamW(Optimizer):
    """Take Adam's steps, without momentum, on `z`, and train between `z` and the average `x` of all its values.

    A variable holds `y = (1 - beta_1) z + beta_1 x`, where gradients are taken; `z` is its slot "momentum". No step
    is weighted by its learning rate in the average, and decay is of `y`, as in Keras.

    Source: Defazio et al. (2024), "The Road Less Scheduled", arXiv:2405.15682, algorithm 1.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.0025.
        beta_1: float, the share of the average in what is trained, above 0 and at most 1; 0.9.
        beta_2: float, the decay of the mean of the squared gradients: the weight of the old mean at each step, in
            [0, 1); 0.999.
        epsilon: float, a small number above 0, added to the root, against division by zero; 1e-08.
        warmup_steps: int, the number of steps in which the learning rate rises to its full size, in a line, 0 for none;
            0.
        weight_decay: float or None, the fraction of each variable, times the learning rate, subtracted at each step,
            None for none; None.
        **kwargs: the other arguments of `Optimizer`: `clipnorm`, `use_ema`, `name` and so on; none.

    Raises:
        ArgumentError: if `beta_1` is not above 0 and at most 1, or `warmup_steps` is no number of steps.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> optimizer = ScheduleFreeAdamW(0.1)
    >>> for _ in range(2):
    ...     optimizer.apply([np.array([2.0], "float32")], [v])
    >>> v.numpy().round(4)  # 0.1 * 0.8 + 0.9 * (0.9 + 0.8) / 2
    array([0.845], dtype=float32)
    """

    slot_groups = (("momentum", "velocity"),)

    def __init__(
        self,
        learning_rate: LearningRate = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        weight_decay: float | None = None,
        **kwargs: Unpack[OptimizerOptionsBesideDecay],
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)
        if not isinstance(beta_1, int | float | np.number) or not 0 < beta_1 <= 1:
            raise ArgumentError(
                f"beta_1 can not be {beta_1!r}", fix="use a number above 0 and at most 1, such as 0.9"
            ).at("ScheduleFreeAdamW")
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.epsilon = epsilon
        self.warmup_steps = checked_count(self, "warmup_steps", warmup_steps, 0)

    def slot_initial_value(self, slot: str) -> float | None:
        """Return the number that a slot is filled with at first; "momentum" begins as a copy of the variable.

        Args:
            slot: str, the name of the slot.
        """
        return None if slot == "momentum" else 0.0

    def shared(self, step: Tensor, learning_rate: Tensor) -> tuple[Tensor, ...]:
        """Return the number of the step and the learning rate, which rises in the first `warmup_steps`.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
        """
        if self.warmup_steps:
            learning_rate = learning_rate * ops.minimum(step / self.warmup_steps, 1.0)
        return step, learning_rate

    def update(
        self, step: Tensor, learning_rate: Tensor, gradient: Tensor, y: Tensor, z: Tensor, v: Tensor
    ) -> tuple[Tensor, ...]:
        """Compute one step.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of the variable.
            y: tensor, the variable before the step.
            z: tensor, what Adam steps on, before the step, of the shape of the variable.
            v: tensor, the mean of the squared gradients before the step, of the shape of the variable.
        """
        x = (y - z * (1 - self.beta_1)) / self.beta_1
        v = v + (gradient * gradient - v) * (1 - self.beta_2)
        z = z - gradient * learning_rate / (ops.sqrt(v / one_minus_power(self.beta_2, step)) + self.epsilon)
        x = x + (z - x) / step
        return z * (1 - self.beta_1) + x * self.beta_1, z, v

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = ("beta_1", "beta_2", "epsilon", "warmup_steps")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
