"""Numbers that are drawn already, where layers expect a seed: one draw for many layers."""

from __future__ import annotations

import math
from typing import Any

import kcore_ops as ops

__all__ = ["DrawnNumbers"]


class DrawnNumbers:
    """Numbers that a layer takes as if it had drawn them.

    Args:
        numbers: float32 tensor `(n, batch)`, even on [0, 1): as many for each image as the layer draws, or more.
    """

    def __init__(self, numbers: Any) -> None:
        self._numbers = numbers

    def shaped(self, shape: tuple[Any, ...]) -> Any:
        """Return the first of the numbers in a shape that holds a few for each image.

        Args:
            shape: sizes, ints, or scalar tensors where only the running graph knows.
        """
        batch = ops.shape(self._numbers)[1]
        known = math.prod(size for size in shape if isinstance(size, int))
        count = known // max(batch, 1) if isinstance(batch, int) else known
        return ops.reshape(self._numbers[:count], shape)
