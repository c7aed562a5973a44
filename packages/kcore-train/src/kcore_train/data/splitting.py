"""Part of the data set aside for validation."""

from __future__ import annotations

import math
from typing import Any

import kcore_ops as ops
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.data.arrays import num_samples
from kcore_train.data.conversion import is_in_memory, to_arrays

__all__ = ["train_validation_split"]


def train_validation_split(
    arrays: tuple[Any, ...], validation_split: float
) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
    """Split arrays in two along the samples: the last ones are for validation.

    Args:
        arrays: tuple of trees of arrays, `(x,)`, `(x, y)` or `(x, y, sample_weight)`, each a tree of arrays, or None.
        validation_split: float, the fraction that is for validation, at least 0 and less than 1.

    Returns:
        Two tuples like `arrays`, of views: what comes first, for training, and the rest; None for it if the fraction
        is 0.

    Raises:
        ArgumentError: if the fraction is out of range, leaves no samples for training, or the data is not arrays.
        ShapeError: if the numbers of samples differ.

    >>> import numpy as np
    >>> train_validation_split((np.arange(4), np.arange(4)), 0.25)
    ((array([0, 1, 2]), array([0, 1, 2])), (array([3]), array([3])))
    """
    if isinstance(validation_split, bool) or not 0 <= validation_split < 1:
        raise ArgumentError(f"validation_split={validation_split!r} is not a fraction", fix="pass a number below 1")
    if not validation_split:
        return arrays, None
    if not is_in_memory(arrays[0]):
        raise ArgumentError(
            f"validation_split is for arrays, and x has type {type(arrays[0]).__name__}",
            fix="pass validation_data instead",
        )
    arrays = tuple(to_arrays(part, name) for part, name in zip(arrays, ("x", "y", "sample_weight"), strict=False))
    length = num_samples(*arrays)
    boundary = math.floor(length * (1.0 - validation_split))
    if boundary == 0:
        raise ArgumentError(
            f"validation_split={validation_split} of {length} samples leaves none for training",
            fix="pass more samples or a smaller fraction",
        )
    parts = [
        tuple(ops.tree.map_structure(lambda a, rows=rows: None if a is None else a[rows], part) for part in arrays)
        for rows in (slice(None, boundary), slice(boundary, None))
    ]
    return parts[0], parts[1]
