"""`SGD`: steps down the gradient, with momentum if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from kcore_layers.serialization.registry import builtin
from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["SGD"]


@builtin("keras.optimizers")
class SGD(Optimizer):
    """Take `learning_rate` times the gradient off, or a velocity that gathers gradients.

    Source: Sutskever et al. (2013), "On the importance of initialization and momentum in deep learning".

    Args:
        learning_rate: a number, a schedule or a function.
        momentum: weight of the old velocity; 0 for none.
        nesterov: whether the gradient is taken as if one step ahead.
        **kwargs: of `Optimizer`.

    Raises:
        ArgumentError: if `momentum` is not from 0 to 1.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> SGD(0.1).apply([np.array([2.0], "float32")], [v])
    >>> v.numpy()
    array([0.8], dtype=float32)
    """

    def __init__(self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        if not isinstance(momentum, int | float | np.number) or not 0 <= momentum <= 1:
            raise ArgumentError(f"momentum can not be {momentum!r}", fix="use a number from 0 to 1").at("SGD")
        self.momentum = momentum
        self.nesterov = nesterov

    def slots_of(self, variable: Variable) -> Sequence[Sequence[str]]:
        """Give the groups of slots that a variable has: a velocity, if there is momentum."""
        return (("momentum",),) if self.momentum else ()

    def update(self, step: Any, learning_rate: Any, gradient: Any, variable: Any, *velocity: Any) -> tuple[Any, ...]:
        """Take one step."""
        if not velocity:
            return (variable - gradient * learning_rate,)
        velocity = (velocity[0] * self.momentum - gradient * learning_rate,)
        if self.nesterov:
            return variable + (velocity[0] * self.momentum - gradient * learning_rate), *velocity
        return variable + velocity[0], *velocity

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
