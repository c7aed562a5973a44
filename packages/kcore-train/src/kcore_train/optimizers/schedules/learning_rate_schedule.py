"""The base of learning rate schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kcore_ops as ops
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ArgumentError

__all__ = ["LearningRateSchedule", "as_float", "positive"]


class LearningRateSchedule:
    """Base class of learning rate schedules. A subclass defines `__call__` and `get_config`.

    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 ** float(step)
    >>> Halving()(2)
    0.25
    """

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate at a step, a scalar, by ops: it runs inside compiled steps.

        Args:
            step: scalar tensor or int, the number of updates so far, from 0.
        """
        raise NotImplementedError(f"{type(self).__name__} has no __call__")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object.

        Raises:
            ArgumentError: unless the class defines it.
        """
        name = type(self).__name__
        raise ArgumentError(f"{name} has no get_config", fix=f"define {name}.get_config")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Create an instance from what `get_config` returned.

        Args:
            config: dict, what `get_config` returned.
        """
        return cls(**config)


def as_float(step: Tensor) -> Tensor:
    """Return a step as a tensor of the default float, which learning rates are computed in.

    Args:
        step: tensor or int, a number of updates.

    >>> as_float(3)
    array(3., dtype=float32)
    """
    return ops.cast(ops.convert_to_tensor(step), ops.config.floatx())


def positive(schedule: LearningRateSchedule, name: str, value: float) -> float:
    """Return a schedule's argument, if it is above 0.

    Args:
        schedule: `LearningRateSchedule`, the schedule, to name in errors.
        name: str, the name of the argument.
        value: float, the argument.

    >>> positive(LearningRateSchedule(), "decay_steps", 0)
    Traceback (most recent call last):
    kcore_ops.foundation.errors.ArgumentError: ArgumentError in LearningRateSchedule
      decay_steps can not be 0
      fix: use a positive number
    """
    if not value > 0:
        raise ArgumentError(f"{name} can not be {value!r}", fix="use a positive number").at(type(schedule).__name__)
    return value
