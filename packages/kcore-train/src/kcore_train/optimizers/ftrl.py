"""`Ftrl`: follow the regularized leader, for sparse linear models."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptions
from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Ftrl"]


@builtin("keras.optimizers")
class Ftrl(Optimizer):
    """Put each variable where all gradients so far, with penalties on its size, would have it.

    Source: McMahan et al. (2013), "Ad click prediction: a view from the trenches", algorithm 1.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size, alpha in the paper; 0.001.
        learning_rate_power: float, the power of the sum of squares that the rates of single numbers fall with, at most
            0; -0.5 in the paper; -0.5.
        initial_accumulator_value: float, the initial value of the sums of squares, at least 0; 0.1.
        l1_regularization_strength: float, the penalty on absolute values, at least 0, which makes numbers exactly zero;
            0.0.
        l2_regularization_strength: float, the penalty on squares, at least 0; 0.0.
        l2_shrinkage_regularization_strength: float, the penalty on squares that is part of the gradient, at least 0;
            0.0.
        beta: float, the beta of the paper, added to the root of the sum of squares; 0.0.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

    Raises:
        ArgumentError: if `learning_rate_power` is positive, or the initial value or a strength negative.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([1.0, 0.0])
    >>> Ftrl(0.1, l1_regularization_strength=1.0).apply([np.array([9.0, 0.5], "float32")], [v])
    >>> v.numpy().round(4)
    array([0.8538, 0.    ], dtype=float32)
    """

    slot_groups = (("accumulator", "linear"),)

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **kwargs: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        if learning_rate_power > 0:
            raise ArgumentError(
                f"learning_rate_power can not be {learning_rate_power!r}", fix="use 0 or a negative number"
            ).at("Ftrl")
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = _at_least_zero("initial_accumulator_value", initial_accumulator_value)
        self.l1_regularization_strength = _at_least_zero("l1_regularization_strength", l1_regularization_strength)
        self.l2_regularization_strength = _at_least_zero("l2_regularization_strength", l2_regularization_strength)
        self.l2_shrinkage_regularization_strength = _at_least_zero(
            "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength
        )
        self.beta = beta

    def slot_initial_value(self, slot: str) -> float:
        """Return the number that a slot is filled with at first.

        Args:
            slot: str, "accumulator" or "linear".
        """
        return self.initial_accumulator_value if slot == "accumulator" else 0.0

    def update(
        self, step: Tensor, learning_rate: Tensor, gradient: Tensor, variable: Tensor, n: Tensor, z: Tensor
    ) -> tuple[Tensor, ...]:
        """Compute one step; `n` and `z` are those of the paper.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            n: tensor, the sum of the squared gradients so far, of the shape of `variable`.
            z: tensor, the z of the paper, of which the new value is made, of the shape of `variable`.
        """
        slope = gradient
        if self.l2_shrinkage_regularization_strength:
            slope = gradient + variable * (2 * self.l2_shrinkage_regularization_strength)
        old_root, n = self._root(n), n + gradient * gradient
        root = self._root(n)
        z = z + slope - (root - old_root) * variable / learning_rate
        l1 = self.l1_regularization_strength
        curvature = (root + self.beta) / learning_rate + 2 * self.l2_regularization_strength
        return (ops.clip(z, -l1, l1) - z) / curvature, n, z

    def _root(self, n: Tensor) -> Tensor:
        return ops.sqrt(n) if self.learning_rate_power == -0.5 else n**-self.learning_rate_power

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = (
            "learning_rate_power", "initial_accumulator_value", "l1_regularization_strength",
            "l2_regularization_strength", "l2_shrinkage_regularization_strength", "beta",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _at_least_zero(name: str, value: float) -> float:
    if value < 0:
        raise ArgumentError(f"{name} can not be {value!r}", fix="use 0 or a positive number").at("Ftrl")
    return value
