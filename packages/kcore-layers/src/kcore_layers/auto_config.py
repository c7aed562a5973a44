"""Configs of classes that have no `get_config`: the arguments an instance was made with, where they are plain data."""

from __future__ import annotations

import inspect
from typing import Any

from kcore_ops import dtype_policies
from kcore_ops.errors import ArgumentError

from kcore_layers.citizenship import original_class
from kcore_layers.serialization import deserialize_keras_object, serialize_keras_object

__all__ = ["config_of_arguments", "make_from_config"]


def config_of_arguments(layer: Any, base: type) -> dict[str, Any]:
    """Give the arguments of a layer whose class has no `get_config` of its own; {} for other layers.

    Raises:
        ArgumentError: if one of them is not plain data, nor an object that can be written as such.
    """
    cls = original_class(type(layer))
    if any("get_config" in each.__dict__ for each in _classes_up_to(cls, base)):
        return {}
    args, kwargs = layer._kcore_arguments
    try:
        bound = inspect.signature(cls.__init__).bind(layer, *args, **kwargs)  # type: ignore[misc]
    except TypeError:
        return {}
    values = dict(list(bound.arguments.items())[1:])
    values = {**{k: v for k, v in values.items() if k not in ("args", "kwargs")}, **values.get("kwargs", {})}
    config = {}
    for name, value in values.items():
        if name in ("name", "trainable", "dtype"):
            continue
        try:
            config[name] = serialize_keras_object(value)
        except (TypeError, ValueError) as error:
            raise ArgumentError(
                f"{cls.__name__} has no get_config, and its argument {name} is no plain data: a {type(value).__name__}",
                fix=f"define {cls.__name__}.get_config, giving all arguments of __init__",
            ) from error
    return config


def _classes_up_to(cls: type, base: type) -> list[type]:
    return [each for each in cls.__mro__ if issubclass(each, base) and each is not base]


# What Keras 3.15 writes in the configs of some layers, and null where it does not apply.
_KERAS_ONLY = ("quantization_config",)


def make_from_config(cls: type, config: dict[str, Any]) -> Any:
    """Call a class with the arguments of a config.

    Raises:
        ArgumentError: if it does not take them.
    """
    known = inspect.signature(cls).parameters
    arguments = {
        name: value for name, value in config.items() if value is not None or name not in _KERAS_ONLY or name in known
    }
    if isinstance(arguments.get("dtype"), dict):
        arguments["dtype"] = dtype_policies.deserialize(arguments["dtype"])
    from kcore_layers.layer import Layer

    if not any("get_config" in each.__dict__ for each in _classes_up_to(cls, Layer)):
        arguments = {
            name: deserialize_keras_object(value) if isinstance(value, dict) and "class_name" in value else value
            for name, value in arguments.items()
        }
    try:
        return cls(**arguments)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        raise ArgumentError(
            f"{cls.__name__} can not be made of the config {config!r}: {error}",
            fix=f"let {cls.__name__}.get_config give what its __init__ takes, or define from_config",
        ) from error
