"""`Identity`: what goes in comes out."""

from __future__ import annotations

from typing import Any

from kcore_layers.base.layer import Layer
from kcore_layers.serialization.registry import builtin

__all__ = ["Identity"]


@builtin("keras.layers")
class Identity(Layer):
    """Give the inputs back, a tensor or a tree of them: a layer to stand in for one that is left out.

    Args:
        **kwargs: of `Layer`.

    >>> Identity()(np.array([1.0], "float32"))
    array([1.], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Give the inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return super().get_config()
