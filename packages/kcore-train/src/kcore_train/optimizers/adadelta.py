"""`Adadelta`: steps in the units of the variable, as large as its recent steps were."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin

from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Adadelta"]


@builtin("keras.optimizers")
class Adadelta(Optimizer):
    """Multiply gradients by the root mean square of recent steps over that of recent gradients.

    Source: Zeiler (2012), arXiv:1212.5701, algorithm 1, which has no learning rate: that is 1.

    Args:
        learning_rate: a number, a schedule or a function.
        rho: weight of the old means of squares.
        epsilon: added below the roots; the first steps come from it.
        **kwargs: of `Optimizer`.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> Adadelta(1.0, epsilon=1e-2).apply([np.array([2.0], "float32")], [v])
    >>> v.numpy().round(4)
    array([0.5636], dtype=float32)
    """

    slot_groups = (("accumulated_grad", "accumulated_delta_var"),)

    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def update(
        self, step: Any, learning_rate: Any, gradient: Any, variable: Any, squares: Any, squared_steps: Any
    ) -> tuple[Any, ...]:
        """Take one step; both slots are moving means of squares."""
        squares = squares * self.rho + gradient * gradient * (1 - self.rho)
        change = gradient * ops.sqrt(squared_steps + self.epsilon) / ops.sqrt(squares + self.epsilon)
        squared_steps = squared_steps * self.rho + change * change * (1 - self.rho)
        return variable - change * learning_rate, squares, squared_steps

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
