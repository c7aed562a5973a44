"""Metrics by name, as plain data, and back."""

from __future__ import annotations

from typing import Any

from kcore_layers.base.naming import snake_case
from kcore_layers.serialization.objects import deserialize_keras_object, resolve, serialize_keras_object
from kcore_layers.serialization.registry import names_in

__all__ = ["deserialize", "get", "serialize"]


def get(identifier: Any) -> Any:
    """Give the metric meant by a name, saved data, a class, or a metric or function itself; None for None.

    A name in snake case means the class, where there are a class and a function.

    Raises:
        ArgumentError: if there is none, with names that are like it.

    >>> get("mse"), get("binary_accuracy")
    (<MeanSquaredError name=mean_squared_error>, <BinaryAccuracy name=binary_accuracy>)
    """
    if isinstance(identifier, str):
        for name, found in names_in("keras.metrics").items():
            if isinstance(found, type) and snake_case(name) == identifier:
                identifier = found
                break
    return resolve(identifier, "metric", "keras.metrics")


def serialize(metric: Any) -> Any:
    """Give a metric as plain data.

    >>> from kcore_train.metrics.mean import Mean
    >>> serialize(Mean())["config"]
    {'name': 'mean', 'dtype': 'float32'}
    """
    return serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make a metric of plain data, or of a name.

    Raises:
        ArgumentError: if the data is not a metric's.

    >>> deserialize({"module": "keras.metrics", "class_name": "Mean", "config": {"name": "loss"}})
    <Mean name=loss>
    """
    if isinstance(config, dict):
        return deserialize_keras_object(config, custom_objects=custom_objects)
    return (custom_objects or {}).get(config) or get(config)
