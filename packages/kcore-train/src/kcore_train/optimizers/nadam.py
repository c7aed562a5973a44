"""`Nadam`: Adam that looks one step of its momentum ahead."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Variable

from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Nadam"]


@builtin("keras.optimizers")
class Nadam(Optimizer):
    """Take Adam's step with Nesterov's momentum, whose weight grows from `beta_1 / 2` to `beta_1`.

    Source: Dozat (2016), "Incorporating Nesterov momentum into Adam", algorithm 2, with the weights mu of its
    section 3: `mu_t = beta_1 (1 - 0.96 ** (0.004 t) / 2)`, the 0.004 left out.

    Args:
        learning_rate: a number, a schedule or a function.
        beta_1: weight of the old mean of the gradients.
        beta_2: weight of the old mean of their squares.
        epsilon: added to the root, against division by zero.
        **kwargs: of `Optimizer`.

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
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.epsilon = epsilon
        self._product: Variable | None = None

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the slots for variables, and the product of the weights so far."""
        super().build(variables)
        if self._product is None:
            self._product = self._new_variable(1.0, ops.config.floatx(), "product")

    def _weight(self, step: Any) -> Any:
        return self.beta_1 * (1 - 0.5 * 0.96**step)

    def _product_with(self, step: Any) -> Any:
        assert self._product is not None
        return ops.cast(self._product.value, ops.dtype(step)) * self._weight(step)

    def shared(self, step: Any, learning_rate: Any) -> tuple[Any, ...]:
        """Give step, rate and the product of the weights up to this step."""
        return step, learning_rate, self._product_with(step)

    def _update_all(self, gradients: list[Any], variables: list[Variable]) -> None:
        super()._update_all(gradients, variables)
        assert self._product is not None
        self._product.assign(self._product_with(self._step(ops.config.floatx())))

    def update(  # type: ignore[override]  # it takes a scalar more, by `shared`
        self, step: Any, learning_rate: Any, product: Any, gradient: Any, variable: Any, m: Any, v: Any
    ) -> tuple[Any, ...]:
        """Take one step; `m` and `v` are the moments, `product` that of the weights so far."""
        weight, next_weight = self._weight(step), self._weight(step + 1)
        of_m = learning_rate * next_weight / (1 - product * next_weight)
        of_gradient = learning_rate * (1 - weight) / (1 - product)
        m = m + (gradient - m) * (1 - self.beta_1)
        v = v + (gradient * gradient - v) * (1 - self.beta_2)
        root = ops.sqrt(v / _one_minus_power(self.beta_2, step))
        return variable - (m * of_m + gradient * of_gradient) / (root + self.epsilon), m, v

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        names = ("beta_1", "beta_2", "epsilon")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _one_minus_power(base: float, exponent: Any) -> Any:
    """Give `1 - base ** exponent`: of 1 - 0.999 in float32 the fifth digit would be wrong."""
    return -ops.expm1(exponent * math.log(base)) if base > 0 else 1.0
