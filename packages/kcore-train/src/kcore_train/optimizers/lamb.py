"""`Lamb`: Adam with steps as large as the variables they are taken on."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin

from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Lamb"]


@builtin("keras.optimizers")
class Lamb(Optimizer):
    """Scale Adam's step on each variable to the norm of the variable: for large batches.

    Source: You et al. (2020), arXiv:1904.00962, algorithm 2, with the norm itself for phi.

    Args:
        learning_rate: a number, a schedule or a function.
        beta_1: weight of the old mean of the gradients.
        beta_2: weight of the old mean of their squares.
        epsilon: added to the root, against division by zero.
        **kwargs: of `Optimizer`.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([3.0, 4.0])
    >>> Lamb(0.1).apply([np.array([2.0, 0.0], "float32")], [v])
    >>> v.numpy().round(4)
    array([2.5, 4. ], dtype=float32)
    """

    slot_groups = (("momentum", "velocity"),)
    is_elementwise = False

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

    def update(self, step: Any, learning_rate: Any, gradient: Any, variable: Any, m: Any, v: Any) -> tuple[Any, ...]:
        """Take one step; `m` and `v` are the moments."""
        m = m + (gradient - m) * (1 - self.beta_1)
        v = v + (gradient * gradient - v) * (1 - self.beta_2)
        root = ops.sqrt(v / (1 - self.beta_2**step))
        change = m / (1 - self.beta_1**step) / (root + self.epsilon)
        size, step_size = _norm(variable), _norm(change)
        are_both = ops.logical_and(size > 0, step_size > 0)
        trust = ops.where(are_both, size / ops.where(are_both, step_size, 1.0), 1.0)
        return variable - change * (learning_rate * trust), m, v

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        names = ("beta_1", "beta_2", "epsilon")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _norm(x: Any) -> Any:
    return ops.sqrt(ops.sum(x * x))
