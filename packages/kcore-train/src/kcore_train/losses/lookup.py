"""Losses by name, as plain data, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore_layers.serialization.objects import deserialize_keras_object, resolve, serialize_keras_object

from kcore_train.losses.loss import Loss

__all__ = ["deserialize", "get", "serialize"]

AnyLoss = Loss | Callable[..., Any]


def get(identifier: Any) -> Any:
    """Give the loss meant by a name, saved data, a class, or a loss or function itself; None for None.

    Raises:
        ArgumentError: if there is none, with names that are like it.

    >>> get("mse").__name__, get("Huber").name
    ('mean_squared_error', 'huber_loss')
    """
    return resolve(identifier, "loss", "keras.losses")


def serialize(loss: AnyLoss) -> Any:
    """Give a loss as plain data.

    >>> from kcore_train.losses.regression import MeanSquaredError
    >>> serialize(MeanSquaredError())["class_name"]
    'MeanSquaredError'
    """
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make a loss of plain data, or of a name.

    Raises:
        ArgumentError: if the data is not a loss's.

    >>> deserialize({"module": "keras.losses", "class_name": "Huber", "config": {"delta": 2.0}}).get_config()["delta"]
    2.0
    """
    if isinstance(name, dict):
        return deserialize_keras_object(name, custom_objects=custom_objects)
    return (custom_objects or {}).get(name) or get(name)
