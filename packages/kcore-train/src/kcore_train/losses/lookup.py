"""Losses by name, as plain data, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from kcore_layers.serialization.objects import deserialize_keras_object, resolve, serialize_keras_object

from kcore_train.losses.loss import Loss

__all__ = ["deserialize", "get", "serialize"]

AnyLoss: TypeAlias = Loss | Callable[..., Any]
LossIdentifier: TypeAlias = str | Mapping[str, Any] | type[Loss] | AnyLoss | None


def get(identifier: LossIdentifier) -> Any:
    """Return the loss meant by a name, saved data, a class, or a loss or function itself; None for None.

    Args:
        identifier: str, dict, class, loss, function or None, the name of a loss, what `serialize` returned, a class, or
            the loss itself.

    Raises:
        ArgumentError: if there is none, with names that are like it.

    >>> get("mse").__name__, get("Huber").name
    ('mean_squared_error', 'huber_loss')
    """
    return resolve(identifier, "loss", "keras.losses")


def serialize(loss: AnyLoss) -> Any:
    """Return a loss as plain data.

    Args:
        loss: `Loss` or function, the loss.

    >>> from kcore_train.losses.regression import MeanSquaredError
    >>> serialize(MeanSquaredError())["class_name"]
    'MeanSquaredError'
    """
    return serialize_keras_object(loss)


def deserialize(name: str | dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Create a loss from plain data, or from a name.

    Args:
        name: str or dict, what `serialize` returned, or a name.
        custom_objects: dict or None, classes and functions by name, beside those that are registered, None for no
            others; None.

    Raises:
        ArgumentError: if the data is not a loss's.

    >>> deserialize({"module": "keras.losses", "class_name": "Huber", "config": {"delta": 2.0}}).get_config()["delta"]
    2.0
    """
    if isinstance(name, dict):
        return deserialize_keras_object(name, custom_objects=custom_objects)
    return (custom_objects or {}).get(name) or get(name)
