"""`Adam` and `AdamW`: steps of a size adapted to each number by the moments of its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Adam", "AdamW"]


@builtin("keras.optimizers")
class Adam(Optimizer):
    """Divide the mean of the gradients by the root of the mean of their squares.

    Source: Kingma & Ba (2015), arXiv:1412.6980, in the form given before section 2.1; `amsgrad`: Reddi et al. (2018),
    arXiv:1904.09237.

    Args:
        learning_rate: a number, a schedule or a function.
        beta_1: weight of the old mean of the gradients.
        beta_2: weight of the old mean of their squares.
        epsilon: added to the root, against division by zero.
        amsgrad: whether the largest mean of squares so far is used.
        **kwargs: of `Optimizer`.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> Adam(0.1).apply([np.array([2.0], "float32")], [v])
    >>> v.numpy().round(4)
    array([0.9], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def slots_of(self, variable: Variable) -> Sequence[Sequence[str]]:
        """Give the groups of slots that a variable has: the moments, and the largest second one with `amsgrad`."""
        return (("momentum", "velocity"), *((("velocity_hat",),) if self.amsgrad else ()))

    def update(
        self, step: Any, learning_rate: Any, gradient: Any, variable: Any, m: Any, v: Any, *top: Any
    ) -> tuple[Any, ...]:
        """Take one step; `m` and `v` are the moments."""
        alpha = learning_rate * ops.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        m = m + (gradient - m) * (1 - self.beta_1)
        v = v + (gradient * gradient - v) * (1 - self.beta_2)
        if self.amsgrad:
            top = (ops.maximum(top[0], v),)
        root = ops.sqrt(top[0] if top else v)
        return variable - m * alpha / (root + self.epsilon), m, v, *top

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        names = ("beta_1", "beta_2", "epsilon", "amsgrad")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@builtin("keras.optimizers")
class AdamW(Adam):
    """Adam with weight decay of its own, apart from the gradient.

    Source: Loshchilov & Hutter (2019), arXiv:1711.05101, algorithm 2.

    Args:
        learning_rate: a number, a schedule or a function.
        weight_decay: fraction of each variable, times the learning rate, taken off at each step.
        beta_1: as for `Adam`.
        beta_2: as for `Adam`.
        epsilon: as for `Adam`.
        amsgrad: as for `Adam`.
        **kwargs: of `Optimizer`.

    Raises:
        ArgumentError: if `weight_decay` is None.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> AdamW(0.1, weight_decay=0.5).apply([np.array([0.0], "float32")], [v])
    >>> v.numpy().round(4)
    array([0.95], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs)
        if weight_decay is None:
            raise ArgumentError("AdamW needs a weight_decay", fix="pass a number, or use Adam").at("AdamW")
