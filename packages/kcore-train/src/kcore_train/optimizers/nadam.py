"""`Nadam`: Adam that looks one step of its momentum ahead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor, Variable

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptions
from kcore_train.optimizers.optimizer import Optimizer
from kcore_train.optimizers.powers import one_minus_power

__all__ = ["Nadam"]


@builtin("keras.optimizers")
class Nadam(Optimizer):
    """Take Adam's step with Nesterov's momentum, whose weight grows from `beta_1 / 2` to `beta_1`.

    Source: Dozat (2016), "Incorporating Nesterov momentum into Adam", algorithm 2, with the weights mu of its
    section 3: `mu_t = beta_1 (1 - 0.96 ** (0.004 t) / 2)`, the 0.004 left out.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.001.
        beta_1: float, the decay of the mean of the gradients: the weight of the old mean at each step, in [0, 1); 0.9.
        beta_2: float, the decay of the mean of their squares, in [0, 1); 0.999.
        epsilon: float, a small number above 0, added to the root, against division by zero; 1e-07.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0])
    >>> Nadam(0.1).apply([np.array([2.0], "float32")], [v])
    >>> v.numpy().round(4)
    array([0.8937], dtype=float32)
    """

    slot_groups = (("momentum", "velocity"),)

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
        self._product: Variable | None = None

    def build(self, variables: Iterable[Variable]) -> None:
        """Create the slots for variables, and the product of the weights so far.

        Args:
            variables: iterable of variables, the variables to train.
        """
        super().build(variables)
        if self._product is None:
            self._product = self._new_variable(1.0, ops.config.floatx(), "product")

    def _weight(self, step: Tensor) -> Tensor:
        return self.beta_1 * (1 - 0.5 * 0.96**step)

    def _product_with(self, step: Tensor) -> Tensor:
        assert self._product is not None
        return ops.cast(self._product.value, ops.dtype(step)) * self._weight(step)

    def shared(self, step: Tensor, learning_rate: Tensor) -> tuple[Tensor, ...]:
        """Return step, rate and the product of the weights up to this step.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
        """
        return step, learning_rate, self._product_with(step)

    def _update_all(self, gradients: list[Tensor], variables: list[Variable]) -> None:
        super()._update_all(gradients, variables)
        assert self._product is not None
        self._product.assign(self._product_with(self._step(ops.config.floatx())))

    def update(  # type: ignore[override]  # it takes a scalar more, by `shared`
        self,
        step: Tensor,
        learning_rate: Tensor,
        product: Tensor,
        gradient: Tensor,
        variable: Tensor,
        m: Tensor,
        v: Tensor,
    ) -> tuple[Tensor, ...]:
        """Compute one step; `m` and `v` are the moments, `product` that of the weights so far.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            product: scalar tensor, the product of the weights of the momentum up to this step.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            m: tensor, the mean of the gradients before the step, of the shape of `variable`.
            v: tensor, the mean of their squares before the step, of the shape of `variable`.
        """
        weight, next_weight = self._weight(step), self._weight(step + 1)
        of_m = learning_rate * next_weight / (1 - product * next_weight)
        of_gradient = learning_rate * (1 - weight) / (1 - product)
        m = m + (gradient - m) * (1 - self.beta_1)
        v = v + (gradient * gradient - v) * (1 - self.beta_2)
        root = ops.sqrt(v / one_minus_power(self.beta_2, step))
        return variable - (m * of_m + gradient * of_gradient) / (root + self.epsilon), m, v

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = ("beta_1", "beta_2", "epsilon")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
