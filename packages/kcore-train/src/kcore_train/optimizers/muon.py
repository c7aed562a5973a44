"""`Muon`: steps on matrices made orthogonal; Adam's for the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor, Variable

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptionsBesideDecay
from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Muon"]


@builtin("keras.optimizers")
class Muon(Optimizer):
    """Replace the momentum of each matrix by the nearest orthogonal matrix, nearly.

    Variables that are not matrices, embeddings, and those whose path matches one of `exclude_layers` are updated as
    `Adam` does.

    Source: Jordan et al. (2024), "Muon: an optimizer for hidden layers in neural networks",
    https://kellerjordan.github.io/posts/muon; `rms_rate`: Liu et al. (2025), arXiv:2502.16982, eq. 4.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.001.
        adam_beta_1: float, the `beta_1` of Adam, for the variables that it updates; 0.9.
        adam_beta_2: float, the `beta_2` of Adam; 0.999.
        adam_weight_decay: float or None, the `weight_decay` of the variables that Adam updates, None for none; 0.004.
        epsilon: float, a small number above 0, added to divisors, against division by zero; 1e-07.
        weight_decay: float or None, the fraction of each matrix, times the learning rate, subtracted at each step, None
            for none; 0.004.
        exclude_layers: sequence of strs or None, regular expressions, searched for in paths: what matches is left to
            Adam; None for none; None.
        exclude_embeddings: bool, whether variables with "embedding" in their path are left to Adam; True.
        muon_a: float, the coefficient of x in the polynomial that brings singular values near to 1; 3.4445.
        muon_b: float, the coefficient of its third power; -4.775.
        muon_c: float, the coefficient of its fifth power; 2.0315.
        adam_lr_ratio: float, the learning rate of Adam over that of Muon; 1.
        momentum: float, the weight of the old momentum, in [0, 1); 0.95.
        ns_steps: int, the number of times that the polynomial is applied; 5.
        nesterov: bool, whether the gradient is taken as if one step ahead; True.
        rms_rate: float or None, the root mean square of a step before it is multiplied by the learning rate, about;
            None for that of an orthogonal matrix; 0.2.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([[1.0, 0.0], [0.0, 1.0]])
    >>> Muon(0.1, weight_decay=0.0).apply([np.array([[5.0, 0.0], [0.0, 1.0]], "float32")], [v])
    >>> v.numpy().round(2)
    array([[0.98, 0.  ], [0.  , 0.98]], dtype=float32)
    """

    is_elementwise = False

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        *,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **kwargs: Unpack[OptimizerOptionsBesideDecay],
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)
        self.adam_beta_1, self.adam_beta_2 = adam_beta_1, adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = list(exclude_layers or ())
        self.exclude_embeddings = exclude_embeddings
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate

    def slots_of(self, variable: Variable) -> Sequence[Sequence[str]]:
        """Return the groups of slots that a variable has: Adam's two unless it is one of Muon's matrices.

        Args:
            variable: `Variable`, the variable.
        """
        is_embedding = self.exclude_embeddings and "embedding" in variable.path.lower()
        is_excluded = any(re.search(pattern, variable.path) for pattern in self.exclude_layers)
        if variable.ndim == 2 and not is_embedding and not is_excluded:
            return (("momentum",),)
        return (("momentum", "velocity"),)

    def update(
        self, step: Tensor, learning_rate: Tensor, gradient: Tensor, variable: Tensor, m: Tensor, *v: Tensor
    ) -> tuple[Tensor, ...]:
        """Compute one step; a variable with a velocity is Adam's.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            m: tensor, the momentum, or for Adam the mean of the gradients, of the shape of `variable`.
            *v: tensors, for Adam, the mean of their squares.
        """
        if v:
            return self._update_as_adam(step, learning_rate, gradient, variable, m, *v)
        m = m * self.momentum + gradient
        direction = gradient + m * self.momentum if self.nesterov else m
        return variable - self.lr_adjust(self.zeropower_via_newtonschulz5(direction, self.ns_steps)) * learning_rate, m

    def _update_as_adam(
        self, step: Tensor, learning_rate: Tensor, gradient: Tensor, variable: Tensor, m: Tensor, v: Tensor
    ) -> tuple[Tensor, ...]:
        root = ops.sqrt(1 - self.adam_beta_2**step)
        alpha = learning_rate * self.adam_lr_ratio * root / (1 - self.adam_beta_1**step)
        m = m + (gradient - m) * (1 - self.adam_beta_1)
        v = v + (gradient * gradient - v) * (1 - self.adam_beta_2)
        return variable - m * alpha / (ops.sqrt(v) + self.epsilon), m, v

    def _decay_all(self, variables: list[Variable], rate: Tensor) -> None:
        are_matrices = [len(self._slots[self._places[id(v)]]) == 1 for v in variables]
        for is_matrix, weight_decay in ((True, self.weight_decay), (False, self.adam_weight_decay)):
            chosen = [v for v, own in zip(variables, are_matrices, strict=True) if own is is_matrix]
            self._decay(chosen, weight_decay, rate)

    def lr_adjust(self, x: Tensor) -> Tensor:
        """Scale an orthogonal matrix to the root mean square that steps have.

        Args:
            x: tensor, an orthogonal matrix.
        """
        return x if self.rms_rate is None else x * (self.rms_rate * max(x.shape[-2:]) ** 0.5)

    def transpose_last_axis(self, X: Tensor) -> Tensor:
        """Exchange the last two axes.

        Args:
            X: tensor, a tensor of two or more axes.
        """
        return ops.swapaxes(X, -1, -2)

    def zeropower_via_newtonschulz5(self, x: Tensor, steps: int) -> Tensor:
        """Bring the singular values of a matrix near to 1, by a polynomial of the fifth degree applied `steps` times.

        They end between 0.7 and 1.2 with the default coefficients, which favour speed.

        Args:
            x: tensor, a matrix, `(..., m, n)`.
            steps: int, the number of times that the polynomial is applied.
        """
        is_tall = x.shape[-2] > x.shape[-1]
        if is_tall:
            x = self.transpose_last_axis(x)
        x = x / (ops.sqrt(ops.sum(x * x, axis=(-2, -1), keepdims=True)) + self.epsilon)
        for _ in range(steps):
            square = ops.matmul(x, self.transpose_last_axis(x))
            x = x * self.muon_a + ops.matmul(square * self.muon_b + ops.matmul(square, square) * self.muon_c, x)
        return self.transpose_last_axis(x) if is_tall else x

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = (
            "adam_beta_1", "adam_beta_2", "adam_weight_decay", "epsilon", "exclude_layers", "exclude_embeddings",
            "muon_a", "muon_b", "muon_c", "adam_lr_ratio", "momentum", "ns_steps", "nesterov", "rms_rate",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
