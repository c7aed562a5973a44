"""`Adamax`: Adam with the largest gradient in place of the mean of squares."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptions
from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Adamax"]


@builtin("keras.optimizers")
class Adamax(Optimizer):
    """Divide the mean of the gradients by the largest of them, which fades.

    Source: Kingma & Ba (2015), arXiv:1412.6980, algorithm 2.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.001.
        beta_1: float, the decay of the mean of the gradients: the weight of the old mean at each step, in [0, 1); 0.9.
        beta_2: float, the decay of the largest gradient: what is left of it at each step, in [0, 1); 0.999.
        epsilon: float, a small number above 0, added to the largest gradient, against division by zero; 1e-07.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

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
        self, step: Tensor, learning_rate: Tensor, gradient: Tensor, variable: Tensor, m: Tensor, u: Tensor
    ) -> tuple[Tensor, ...]:
        """Compute one step; `m` and `u` are those of the paper.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            m: tensor, the mean of the gradients before the step, of the shape of `variable`.
            u: tensor, the largest gradient so far, decayed, of the shape of `variable`.
        """
        alpha = learning_rate / (1 - self.beta_1**step)
        m = m + (gradient - m) * (1 - self.beta_1)
        u = ops.maximum(u * self.beta_2, ops.abs(gradient))
        return variable - m * alpha / (u + self.epsilon), m, u

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = ("beta_1", "beta_2", "epsilon")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
