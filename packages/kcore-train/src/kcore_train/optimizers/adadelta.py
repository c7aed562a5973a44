"""`Adadelta`: steps in the units of the variable, as large as its recent steps were."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptions
from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Adadelta"]


@builtin("keras.optimizers")
class Adadelta(Optimizer):
    """Multiply gradients by the root mean square of recent steps over that of recent gradients.

    Source: Zeiler (2012), arXiv:1212.5701, algorithm 1, which has no learning rate: that is 1.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.001.
        rho: float, the decay of the means of squares: the weight of the old means at each step, in [0, 1); 0.95.
        epsilon: float, a small number above 0, added below the roots; the first steps come from it; 1e-07.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> Adadelta(1.0, epsilon=1e-2).apply([np.array([2.0], "float32")], [v])
    >>> v.numpy().round(4)
    array([0.5636], dtype=float32)
    """

    slot_groups = (("accumulated_grad", "accumulated_delta_var"),)

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **kwargs: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def update(
        self,
        step: Tensor,
        learning_rate: Tensor,
        gradient: Tensor,
        variable: Tensor,
        squares: Tensor,
        squared_steps: Tensor,
    ) -> tuple[Tensor, ...]:
        """Compute one step; both slots are moving means of squares.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            squares: tensor, the moving mean of the squared gradients, of the shape of `variable`.
            squared_steps: tensor, the moving mean of the squared steps, of the shape of `variable`.
        """
        squares = squares * self.rho + gradient * gradient * (1 - self.rho)
        change = gradient * ops.sqrt(squared_steps + self.epsilon) / ops.sqrt(squares + self.epsilon)
        squared_steps = squared_steps * self.rho + change * change * (1 - self.rho)
        return variable - change * learning_rate, squares, squared_steps

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
