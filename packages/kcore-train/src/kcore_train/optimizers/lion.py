"""`Lion`: steps of one size, in the direction of a sign."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptions
from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Lion"]


@builtin("keras.optimizers")
class Lion(Optimizer):
    """Step by the sign of the gradient mixed with its moving mean.

    All numbers move by the learning rate, so that should be three to ten times smaller than Adam's.

    Source: Chen et al. (2023), arXiv:2302.06675, algorithm 2.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.001.
        beta_1: float, the weight of the mean where its sign with the gradient is taken, above 0 and at most 1; 0.9.
        beta_2: float, the decay of the mean of the gradients, in [0, 1); 0.99.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

    Raises:
        ArgumentError: if `beta_1` is not above 0 and at most 1.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0, 1.0])
    >>> Lion(0.1).apply([np.array([2.0, -0.01], "float32")], [v])
    >>> v.numpy()
    array([0.9, 1.1], dtype=float32)
    """

    slot_groups = (("momentum",),)

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **kwargs: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        if not 0 < beta_1 <= 1:
            raise ArgumentError(f"beta_1 can not be {beta_1!r}", fix="use a number above 0 and at most 1").at("Lion")
        self.beta_1, self.beta_2 = beta_1, beta_2

    def update(
        self, step: Tensor, learning_rate: Tensor, gradient: Tensor, variable: Tensor, m: Tensor
    ) -> tuple[Tensor, ...]:
        """Compute one step; `m` is the moving mean.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            m: tensor, the mean of the gradients before the step, of the shape of `variable`.
        """
        direction = ops.sign(m * self.beta_1 + gradient * (1 - self.beta_1))
        return variable - direction * learning_rate, m * self.beta_2 + gradient * (1 - self.beta_2)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
