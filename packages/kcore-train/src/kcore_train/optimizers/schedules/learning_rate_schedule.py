"""The base of learning rate schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kcore_ops.errors import ArgumentError

__all__ = ["LearningRateSchedule"]


class LearningRateSchedule:
    """A learning rate as a function of the number of updates so far. A subclass defines `__call__` and `get_config`.

    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 ** float(step)
    >>> Halving()(2)
    0.25
    """

    def __call__(self, step: Any) -> Any:
        """Give the learning rate at a step, a scalar; by ops, for it runs inside compiled steps."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__")

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it.

        Raises:
            ArgumentError: unless the class defines it.
        """
        name = type(self).__name__
        raise ArgumentError(f"{name} has no get_config", fix=f"define {name}.get_config")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Make one from what `get_config` gave."""
        return cls(**config)
