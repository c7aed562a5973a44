"""`SGD`: steps down the gradient, with momentum if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor, Variable
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptions
from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["SGD"]


@builtin("keras.optimizers")
class SGD(Optimizer):
    """Subtract `learning_rate` times the gradient, or a velocity that gathers gradients.

    Source: Sutskever et al. (2013), "On the importance of initialization and momentum in deep learning".

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.01.
        momentum: float, the weight of the old velocity, in [0, 1]; 0 for none; 0.0.
        nesterov: bool, whether the gradient is taken as if one step ahead; False.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

    Raises:
        ArgumentError: if `momentum` is not from 0 to 1.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> SGD(0.1).apply([np.array([2.0], "float32")], [v])
    >>> v.numpy()
    array([0.8], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **kwargs: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        if not isinstance(momentum, int | float | np.number) or not 0 <= momentum <= 1:
            raise ArgumentError(f"momentum can not be {momentum!r}", fix="use a number from 0 to 1").at("SGD")
        self.momentum = momentum
        self.nesterov = nesterov

    def slots_of(self, variable: Variable) -> Sequence[Sequence[str]]:
        """Return the groups of slots that a variable has: a velocity, if there is momentum.

        Args:
            variable: `Variable`, the variable.
        """
        return (("momentum",),) if self.momentum else ()

    def update(
        self, step: Tensor, learning_rate: Tensor, gradient: Tensor, variable: Tensor, *velocity: Tensor
    ) -> tuple[Tensor, ...]:
        """Compute one step.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            *velocity: tensors, the velocity, with `momentum`.
        """
        if not velocity:
            return (variable - gradient * learning_rate,)
        velocity = (velocity[0] * self.momentum - gradient * learning_rate,)
        if self.nesterov:
            return variable + (velocity[0] * self.momentum - gradient * learning_rate), *velocity
        return variable + velocity[0], *velocity

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
