"""`LossScaleOptimizer`: losses scaled up so that gradients in half precision do not vanish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor, Variable
from kcore_ops.backends.interface import Backend
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.optimizers.argument_types import LearningRate
from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["LossScaleOptimizer"]


@builtin("keras.optimizers")
class LossScaleOptimizer(Optimizer):
    """Scale the loss by a factor found along the way, and the gradients back, for another optimizer.

    A step with gradients that are not finite is left out, and halves the factor; it doubles after a number of steps
    without one.

    Source: Micikevicius et al. (2018), arXiv:1710.03740, section 3.2.

    Args:
        inner_optimizer: `Optimizer`, the optimizer that updates variables; a `loss_scale_factor` of its own has no
            effect here.
        initial_scale: float, the factor of the loss at first, above 0; 2.0 ** 15.
        dynamic_growth_steps: int, the number of finite steps, one after the other, after which the factor doubles;
            2000.
        name: str or None, the name, without "/", None for the class name in snake case; None.
        **kwargs: none; other arguments are those of the inner optimizer.

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
        **kwargs: object,
    ) -> None:
        own = type(self).__name__
        if not isinstance(inner_optimizer, Optimizer):
            raise ArgumentError(f"inner_optimizer can not be {inner_optimizer!r}", fix="pass an optimizer").at(own)
        if kwargs:
            given = ", ".join(map(repr, kwargs))
            raise ArgumentError(f"{own} has no argument {given}", fix="pass it to the inner optimizer")
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.add_part("inner_optimizer", inner_optimizer)
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        self._make_scale()

    def inner_optimizers(self) -> dict[str, Optimizer]:
        """Return the inner optimizer, by its name."""
        return {"inner_optimizer": self.inner_optimizer}

    def _make_scale(self) -> None:
        self.step_counter = self._new_variable(0, "int32", "step_counter")
        self.dynamic_scale = self._new_variable(self.initial_scale, "float32", "dynamic_scale")

    def _move_to_backend(self, backend: Backend) -> None:
        if backend is not self._backend:
            super()._move_to_backend(backend)
            self._make_scale()

    def build(self, variables: Iterable[Variable]) -> None:
        """Build the inner optimizer.

        Args:
            variables: iterable of variables, the variables to train.
        """
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
    def learning_rate(self, value: LearningRate) -> None:
        self.inner_optimizer.learning_rate = value

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss to differentiate: times the factor.

        Args:
            loss: scalar tensor, the loss.
        """
        scale = self.dynamic_scale.value
        return loss * (ops.cast(scale, ops.dtype(loss)) if ops.is_tensor(loss) else scale)

    def check_finite(self, grads: Sequence[Tensor | None]) -> Tensor:
        """Return whether all numbers of all gradients are finite, as a scalar tensor.

        Args:
            grads: sequence of tensors or None, the gradients, None where there is none.
        """
        return ops.all(ops.stack([ops.all(ops.isfinite(g)) for g in grads if g is not None]))

    def _apply_unscaled(self, gradients: list[Tensor], variables: list[Variable]) -> None:
        self._apply(gradients, variables)

    def _apply(self, gradients: list[Tensor], variables: list[Variable]) -> None:
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

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Create an optimizer from what `get_config` returned.

        Args:
            config: dict, what `get_config` returned.
            custom_objects: dict or None, classes and functions by name, beside those that are registered, None for no
                others; None.
        """
        inner = deserialize_keras_object(config["inner_optimizer"], custom_objects=custom_objects)
        return cls(**{**config, "inner_optimizer": inner})
