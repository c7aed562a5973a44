"""Metrics by name, as plain data, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from kcore_layers.base.naming import snake_case
from kcore_layers.serialization.objects import deserialize_keras_object, resolve, serialize_keras_object
from kcore_layers.serialization.registry import names_in

from kcore_train.metrics.metric import Metric

__all__ = ["deserialize", "get", "serialize"]

AnyMetric: TypeAlias = Metric | Callable[..., Any]
MetricIdentifier: TypeAlias = str | Mapping[str, Any] | type[Metric] | AnyMetric | None


def get(identifier: MetricIdentifier) -> Any:
    """Return the metric meant by a name, saved data, a class, or a metric or function itself; None for None.

    A name in snake case means the class, where there are a class and a function.

    Args:
        identifier: str, dict, class, metric, function or None, the name of a metric, what `serialize` returned, a
            class, or the metric itself.

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


def serialize(metric: AnyMetric) -> Any:
    """Return a metric as plain data.

    Args:
        metric: `Metric` or function, the metric.

    >>> from kcore_train.metrics.mean import Mean
    >>> serialize(Mean())["config"]
    {'name': 'mean', 'dtype': 'float32'}
    """
    return serialize_keras_object(metric)


def deserialize(config: str | dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Create a metric from plain data, or from a name.

    Args:
        config: str or dict, what `serialize` returned, or a name.
        custom_objects: dict or None, classes and functions by name, beside those that are registered, None for no
            others; None.

    Raises:
        ArgumentError: if the data is not a metric's.

    >>> deserialize({"module": "keras.metrics", "class_name": "Mean", "config": {"name": "loss"}})
    <Mean name=loss>
    """
    if isinstance(config, dict):
        return deserialize_keras_object(config, custom_objects=custom_objects)
    return (custom_objects or {}).get(config) or get(config)
