"""What layers that mix images have in common: which other image each is mixed with, and in what share."""

from __future__ import annotations

import math
from typing import Any

import kcore_ops as ops

__all__ = ["DIRICHLET_NUMBERS", "along_the_batch", "mixed", "symmetric_beta", "symmetric_dirichlet"]

# Of candidates for a gamma variate at most 1 in 20 is rejected, all of them once in 2e10 draws.
_CANDIDATES = 8
# How many numbers a weight of `symmetric_dirichlet` is made of.
DIRICHLET_NUMBERS = 1 + 3 * _CANDIDATES


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


def symmetric_dirichlet(numbers: Any, alpha: float) -> Any:
    """Return weights whose sum is 1, Dirichlet variates whose parameters are the same, of numbers even on [0, 1).

    Args:
        numbers: tensor `(DIRICHLET_NUMBERS, n)`.
        alpha: the parameter, more than 0.

    Source: Marsaglia and Tsang (2000), https://doi.org/10.1145/358407.358414, for the gamma variates of `alpha + 1`,
    normal ones being made by Box and Muller's way; their section 6 for those of `alpha`, whose shares of the sum are
    the weights.
    """
    radius, angle, chance = (numbers[1 + i * _CANDIDATES : 1 + (i + 1) * _CANDIDATES] for i in range(3))
    z = ops.sqrt(-2.0 * ops.log1p(-radius)) * ops.cos(2 * math.pi * angle)
    d, lowest = alpha + 2.0 / 3.0, 2.0**-20 - 1.0  # what is below is as good as never accepted
    w = ops.maximum(z / math.sqrt(9.0 * d), lowest)
    least = 0.5 * ops.square(z) + d * (3.0 * ops.log1p(w) - w * (3.0 + w * (3.0 + w)))
    accepts = ops.logical_and(ops.greater(w, lowest), ops.less(ops.log1p(-chance), least))
    first = ops.argmax(ops.cast(accepts, "int32"), axis=0, keepdims=True)
    w = ops.take_along_axis(w, first, axis=0)[0]
    # In logarithms, as the powers of small parameters are below the least float.
    return ops.softmax(3.0 * ops.log1p(w) + ops.log1p(-numbers[0]) / alpha)


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
