"""`Adagrad`: gradients divided by the root of the sum of all their squares so far."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin

from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Adagrad"]


@builtin("keras.optimizers")
class Adagrad(Optimizer):
    """Divide gradients by the root of the sum of their squares since the start.

    Source: Duchi et al. (2011), "Adaptive subgradient methods for online learning and stochastic optimization", with
    the matrix of products replaced by its diagonal.

    Args:
        learning_rate: a number, a schedule or a function.
        initial_accumulator_value: what the sums of squares start from.
        epsilon: added below the root, against division by zero.
        **kwargs: of `Optimizer`.

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
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def slot_initial_value(self, slot: str) -> float:
        """Give the number that a slot is filled with at first."""
        return self.initial_accumulator_value

    def update(self, step: Any, learning_rate: Any, gradient: Any, variable: Any, total: Any) -> tuple[Any, ...]:
        """Take one step; `total` is the sum of squares."""
        total = total + gradient * gradient
        return variable - gradient * learning_rate / ops.sqrt(total + self.epsilon), total

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        names = ("initial_accumulator_value", "epsilon")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
