"""`Adam` and `AdamW`: steps of a size adapted to each number by the moments of its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor, Variable
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptions, OptimizerOptionsBesideDecay
from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Adam", "AdamW"]


@builtin("keras.optimizers")
class Adam(Optimizer):
    """Divide the mean of the gradients by the root of the mean of their squares.

    Source: Kingma & Ba (2015), arXiv:1412.6980, in the form given before section 2.1; `amsgrad`: Reddi et al. (2018),
    arXiv:1904.09237.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.001.
        beta_1: float, the decay of the mean of the gradients: the weight of the old mean at each step, in [0, 1); 0.9.
        beta_2: float, the decay of the mean of their squares, in [0, 1); 0.999.
        epsilon: float, a small number above 0, added to the root, against division by zero; 1e-07.
        amsgrad: bool, whether to divide by the largest mean of squares so far, rather than the current one; False.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> Adam(0.1).apply([np.array([2.0], "float32")], [v])
    >>> v.numpy().round(4)
    array([0.9], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def slots_of(self, variable: Variable) -> Sequence[Sequence[str]]:
        """Return the groups of slots that a variable has: the moments, and the largest second one with `amsgrad`.

        Args:
            variable: `Variable`, the variable.
        """
        return (("momentum", "velocity"), *((("velocity_hat",),) if self.amsgrad else ()))

    def update(
        self,
        step: Tensor,
        learning_rate: Tensor,
        gradient: Tensor,
        variable: Tensor,
        m: Tensor,
        v: Tensor,
        *top: Tensor,
    ) -> tuple[Tensor, ...]:
        """Compute one step; `m` and `v` are the moments.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            m: tensor, the mean of the gradients before the step, of the shape of `variable`.
            v: tensor, the mean of their squares before the step, of the shape of `variable`.
            *top: tensors, the largest mean of squares so far, with `amsgrad`.
        """
        alpha = learning_rate * ops.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        m = m + (gradient - m) * (1 - self.beta_1)
        v = v + (gradient * gradient - v) * (1 - self.beta_2)
        if self.amsgrad:
            top = (ops.maximum(top[0], v),)
        root = ops.sqrt(top[0] if top else v)
        return variable - m * alpha / (root + self.epsilon), m, v, *top

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = ("beta_1", "beta_2", "epsilon", "amsgrad")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@builtin("keras.optimizers")
class AdamW(Adam):
    """Adam with weight decay of its own, apart from the gradient.

    Source: Loshchilov & Hutter (2019), arXiv:1711.05101, algorithm 2.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.001.
        weight_decay: float, the fraction of each variable, times the learning rate, subtracted at each step; 0.004.
        beta_1: float, the decay of the mean of the gradients: the weight of the old mean at each step, in [0, 1); 0.9.
        beta_2: float, the decay of the mean of their squares, in [0, 1); 0.999.
        epsilon: float, a small number above 0, added to the root, against division by zero; 1e-07.
        amsgrad: bool, whether to divide by the largest mean of squares so far, rather than the current one; False.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

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
        learning_rate: LearningRate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Unpack[OptimizerOptionsBesideDecay],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs)
        if weight_decay is None:
            raise ArgumentError("AdamW needs a weight_decay", fix="pass a number, or use Adam").at("AdamW")
