"""From the weights of classes to those of samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops import Tensor, config, dtypes
from kcore_ops.foundation.errors import ArgumentError, ShapeError

__all__ = ["class_weights_of"]


def class_weights_of(y: Tensor, class_weight: Mapping[int, float]) -> np.ndarray[Any, Any]:
    """Return the weight of the class of each sample.

    Shapes: `y` holds labels, `(n,)` or `(n, 1)`, or class probabilities (one-hot, for example), `(n, num_classes)`,
    of which the largest counts; the result is `(n,)`. Dtype: `config.floatx()`.

    Args:
        y: tensor, the targets, `(n,)`, `(n, 1)` or `(n, num_classes)`.
        class_weight: dict, from label to weight; a label that is not in it weighs 1.

    Raises:
        ArgumentError: if the targets are several, or the keys are not labels.
        ShapeError: if the targets are neither labels nor probabilities.

    >>> class_weights_of(np.array([0, 1, 2]), {0: 5.0, 1: 7.0})
    array([5., 7., 1.], dtype=float32)
    """
    known = {_label(key): float(weight) for key, weight in class_weight.items()}
    weights = np.ones(max(known, default=-1) + 1, dtypes.numpy_dtype(config.floatx()))
    weights[list(known)] = list(known.values())
    labels = _labels(y)
    is_known = (labels >= 0) & (labels < len(weights))
    if not known:
        return np.ones(labels.shape, weights.dtype)
    return np.where(is_known, weights[np.where(is_known, labels, 0)], weights.dtype.type(1))


def _label(key: Any) -> int:
    if isinstance(key, bool) or not hasattr(key, "__index__") or key.__index__() < 0:
        raise ArgumentError(f"class_weight has the key {key!r}, which is no label", fix="use labels from 0 as its keys")
    return int(key.__index__())


def _labels(y: Any) -> np.ndarray[Any, Any]:
    if y is None or isinstance(y, dict | list | tuple):
        problem = "there are no targets" if y is None else f"the targets are a {type(y).__name__} of several"
        raise ArgumentError(f"class_weight was given, but {problem}", fix="pass one array y, or use sample_weight")
    array = ops.convert_to_numpy(y)
    if array.ndim >= 2 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 2 and (array.size == 0 or 0 <= array.min() <= array.max() <= 1):
        classes: np.ndarray[Any, Any] = array.argmax(axis=-1)
        return classes
    if array.ndim != 1:
        raise ShapeError(
            f"class_weight needs labels or one-hot targets, and y, of shape {tuple(y.shape)}, is neither",
            fix="pass sample_weight instead",
        )
    return array if array.dtype.kind in "iu" else np.rint(array.astype("float64")).astype("int64")
