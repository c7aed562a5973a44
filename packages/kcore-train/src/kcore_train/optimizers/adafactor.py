"""`Adafactor`: adaptive steps whose mean squares are kept by rows and columns."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor, Variable
from kcore_ops.engine.call import beside

from kcore_train.optimizers.argument_types import LearningRate, OptimizerOptions
from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["Adafactor"]


@builtin("keras.optimizers")
class Adafactor(Optimizer):
    """Divide gradients by the root of their mean squares, taken as a product of rows' and columns' means.

    Steps are as large as the variables they are taken on. There is no momentum.

    Source: Shazeer & Stern (2018), arXiv:1804.04235, algorithms 4 and 5.

    Args:
        learning_rate: float, schedule, or function of no arguments, the step size; 0.001.
        beta_2_decay: float, the power of the number of the step that the weight of new squares falls with, below 0;
            -0.8.
        epsilon_1: float, a small number, added to squares of gradients; 1e-30.
        epsilon_2: float, the least size of a variable, for the size of its steps; 0.001.
        clip_threshold: float, the largest root mean square of a step, before it is multiplied by the learning rate;
            1.0.
        relative_step: bool, whether the learning rate is at most the inverse root of the number of the step; True.
        **kwargs: the other arguments of `Optimizer`: `weight_decay`, `clipnorm`, `use_ema`, `name` and so on; none.

    >>> import numpy as np
    >>> from kcore_ops import Variable
    >>> v = Variable([[1.0, 1.0]])
    >>> Adafactor(0.1).apply([np.array([[2.0, 2.0]], "float32")], [v])
    >>> v.numpy().round(4)
    array([[0.9, 0.9]], dtype=float32)
    """

    slot_groups = (("row", "column", "velocity"),)
    is_elementwise = False

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **kwargs: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1, self.epsilon_2 = epsilon_1, epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def new_slot(self, variable: Variable, slot: str) -> Variable:
        """Create a slot; rows and columns of what has none are a number that stays zero, to keep its place in files.

        Args:
            variable: `Variable`, the variable that the slot is for.
            slot: str, "row", "column" or "velocity".
        """
        if slot == "velocity":
            return super().new_slot(variable, slot)
        name, shape = f"{variable.path.replace('/', '_')}_{slot}", variable.shape
        if len(shape) < 2:
            return self._new_variable(0, "int32", name)
        reduced = shape[:-1] if slot == "row" else (*shape[:-2], shape[-1])
        with beside(variable):
            return self.add_variable(reduced, "zeros", variable._dtype, name=name)

    def update(
        self,
        step: Tensor,
        learning_rate: Tensor,
        gradient: Tensor,
        variable: Tensor,
        rows: Tensor,
        columns: Tensor,
        velocity: Tensor,
    ) -> tuple[Tensor, ...]:
        """Compute one step; the slots are mean squares: of rows, of columns, and of single numbers.

        Args:
            step: scalar tensor, the number of this step, from 1.
            learning_rate: scalar tensor, the step size.
            gradient: tensor, the gradient, of the shape of `variable`.
            variable: tensor, the value before the step.
            rows: tensor, the mean squares of the rows of a matrix; a number for what has no rows.
            columns: tensor, the mean squares of the columns, likewise.
            velocity: tensor, the mean squares of single numbers, of the shape of `variable`.
        """
        if self.relative_step:
            learning_rate = ops.minimum(learning_rate, ops.rsqrt(step))
        alpha = learning_rate * ops.maximum(_root_mean_square(variable), self.epsilon_2)
        beta = 1 - step**self.beta_2_decay
        squares = gradient * gradient + self.epsilon_1
        if len(variable.shape) >= 2:
            rows = rows * beta + ops.mean(squares, axis=-1) * (1 - beta)
            columns = columns * beta + ops.mean(squares, axis=-2) * (1 - beta)
            share = rows / ops.mean(rows, axis=-1, keepdims=True)
            velocity = ops.expand_dims(share, -1) * ops.expand_dims(columns, -2)
        else:
            velocity = velocity * beta + squares * (1 - beta)
        change = gradient / ops.sqrt(velocity)
        change = change / ops.maximum(_root_mean_square(change) / self.clip_threshold, 1.0)
        return variable - change * alpha, rows, columns, velocity

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _root_mean_square(x: Tensor) -> Tensor:
    return ops.sqrt(ops.mean(x * x))
