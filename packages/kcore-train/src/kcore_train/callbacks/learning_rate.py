"""The learning rate of a model, as callbacks read and set it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import kcore_ops as ops
from kcore_ops.foundation.errors import ArgumentError

if TYPE_CHECKING:
    from kcore_layers.models.model import Model

__all__ = ["learning_rate_of", "set_learning_rate"]


def learning_rate_of(model: Model) -> float:
    """Return the learning rate of a model as a number.

    Args:
        model: model, `Model`, the model.

    Raises:
        ArgumentError: if the model has no optimizer.
    """
    return float(ops.convert_to_numpy(_optimizer_of(model).learning_rate))


def set_learning_rate(model: Model, value: float) -> None:
    """Set the learning rate of a model.

    Args:
        model: model, `Model`, the model.
        value: float, the learning rate, at least 0.

    Raises:
        ArgumentError: if the model has no optimizer, or one that follows a schedule of its own.
    """
    _optimizer_of(model).learning_rate = value


def _optimizer_of(model: Model) -> Any:
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        raise ArgumentError("the model has no optimizer, and so no learning rate", fix="compile it with an optimizer")
    return optimizer
