"""Optimizers by name, as plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from kcore_layers.serialization.objects import names_in, resolve, serialize_keras_object

from kcore_train.optimizers.optimizer import Optimizer

__all__ = ["deserialize", "get", "serialize"]

MODULE = "keras.optimizers"

OptimizerIdentifier: TypeAlias = str | Mapping[str, Any] | type[Optimizer] | Optimizer | None


def get(identifier: OptimizerIdentifier) -> Any:
    """Return the optimizer meant by a name in any case, saved data, a class, or an optimizer itself; None for None.

    Args:
        identifier: str, dict, class, optimizer or None, the name of an optimizer, what `serialize` returned, a class,
            or the optimizer itself.

    Raises:
        ArgumentError: if there is none, with names that are like it.

    >>> get("adamw").name.startswith("adam_w")
    True
    """
    return deserialize(identifier)


def serialize(optimizer: Optimizer) -> Any:
    """Return an optimizer as plain data.

    Args:
        optimizer: `Optimizer`, the optimizer.

    >>> from kcore_train.optimizers.sgd import SGD
    >>> serialize(SGD())["class_name"]
    'SGD'
    """
    return serialize_keras_object(optimizer)


def deserialize(config: OptimizerIdentifier, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Create an optimizer from plain data, or from a name.

    Args:
        config: str, dict, class, optimizer or None, what `serialize` returned, or what `get` takes.
        custom_objects: dict or None, classes and functions by name, beside those that are registered, None for no
            others; None.

    Raises:
        ArgumentError: if it is not the data of an optimizer.

    >>> deserialize({"class_name": "SGD", "config": {"learning_rate": 0.5}}).learning_rate.numpy()
    array(0.5, dtype=float32)
    """
    if isinstance(config, str):
        config = _as_spelled(config)
    elif isinstance(config, Mapping) and isinstance(config.get("class_name"), str):
        config = {**config, "class_name": _as_spelled(config["class_name"])}
    return resolve(config, "optimizer", MODULE, custom_objects, accepts=lambda found: isinstance(found, Optimizer))


def _as_spelled(name: str) -> str:
    """Return the name of ours that is spelled the same but for its case, or the name as it is."""
    return {own.lower(): own for own in names_in(MODULE)}.get(name.lower(), name)
