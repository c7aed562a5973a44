"""`Flatten`: all axes after the batch become one."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops import config
from kcore_ops.engine.op import Tensor
from kcore_ops.specs.shapes import size_of

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import DataFormat, LayerOptions
from kcore_layers.serialization.registry import builtin

__all__ = ["Flatten"]


@builtin("keras.layers")
class Flatten(Layer):
    """Reshape each example to one axis.

    Shapes: the input is `(batch, ...)`, the output `(batch, n)` with `n` the product of the other sizes, 1 if there are
    none. Channels that come first are put last before, so that both layouts give the same order.

    Args:
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if there is no such layout.

    >>> Flatten()(np.ones((2, 3, 4), "float32")).shape
    (2, 12)
    """

    def __init__(self, data_format: DataFormat | None = None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Tensor) -> Tensor:
        """Return a tensor of two axes, `(batch, n)`.

        Args:
            inputs: tensor `(batch, ...)`.
        """
        ndim = len(inputs.shape)
        if self.data_format == "channels_first" and ndim > 2:
            inputs = ops.transpose(inputs, (0, *range(2, ndim), 1))
        batch, *sizes = ops.shape(inputs)
        return ops.reshape(inputs, (batch, size_of(sizes)))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "data_format": self.data_format}
