"""`Adagrad`: gradients divided by the root of the sum of all their squares so far."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptions
from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Adagrad"]


@builtin("keras.optimizers")
class Adagrad(Optimizer):
    """Divide gradients by the root of the sum of their squares since the start.

    Source: Duchi et al. (2011), "Adaptive subgradient methods for online learning and stochastic optimization", with
    the matrix of products replaced by its diagonal.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.001.
        initial_accumulator_value: float, the initial value of the sums of squares, at least 0; 0.1.
        epsilon: float, a small number above 0, added below the root, against division by zero; 1e-07.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> Adagrad(0.1, initial_accumulator_value=0.0).apply([np.array([2.0], "float32")], [v])
    >>> v.numpy().round(4)
    array([0.9], dtype=float32)
    """

    slot_groups = (("accumulator",),)

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def slot_initial_value(self, slot: str) -> float:
        """Return the number that a slot is filled with at first.

        Args:
            slot: str, the name of the slot.
        """
        return self.initial_accumulator_value

    def update(
        self, step: Tensor, learning_rate: Tensor, gradient: Tensor, variable: Tensor, total: Tensor
    ) -> tuple[Tensor, ...]:
        """Compute one step; `total` is the sum of squares.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            total: tensor, the sum of the squared gradients so far, of the shape of `variable`.
        """
        total = total + gradient * gradient
        return variable - gradient * learning_rate / ops.sqrt(total + self.epsilon), total

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = ("initial_accumulator_value", "epsilon")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
