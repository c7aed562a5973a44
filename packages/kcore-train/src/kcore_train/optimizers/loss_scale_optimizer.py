"""`LossScaleOptimizer`: losses scaled up so that gradients in half precision do not vanish."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin
from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["LossScaleOptimizer"]


@builtin("keras.optimizers")
class LossScaleOptimizer(Optimizer):
    """Scale the loss by a factor found along the way, and the gradients back, for another optimizer.

    A step with gradients that are not finite is left out, and halves the factor; it doubles after a number of steps
    without one.

    Source: Micikevicius et al. (2018), arXiv:1710.03740, section 3.2.

    Args:
        inner_optimizer: the optimizer that updates variables. A `loss_scale_factor` of its own has no effect here.
        initial_scale: the factor at first.
        dynamic_growth_steps: number of finite steps, one after the other, after which the factor doubles.
        name: its name.
        **kwargs: none; other arguments are the inner optimizer's.

    Raises:
        ArgumentError: if `inner_optimizer` is not an optimizer.

    >>> import numpy as np
    >>> from kcore_train.optimizers.sgd import SGD
    >>> v = Variable([1.0])
    >>> optimizer = LossScaleOptimizer(SGD(0.1), initial_scale=8.0)
    >>> optimizer.scale_loss(2.0).item()
    16.0
    >>> optimizer.apply([np.array([8.0], "float32")], [v])
    >>> optimizer.apply([np.array([np.inf], "float32")], [v])
    >>> v.numpy(), optimizer.scale_loss(1.0).item()
    (array([0.9], dtype=float32), 4.0)
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        own = type(self).__name__
        if not isinstance(inner_optimizer, Optimizer):
            raise ArgumentError(f"inner_optimizer can not be {inner_optimizer!r}", fix="pass an optimizer").at(own)
        if kwargs:
            given = ", ".join(map(repr, kwargs))
            raise ArgumentError(f"{own} has no argument {given}", fix="pass it to the inner optimizer")
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.note_part("inner_optimizer", inner_optimizer)
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        self._make_scale()

    def _make_scale(self) -> None:
        self.step_counter = self._new_variable(0, "int32", "step_counter")
        self.dynamic_scale = self._new_variable(self.initial_scale, "float32", "dynamic_scale")

    def _settle_backend(self, backend: Any) -> None:
        if backend is not self._backend:
            super()._settle_backend(backend)
            self._make_scale()

    def build(self, variables: Iterable[Variable]) -> None:
        """Build the inner optimizer."""
        variables = list(variables)
        super().build(variables)
        self.inner_optimizer.build(self.adopted(variables))

    @property
    def variables(self) -> list[Variable]:
        """Its state, then the inner optimizer's."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def iterations(self) -> Any:
        """The number of updates that the inner optimizer made."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's learning rate."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    def scale_loss(self, loss: Any) -> Any:
        """Give the loss that gradients are to be taken of: times the factor."""
        scale = self.dynamic_scale.value
        return loss * (ops.cast(scale, ops.dtype(loss)) if ops.is_tensor(loss) else scale)

    def check_finite(self, grads: Sequence[Any]) -> Any:
        """Say whether all numbers of all gradients are finite, as a scalar tensor."""
        return ops.all(ops.stack([ops.all(ops.isfinite(g)) for g in grads if g is not None]))

    def _apply_unscaled(self, gradients: list[Any], variables: list[Variable]) -> None:
        self._apply(gradients, variables)

    def _apply(self, gradients: list[Any], variables: list[Variable]) -> None:
        is_finite = self.check_finite(gradients)
        scale = self.dynamic_scale.value
        inverse = 1 / scale
        # In float32: what float16 lets vanish when it is scaled back is what the scale is for.
        scaled_back = [
            g if v.overwrite_with_gradient else ops.cast(g, "float32") * inverse
            for g, v in zip(gradients, variables, strict=True)
        ]
        self._only_if(is_finite, lambda: self.inner_optimizer._apply_unscaled(scaled_back, variables), variables)
        count = self.step_counter.value + 1
        grows = ops.logical_and(is_finite, count >= self.dynamic_growth_steps)
        factor = ops.where(is_finite, ops.where(grows, 2.0, 1.0), 0.5)
        self.step_counter.assign(ops.where(ops.logical_and(is_finite, ops.logical_not(grows)), count, 0))
        self.dynamic_scale.assign(scale * factor)

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Sequence[str] | None = None) -> None:
        """Leave variables out of the inner optimizer's weight decay."""
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Let the inner optimizer set variables to what they end as."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        """Make one from what `get_config` gave."""
        inner = deserialize_keras_object(config["inner_optimizer"], custom_objects=custom_objects)
        return cls(**{**config, "inner_optimizer": inner})
