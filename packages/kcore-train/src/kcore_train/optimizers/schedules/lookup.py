"""Schedules as plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kcore_layers.serialization.objects import resolve, serialize_keras_object

from kcore_train.optimizers.schedules.learning_rate_schedule import LearningRateSchedule

__all__ = ["deserialize", "serialize"]


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """Return a schedule as plain data.

    Args:
        learning_rate_schedule: `LearningRateSchedule`, the schedule.

    >>> from kcore_train.optimizers.schedules import PiecewiseConstantDecay
    >>> serialize(PiecewiseConstantDecay([5], [0.1, 0.01]))["config"]
    {'boundaries': [5], 'values': [0.1, 0.01], 'name': 'PiecewiseConstant'}
    """
    return serialize_keras_object(learning_rate_schedule)


def deserialize(
    config: Mapping[str, Any] | LearningRateSchedule, custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """Create a schedule from plain data.

    Args:
        config: dict or schedule, what `serialize` returned.
        custom_objects: dict or None, classes and functions by name, beside those that are registered, None for no
            others; None.

    Raises:
        ArgumentError: if it is not the data of a schedule.

    >>> data = {"class_name": "PiecewiseConstantDecay", "config": {"boundaries": [5], "values": [0.1, 0.01]}}
    >>> deserialize(data).boundaries
    [5]
    """
    return resolve(
        config,
        "schedule",
        "keras.optimizers.schedules",
        custom_objects,
        accepts=lambda found: isinstance(found, LearningRateSchedule),
    )
