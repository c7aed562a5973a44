"""`Lamb`: Adam with steps as large as the variables they are taken on."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptions
from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Lamb"]


@builtin("keras.optimizers")
class Lamb(Optimizer):
    """Scale Adam's step on each variable to the norm of the variable: for large batches.

    Source: You et al. (2020), arXiv:1904.00962, algorithm 2, with the norm itself for phi.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.001.
        beta_1: float, the decay of the mean of the gradients: the weight of the old mean at each step, in [0, 1); 0.9.
        beta_2: float, the decay of the mean of their squares, in [0, 1); 0.999.
        epsilon: float, a small number above 0, added to the root, against division by zero; 1e-07.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

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
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.epsilon = epsilon

    def update(
        self, step: Tensor, learning_rate: Tensor, gradient: Tensor, variable: Tensor, m: Tensor, v: Tensor
    ) -> tuple[Tensor, ...]:
        """Compute one step; `m` and `v` are the moments.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            m: tensor, the mean of the gradients before the step, of the shape of `variable`.
            v: tensor, the mean of their squares before the step, of the shape of `variable`.
        """
        m = m + (gradient - m) * (1 - self.beta_1)
        v = v + (gradient * gradient - v) * (1 - self.beta_2)
        root = ops.sqrt(v / (1 - self.beta_2**step))
        change = m / (1 - self.beta_1**step) / (root + self.epsilon)
        size, step_size = _norm(variable), _norm(change)
        are_both = ops.logical_and(size > 0, step_size > 0)
        trust = ops.where(are_both, size / ops.where(are_both, step_size, 1.0), 1.0)
        return variable - change * (learning_rate * trust), m, v

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = ("beta_1", "beta_2", "epsilon")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _norm(x: Tensor) -> Tensor:
    return ops.sqrt(ops.sum(x * x))
