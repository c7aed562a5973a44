"""`MultiOptimizer`: several optimizers in one, each for some of the variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor, Variable
from kcore_ops.foundation.errors import ArgumentError, KcoreError

from kcore_train.optimizers.optimizer import Optimizer
from kcore_train.optimizers.optimizer_map import OptimizerMap

__all__ = ["MultiOptimizer"]


class NoLearningRateError(ArgumentError, AttributeError):
    """The learning rate was asked for of an optimizer that has several."""


@builtin("keras.optimizers")
class MultiOptimizer(Optimizer):
    """Update each variable by the optimizer that a map has for its path.

    Each has the learning rate, clipping, decay, averages and accumulation that it was made with, over its own
    variables; one none of whose variables has a gradient takes no step. `optimizers` lists them, as they are when the
    first variables are known.

    Args:
        optimizer_map: `OptimizerMap`, the optimizers by patterns of paths.
        loss_scale_factor: float or None, the factor that the loss is multiplied by, and gradients divided by, None for
            none; those of the optimizers in the map have no effect here; None.
        name: str or None, the name, without "/", None for the class name in snake case; None.

    Raises:
        ArgumentError: if `optimizer_map` is no `OptimizerMap`, or holds a `MultiOptimizer` or `LossScaleOptimizer`.

    >>> import numpy as np
    >>> from kcore_train.optimizers.sgd import SGD
    >>> kernel, bias = Variable([1.0], name="kernel"), Variable([1.0], name="bias")
    >>> optimizer = MultiOptimizer(OptimizerMap(SGD(0.1), {"bias": SGD(0.5)}))
    >>> optimizer.apply([np.array([1.0], "float32"), np.array([1.0], "float32")], [kernel, bias])
    >>> kernel.numpy(), bias.numpy()
    (array([0.9], dtype=float32), array([0.5], dtype=float32))
    """

    def __init__(
        self, optimizer_map: OptimizerMap, loss_scale_factor: float | None = None, name: str | None = None
    ) -> None:
        if not isinstance(optimizer_map, OptimizerMap):
            raise ArgumentError(
                f"optimizer_map can not be {optimizer_map!r}",
                fix="pass OptimizerMap(default_optimizer, {pattern: ...})",
            ).at(type(self).__name__)
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._map = optimizer_map
        # The optimizers once there are variables, and the place among them of each variable's.
        self._members: list[Optimizer] = []
        self._owners: list[int] = []
        self._mapped()

    def _mapped(self) -> list[Optimizer]:
        """Return the optimizers of the map, each once."""
        found = {id(each): each for each in (*self._map.values(), self._map.default_optimizer)}
        for each in found.values():
            if each.inner_optimizers():
                raise ArgumentError(
                    f"a {type(each).__name__} is among the optimizers of a {type(self).__name__}",
                    fix="pass the optimizers inside it; a LossScaleOptimizer takes a MultiOptimizer",
                ).at(type(self).__name__)
        return list(found.values())

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers, each once, in the order of the map, the default last."""
        return list(self._members or self._mapped())

    def inner_optimizers(self) -> dict[str, Optimizer]:
        """Return the optimizers, numbered."""
        return {f"optimizer_{i}": each for i, each in enumerate(self.optimizers)}

    def build(self, variables: Iterable[Variable]) -> None:
        """Build each optimizer with its variables.

        Args:
            variables: iterable of variables, the variables to train.

        Raises:
            ArgumentError: if several patterns match the path of a variable.
        """
        super().build(variables)
        if not self._members and self.built:
            self._members = self._mapped()
            for name, each in self.inner_optimizers().items():
                each._move_to_backend(self.backend)
                self.add_part(name, each)
        known = self._trainable_variables
        places = {id(each): i for i, each in enumerate(self._members)}
        self._owners += [places[id(self._map[v.path])] for v in known[len(self._owners) :]]
        for i, each in enumerate(self._members):
            each.build([v for v, owner in zip(known, self._owners, strict=True) if owner == i])

    @property
    def variables(self) -> list[Variable]:
        """Its state, then that of each optimizer."""
        return [*self._variables, *(v for each in self.optimizers for v in each.variables)]

    @property
    def learning_rate(self) -> NoReturn:
        """No number: each of `optimizers` has its own."""
        raise self._no_learning_rate("read")

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        raise self._no_learning_rate("set")

    def _no_learning_rate(self, done: str) -> KcoreError:
        own = type(self).__name__
        return NoLearningRateError(
            f"a {own} has no learning rate of its own to be {done}",
            fix="use that of an optimizer in it: optimizer.optimizers[0].learning_rate",
        ).at(own)

    def _apply_unscaled(self, gradients: list[Tensor], variables: list[Variable]) -> None:
        owners = [self._owners[self._places[id(v)]] for v in variables]
        for i, each in enumerate(self._members):
            pairs = [(g, v) for g, v, owner in zip(gradients, variables, owners, strict=True) if owner == i]
            if pairs:
                each._apply_unscaled([g for g, _ in pairs], [v for _, v in pairs])
        self._iterations.assign_add(1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        return {
            "optimizer_map": serialize_keras_object(self._map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Create an optimizer from what `get_config` returned.

        Args:
            config: dict, what `get_config` returned.
            custom_objects: dict or None, classes and functions by name, beside those that are registered, None for no
                others; None.
        """
        optimizer_map = deserialize_keras_object(config["optimizer_map"], custom_objects=custom_objects)
        return cls(**{**config, "optimizer_map": optimizer_map})
