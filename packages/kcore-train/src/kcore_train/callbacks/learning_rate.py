"""The learning rates of a model, as callbacks read and set them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import kcore_ops as ops
from kcore_ops.foundation.errors import ArgumentError

if TYPE_CHECKING:
    from kcore_layers.models.model import Model

__all__ = ["optimizers_of", "rate_of", "rates_of", "spoken"]


def optimizers_of(model: Model) -> dict[str, Any]:
    """Return the optimizers of a model that have a learning rate, by its name in logs.

    That is `learning_rate`, or where a `MultiOptimizer` has several, `learning_rate_` and the optimizer's name.

    Args:
        model: `Model`, the model.

    Raises:
        ArgumentError: if the model has no optimizer.
    """
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        raise ArgumentError("the model has no optimizer, and so no learning rate", fix="compile it with an optimizer")
    if hasattr(optimizer, "learning_rate"):
        return {"learning_rate": optimizer}
    return {f"learning_rate_{each.name}": each for each in _with_rate(optimizer)}


def _with_rate(optimizer: Any) -> list[Any]:
    if hasattr(optimizer, "learning_rate"):
        return [optimizer]
    return [found for each in optimizer.inner_optimizers().values() for found in _with_rate(each)]


def rate_of(optimizer: Any) -> float:
    """Return the learning rate of an optimizer as a number.

    Args:
        optimizer: `Optimizer`, the optimizer.
    """
    return float(ops.convert_to_numpy(optimizer.learning_rate))


def rates_of(model: Model) -> dict[str, float]:
    """Return the learning rates of a model as numbers, by their names in logs.

    Args:
        model: `Model`, the model.

    Raises:
        ArgumentError: if the model has no optimizer.
    """
    return {name: rate_of(optimizer) for name, optimizer in optimizers_of(model).items()}


def spoken(name: str) -> str:
    """Return the name of a learning rate in logs as messages say it: "learning rate of adam".

    Args:
        name: str, the name in logs.
    """
    of = name.removeprefix("learning_rate_")
    return "learning rate" if of == name else f"learning rate of {of}"
