"""`Wrapper`: the base of layers around another layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions, Shape
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["Wrapper"]


@builtin("keras.layers")
class Wrapper(Layer):
    """Hold another layer. Subclass it and define `call`.

    Args:
        layer: layer, the one inside.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `layer` is not a layer.

    >>> from kcore_layers.layers.core.dense import Dense
    >>> Wrapper(Dense(2)).layer.units
    2
    """

    def __init__(self, layer: Layer, **kwargs: Unpack[LayerOptions]) -> None:
        name = type(self).__name__
        if not isinstance(layer, Layer):
            raise ArgumentError(f"{layer!r} is not a layer", fix="pass a layer to wrap").at(name)
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Shape | None = None) -> None:
        """Build the layer inside.

        Args:
            input_shape: sizes of the inputs, the batch included; None if the layer inside asks for none.
        """
        if not self.layer.built:
            self.layer.build(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
            custom_objects: dict from names to classes and functions, beside those registered; None for no more.
        """
        layer = deserialize_keras_object(config["layer"], custom_objects=custom_objects)
        return super().from_config({**config, "layer": layer})
