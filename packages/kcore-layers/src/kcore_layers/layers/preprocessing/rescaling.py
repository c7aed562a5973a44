"""`Rescaling`: a number times the input, plus a number."""

from __future__ import annotations

import numbers
from typing import Any, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops import config
from kcore_ops.engine.op import Tensor

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["Rescaling"]


@builtin("keras.layers")
class Rescaling(Layer):
    """Multiply by `scale` and add `offset`: `1 / 255` brings bytes to numbers from 0 to 1.

    Shapes: `scale` and `offset` broadcast with the input. If `config.image_data_format()` was "channels_first" when the
    layer was made, vectors have a number for each channel of `(..., channels, height, width)`. Dtype: the layer's, for
    integers too.

    Args:
        scale: number, or an array of several, for example one for each channel.
        offset: number, or an array of several; 0.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    >>> Rescaling(1 / 255)(np.array([0, 51, 255], "uint8")).round(3)
    array([0. , 0.2, 1. ], dtype=float32)
    """

    scale: Any
    offset: Any

    def __init__(self, scale: Tensor, offset: Tensor = 0.0, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self._kcore_set_untracked("scale", scale)
        self._kcore_set_untracked("offset", offset)
        self._factor, self._term = _plain(scale), _plain(offset)
        self._is_first = config.image_data_format() == "channels_first"
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return `inputs * scale + offset`.

        Args:
            inputs: tensor that `scale` and `offset` broadcast to.
        """
        x = inputs if ops.dtype(inputs) == self.compute_dtype else ops.cast(inputs, self.compute_dtype)
        y = ops.add(ops.multiply(x, self._along_channels(self._factor, x)), self._along_channels(self._term, x))
        return y if ops.dtype(y) == self.compute_dtype else ops.cast(y, self.compute_dtype)

    def _along_channels(self, value: Any, x: Any) -> Any:
        """Return a vector along the channels of images, the third axis from the end if they are first."""
        is_vector = isinstance(value, np.ndarray) and value.ndim == 1
        return value[:, None, None] if self._is_first and is_vector and len(x.shape) > 2 else value

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {"scale": serialize_keras_object(self.scale), "offset": serialize_keras_object(self.offset)}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        own: dict[str, Any] = {
            name: deserialize_keras_object(config[name]) for name in ("scale", "offset") if name in config
        }
        return super().from_config({**config, **own})


def _plain(value: Any) -> Any:
    """Return a number as a float, several as an array: what goes with the tensors of any backend."""
    if isinstance(value, numbers.Real):
        return float(value)
    array = value if isinstance(value, np.ndarray) else ops.convert_to_numpy(ops.convert_to_tensor(value))
    return array.astype("float32")
