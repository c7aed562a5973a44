"""Layers as plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kcore_ops.foundation.errors import ArgumentTypeError

from kcore_layers.base.layer import Layer
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object

__all__ = ["deserialize", "serialize"]


def serialize(layer: Layer) -> dict[str, Any]:
    """Return a layer as plain data: its class and its config.

    Args:
        layer: the layer.

    Raises:
        ArgumentTypeError: if it is no layer.

    >>> from kcore_layers.layers.core.dense import Dense
    >>> serialize(Dense(3))["class_name"]
    'Dense'
    """
    if not isinstance(layer, Layer):
        raise ArgumentTypeError(f"{layer!r} is not a layer", fix="pass an instance of Layer").at("layers.serialize")
    data: dict[str, Any] = serialize_keras_object(layer)
    return data


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a layer of plain data; its weights are drawn anew.

    Args:
        config: plain data, as `serialize` returns it.
        custom_objects: dict from names to classes and functions, beside those registered; None for no more.

    Raises:
        ArgumentTypeError: if it is the data of something else.
        SerializationError: if nothing can be made of it.

    >>> from kcore_layers.layers.core.dense import Dense
    >>> deserialize(serialize(Dense(3))).units
    3
    """
    found = deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(found, Layer):
        raise ArgumentTypeError(
            f"the config is that of {found!r}, which is not a layer", fix="pass what layers.serialize returned"
        ).at("layers.deserialize")
    return found
