"""Orthogonal matrices, drawn without preference for any direction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.random import SeedGenerator

from kcore_layers.options.initializers.initializer import MODULE, Array, RandomInitializer, number
from kcore_layers.serialization.objects import builtin

__all__ = ["Orthogonal", "OrthogonalInitializer", "orthogonal"]


@builtin(MODULE, aliases=("OrthogonalInitializer",))
class Orthogonal(RandomInitializer):
    """Draw a matrix whose columns, or rows where they are fewer, are orthogonal to one another and of norm `gain`.

    A weight of more axes is taken as a matrix whose columns belong to its last axis.

    Args:
        gain: float, the norm; 1.
        seed: int or `SeedGenerator`, as `RandomInitializer` takes it; None.

    Raises:
        ShapeError: when called, if the weight has fewer than two axes.
    Source: Saxe et al. (2014), arXiv:1312.6120; Mezzadri (2007), arXiv:math-ph/0609050, section 5.

    >>> w = Orthogonal(seed=1)((4, 3))
    >>> np.abs(w.T @ w - np.eye(3)).max() < 1e-6
    np.True_
    """

    def __init__(self, gain: float = 1.0, seed: int | SeedGenerator | None = None) -> None:
        self.gain = number("gain", gain)
        super().__init__(seed)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Draw an array of float32 or float64.

        Args:
            rng: generator of NumPy, to draw from.
            shape: tuple of ints, sizes of the array.
            dtype: float32 or float64, of NumPy.
        """
        if len(shape) < 2:
            raise ShapeError(f"an orthogonal weight can not have the shape {shape}", fix="use it for a matrix").at(
                "Orthogonal"
            )
        num_rows, num_columns = math.prod(shape[:-1]), shape[-1]
        long, short = max(num_rows, num_columns), min(num_rows, num_columns)
        q, r = np.linalg.qr(rng.standard_normal((long, short), dtype))
        # QR leaves signs to the algorithm; with the diagonal of r made positive, q is uniformly distributed.
        q *= np.where(np.diagonal(r) < 0, -1, 1).astype(dtype)
        q *= dtype.type(self.gain)
        return np.ascontiguousarray(q.T if num_rows < num_columns else q).reshape(shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "gain": self.gain}


# Keras's other names for them.
OrthogonalInitializer = orthogonal = Orthogonal
