"""`RMSprop`: gradients divided by the root of the mean of their squares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor, Variable

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptions
from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["RMSprop"]


@builtin("keras.optimizers")
class RMSprop(Optimizer):
    """Divide gradients by the root of the moving mean of their squares.

    Source: Hinton (2012), "Neural networks for machine learning", lecture 6e; `centered`: Graves (2013),
    arXiv:1308.0850, eq. 38 to 45.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.001.
        rho: float, the decay of the mean of squares: the weight of the old mean at each step, in [0, 1); 0.9.
        momentum: float, the weight of the old step, in [0, 1); 0 for none; 0.0.
        epsilon: float, a small number above 0, added below the root, against division by zero; 1e-07.
        centered: bool, whether the square of the mean is subtracted from the mean of squares; False.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> RMSprop(0.1).apply([np.array([2.0], "float32")], [v])
    >>> v.numpy().round(4)
    array([0.6838], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **kwargs: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def slots_of(self, variable: Variable) -> Sequence[Sequence[str]]:
        """Return the groups of slots that a variable has: those of the options that are on.

        Args:
            variable: `Variable`, the variable.
        """
        groups = [("velocity",)]
        groups += [("momentum",)] if self.momentum > 0 else []
        groups += [("average_gradient",)] if self.centered else []
        return groups

    def update(
        self, step: Tensor, learning_rate: Tensor, gradient: Tensor, variable: Tensor, velocity: Tensor, *others: Tensor
    ) -> tuple[Tensor, ...]:
        """Compute one step.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            velocity: tensor, the mean of the squared gradients, of the shape of `variable`.
            *others: tensors, the old step with `momentum`, then the mean of the gradients with `centered`.
        """
        velocity = velocity * self.rho + gradient * gradient * (1 - self.rho)
        spread = velocity
        rest: list[Any] = []
        if self.centered:
            mean = others[-1] * self.rho + gradient * (1 - self.rho)
            spread = velocity - mean * mean
            rest = [mean]
        change = gradient * learning_rate / ops.sqrt(spread + self.epsilon)
        if self.momentum > 0:
            change = others[0] * self.momentum + change
            rest = [change, *rest]
        return variable - change, velocity, *rest

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = ("rho", "momentum", "epsilon", "centered")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
