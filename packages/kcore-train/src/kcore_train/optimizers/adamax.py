"""`Adamax`: Adam with the largest gradient in place of the mean of squares."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin

from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Adamax"]


@builtin("keras.optimizers")
class Adamax(Optimizer):
    """Divide the mean of the gradients by the largest of them, which fades.

    Source: Kingma & Ba (2015), arXiv:1412.6980, algorithm 2.

    Args:
        learning_rate: a number, a schedule or a function.
        beta_1: weight of the old mean of the gradients.
        beta_2: what is left of the old largest gradient at each step.
        epsilon: added to the largest gradient, against division by zero.
        **kwargs: of `Optimizer`.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> Adamax(0.1).apply([np.array([2.0], "float32")], [v])
    >>> v.numpy().round(4)
    array([0.9], dtype=float32)
    """

    slot_groups = (("momentum", "norm"),)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.epsilon = epsilon

    def update(self, step: Any, learning_rate: Any, gradient: Any, variable: Any, m: Any, u: Any) -> tuple[Any, ...]:
        """Take one step; `m` and `u` are those of the paper."""
        alpha = learning_rate / (1 - self.beta_1**step)
        m = m + (gradient - m) * (1 - self.beta_1)
        u = ops.maximum(u * self.beta_2, ops.abs(gradient))
        return variable - m * alpha / (u + self.epsilon), m, u

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        names = ("beta_1", "beta_2", "epsilon")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
