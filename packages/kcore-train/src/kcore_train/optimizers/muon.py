"""`Muon`: steps on matrices made orthogonal; Adam's for the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Variable

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
        learning_rate: a number, a schedule or a function.
        adam_beta_1: as `beta_1` of `Adam`.
        adam_beta_2: as `beta_2` of `Adam`.
        adam_weight_decay: as `weight_decay`, for the variables that Adam updates.
        epsilon: added to divisors, against division by zero.
        weight_decay: fraction of each matrix, times the learning rate, taken off at each step.
        exclude_layers: regular expressions, searched for in paths.
        exclude_embeddings: whether variables with "embedding" in their path are left to Adam.
        muon_a: coefficient of x in the polynomial that makes singular values 1, nearly.
        muon_b: its coefficient of the third power.
        muon_c: its coefficient of the fifth power.
        adam_lr_ratio: Adam's learning rate over Muon's.
        momentum: weight of the old momentum.
        ns_steps: number of times that the polynomial is applied.
        nesterov: whether the gradient is taken as if one step ahead.
        rms_rate: root mean square of a step before it is multiplied by the learning rate, about; None: that of an
            orthogonal matrix.
        **kwargs: of `Optimizer`.

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
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
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
        **kwargs: Any,
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
        """Give the groups of slots that a variable has: Adam's two unless it is one of Muon's matrices."""
        is_embedding = self.exclude_embeddings and "embedding" in variable.path.lower()
        is_excluded = any(re.search(pattern, variable.path) for pattern in self.exclude_layers)
        if variable.ndim == 2 and not is_embedding and not is_excluded:
            return (("momentum",),)
        return (("momentum", "velocity"),)

    def update(self, step: Any, learning_rate: Any, gradient: Any, variable: Any, m: Any, *v: Any) -> tuple[Any, ...]:
        """Take one step; a variable with a velocity is Adam's."""
        if v:
            return self._update_as_adam(step, learning_rate, gradient, variable, m, *v)
        m = m * self.momentum + gradient
        direction = gradient + m * self.momentum if self.nesterov else m
        return variable - self.lr_adjust(self.zeropower_via_newtonschulz5(direction, self.ns_steps)) * learning_rate, m

    def _update_as_adam(
        self, step: Any, learning_rate: Any, gradient: Any, variable: Any, m: Any, v: Any
    ) -> tuple[Any, ...]:
        root = ops.sqrt(1 - self.adam_beta_2**step)
        alpha = learning_rate * self.adam_lr_ratio * root / (1 - self.adam_beta_1**step)
        m = m + (gradient - m) * (1 - self.adam_beta_1)
        v = v + (gradient * gradient - v) * (1 - self.adam_beta_2)
        return variable - m * alpha / (ops.sqrt(v) + self.epsilon), m, v

    def _decay_all(self, variables: list[Variable], rate: Any) -> None:
        are_matrices = [len(self._slots[self._places[id(v)]]) == 1 for v in variables]
        for is_matrix, weight_decay in ((True, self.weight_decay), (False, self.adam_weight_decay)):
            chosen = [v for v, own in zip(variables, are_matrices, strict=True) if own is is_matrix]
            self._decay(chosen, weight_decay, rate)

    def lr_adjust(self, x: Any) -> Any:
        """Scale an orthogonal matrix to the root mean square that steps have."""
        return x if self.rms_rate is None else x * (self.rms_rate * max(x.shape[-2:]) ** 0.5)

    def transpose_last_axis(self, X: Any) -> Any:
        """Exchange the last two axes."""
        return ops.swapaxes(X, -1, -2)

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Bring the singular values of a matrix near to 1, by a polynomial of the fifth degree applied `steps` times.

        They end between 0.7 and 1.2 with the default coefficients, which favour speed.
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
        """Give the arguments that make another one like it."""
        names = (
            "adam_beta_1", "adam_beta_2", "adam_weight_decay", "epsilon", "exclude_layers", "exclude_embeddings",
            "muon_a", "muon_b", "muon_c", "adam_lr_ratio", "momentum", "ns_steps", "nesterov", "rms_rate",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
