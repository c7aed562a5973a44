"""`Pipeline`: layers one after the other, on data on its way to a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.data_layer import DataLayer
from kcore_layers.base.layer import Layer
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["Pipeline"]


@builtin("keras.layers")
class Pipeline(DataLayer):
    """Call layers one after the other. Each takes what the one before returns: tensors, or dicts of them.

    Args:
        layers: list of layers.
        name: str, the layer's name; None makes one up.

    Raises:
        ArgumentError: if `layers` is no list of layers.

    >>> from kcore_layers.layers.augmentation.cropping import CenterCrop
    >>> from kcore_layers.layers.augmentation.random_flip import RandomFlip
    >>> Pipeline([CenterCrop(4, 4), RandomFlip(seed=1)])(np.ones((2, 5, 6, 3))).shape
    (2, 4, 4, 3)
    """

    def __init__(self, layers: Sequence[Layer], name: str | None = None) -> None:
        super().__init__(name=name)
        if not isinstance(layers, list | tuple) or not all(isinstance(layer, Layer) for layer in layers):
            raise ArgumentError(f"layers can not be {layers!r}", fix="pass a list of layers").at("Pipeline")
        self._pipeline_layers = list(layers)

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return list(self._pipeline_layers)

    def _kcore_build_for(self, values: dict[str, Any]) -> None:
        """Build nothing: layers are built as they are reached, whatever a dict holds."""

    def call(self, inputs: Any, training: bool | None = True, mask: Any = None) -> Any:
        """Return what the last layer returns.

        Args:
            inputs: what the first layer takes.
            training: bool, whether to make random changes; True.
            mask: boolean tensor, the mask of the inputs, for the first layer if it takes one; None.
        """
        for layer in self._pipeline_layers:
            takes_mask = mask is not None and "mask" in layer._kcore_call_signature.names
            inputs = layer(inputs, training=training, **({"mask": mask} if takes_mask else {}))
            mask = None
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {"layers": [serialize_keras_object(layer) for layer in self._pipeline_layers], "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        return super().from_config({**config, "layers": [deserialize_keras_object(each) for each in config["layers"]]})
