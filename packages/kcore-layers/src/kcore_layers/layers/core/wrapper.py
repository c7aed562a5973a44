"""`Wrapper`: the base of layers around another layer."""

from __future__ import annotations

from typing import Any

from kcore_layers.base.layer import Layer
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin
from kcore_ops.foundation.errors import ArgumentError

__all__ = ["Wrapper"]


@builtin("keras.layers")
class Wrapper(Layer):
    """A layer that holds another one. Subclass it and define `call`.

    Args:
        layer: the layer inside.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if `layer` is not a layer.

    >>> from kcore_layers.layers.core.dense import Dense
    >>> Wrapper(Dense(2)).layer.units
    2
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        name = type(self).__name__
        if not isinstance(layer, Layer):
            raise ArgumentError(f"{layer!r} is not a layer", fix="pass a layer to wrap").at(name)
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside."""
        if not self.layer.built:
            self.layer.build(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Make one from what `get_config` gave."""
        layer = deserialize_keras_object(config["layer"], custom_objects=custom_objects)
        return super().from_config({**config, "layer": layer})
