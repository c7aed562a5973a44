"""`RMSprop`: gradients divided by the root of the mean of their squares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Variable

from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["RMSprop"]


@builtin("keras.optimizers")
class RMSprop(Optimizer):
    """Divide gradients by the root of the moving mean of their squares.

    Source: Hinton (2012), "Neural networks for machine learning", lecture 6e; `centered`: Graves (2013),
    arXiv:1308.0850, eq. 38 to 45.

    Args:
        learning_rate: a number, a schedule or a function.
        rho: weight of the old mean of squares.
        momentum: weight of the old step.
        epsilon: added below the root, against division by zero.
        centered: whether the square of the mean is taken off the mean of squares.
        **kwargs: of `Optimizer`.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> RMSprop(0.1).apply([np.array([2.0], "float32")], [v])
    >>> v.numpy().round(4)
    array([0.6838], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def slots_of(self, variable: Variable) -> Sequence[Sequence[str]]:
        """Give the groups of slots that a variable has: those of the options that are on."""
        groups = [("velocity",)]
        groups += [("momentum",)] if self.momentum > 0 else []
        groups += [("average_gradient",)] if self.centered else []
        return groups

    def update(
        self, step: Any, learning_rate: Any, gradient: Any, variable: Any, velocity: Any, *others: Any
    ) -> tuple[Any, ...]:
        """Take one step."""
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
        """Give the arguments that make another one like it."""
        names = ("rho", "momentum", "epsilon", "centered")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
