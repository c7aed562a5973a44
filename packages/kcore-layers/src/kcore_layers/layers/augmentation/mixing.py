"""What layers that mix images have in common: which other image each is mixed with, and in what share."""

from __future__ import annotations

import math
from typing import Any

import kcore_ops as ops

__all__ = ["along_the_batch", "mixed", "symmetric_beta"]


def symmetric_beta(numbers: Any, alpha: Any) -> Any:
    """Return beta variates, whose two parameters are the same, of numbers that are even on [0, 1).

    Args:
        numbers: tensor `(4, n)`.
        alpha: the parameter, more than 0: number, or tensor that broadcasts to `(n,)`.

    Source: Ulrich (1984), https://doi.org/10.2307/2347441, for the variate of `alpha + 1`, a ratio of gamma variates;
    what makes each of them one of `alpha` is a power of an even number (Devroye, 1986, "Non-Uniform Random Variate
    Generation", section IX.3).
    """
    first, angle, one, other = (numbers[i] for i in range(4))
    radius = ops.sqrt(1.0 - ops.power(1.0 - first, 2.0 / (2.0 * alpha + 1.0)))
    share = (1.0 + radius * ops.cos(2 * math.pi * angle)) / 2.0
    # In logarithms, as the powers of small parameters are below the least float.
    odds = ops.log(share + 1e-30) - ops.log(1.0 - share + 1e-30) + (ops.log1p(-one) - ops.log1p(-other)) / alpha
    return ops.sigmoid(odds)


def along_the_batch(parameter: Any, x: Any) -> Any:
    """Return a number for each image so that it broadcasts with what belongs to the images.

    Args:
        parameter: tensor `(batch,)`, or of more axes of size 1.
        x: tensor `(batch, ...)`.
    """
    return ops.reshape(parameter, (-1, *(1,) * (len(x.shape) - 1)))


def mixed(x: Any, order: Any, weight: Any) -> Any:
    """Return `weight` times what belongs to each image, and the rest of what belongs to another.

    Args:
        x: tensor `(batch, ...)`.
        order: int tensor `(batch,)`, the number of the other image.
        weight: tensor, one number for each image.
    """
    kind = ops.dtype(x) if "float" in ops.dtype(x) else "float32"
    x = ops.cast(x, kind)
    weight = ops.cast(along_the_batch(weight, x), kind)
    return x * weight + ops.take(x, order, axis=0) * (1.0 - weight)
