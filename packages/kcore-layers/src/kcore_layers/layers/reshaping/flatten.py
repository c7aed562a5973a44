"""`Flatten`: all axes after the batch become one."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.serialization.registry import builtin
from kcore_ops import config
from kcore_ops.specs.shapes import size_of

__all__ = ["Flatten"]


@builtin("keras.layers")
class Flatten(Layer):
    """Lay out what belongs to each example along one axis.

    Shapes: the input is `(batch, ...)`, the output `(batch, n)` with `n` the product of the other sizes, 1 if there are
    none. Channels that come first are put last before, so that both layouts give the same order.

    Args:
        data_format: "channels_last" or "channels_first"; None is `config.image_data_format()`.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if there is no such layout.

    >>> Flatten()(np.ones((2, 3, 4), "float32")).shape
    (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """Give a tensor of two axes."""
        ndim = len(inputs.shape)
        if self.data_format == "channels_first" and ndim > 2:
            inputs = ops.transpose(inputs, (0, *range(2, ndim), 1))
        batch, *sizes = ops.shape(inputs)
        return ops.reshape(inputs, (batch, size_of(sizes)))

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), "data_format": self.data_format}
