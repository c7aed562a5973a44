"""One seed for every source of random numbers in the process."""

from __future__ import annotations

import random as python_random

import numpy as np
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.random import seeds

__all__ = ["set_random_seed"]


def set_random_seed(seed: int) -> None:
    """Start Python's, NumPy's and kcore's generators from a seed: initial weights, dropout and shuffling follow.

    Args:
        seed: an integer from 0 to 2**32 - 1.

    Raises:
        ArgumentError: if it is no such integer.

    >>> set_random_seed(1)
    """
    if isinstance(seed, int | np.integer) and seed >= 2**32:
        raise ArgumentError(f"{seed} is too great a seed for NumPy", fix="use one from 0 to 2**32 - 1")
    seeds.set_seed(seed)
    python_random.seed(int(seed))
    np.random.seed(int(seed))
