"""Accuracies: how often predictions are right, for each kind of labels."""

from __future__ import annotations

from numbers import Real
from typing import Any

import kcore_ops as ops
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.losses.alignment import aligned, as_float, backend_for, tensor
from kcore_train.losses.labels import check_one_hot, class_indices
from kcore_train.metrics.mean import MeanMetricWrapper
from kcore_train.metrics.metric import check_count

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def _as_floats(x: Tensor) -> Tensor:
    """Return booleans as zeros and ones."""
    return ops.cast(x, ops.config.floatx())


@builtin("keras.metrics")
def accuracy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return 1 where the target is equal to the prediction, and 0 elsewhere.

    Shapes: `y_true` and `y_pred` broadcast to the result's. Dtype: `config.floatx()`.
    Raises: `ShapeError` if the shapes do not broadcast.

    Args:
        y_true: tensor, the targets, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor, the predictions.

    >>> accuracy([1, 2, 3], [1, 2, 4])
    array([1., 1., 0.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "accuracy")
    return _as_floats(ops.equal(y_true, y_pred))


@builtin("keras.metrics")
def binary_accuracy(y_true: Tensor, y_pred: Tensor, threshold: float = 0.5) -> Tensor:
    """Return 1 where the target, 0 or 1, is whether the prediction is above the threshold, and 0 elsewhere.

    Shapes: `y_true` and `y_pred` broadcast to the result's. Dtype: `config.floatx()`.
    Raises: `ShapeError` if the shapes do not broadcast.

    Args:
        y_true: tensor of zeros and ones, the targets, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor of floats, the predictions.
        threshold: float, the threshold, in [0, 1], above which a prediction means 1; 0.5.

    >>> binary_accuracy([[1.0], [0.0]], [[0.75], [0.75]])
    array([[1.],
           [0.]], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "binary_accuracy")
    return _as_floats(ops.equal(y_true, ops.cast(ops.greater(y_pred, threshold), ops.dtype(y_true))))


@builtin("keras.metrics")
def categorical_accuracy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return 1 where the largest score is that of the target class, a one-hot label, and 0 elsewhere.

    Shapes: `y_true` and `y_pred` have one shape, with the classes along the last axis, which the result lacks.
    Dtype: `config.floatx()`.
    Raises: `ShapeError` if the shapes differ, as those of class indices.

    Args:
        y_true: tensor of zeros and ones, one-hot labels, of the shape of `y_pred`.
        y_pred: tensor of floats, the scores of the classes along the last axis.

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.25, 0.75], [0.25, 0.75]])
    array([1., 0.], dtype=float32)
    """
    y_true, y_pred = one_hot_scores(y_true, y_pred, "categorical_accuracy", "SparseCategoricalAccuracy")
    return _as_floats(ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1)))


@builtin("keras.metrics")
def sparse_categorical_accuracy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return 1 where the largest score is that of the target class, given by its index, and 0 elsewhere.

    Shapes: `y_pred` has the classes along the last axis; `y_true` lacks it, or has size 1 there; the result lacks it.
    Dtype: `config.floatx()`.
    Raises: `ShapeError` if the shapes do not fit, as those of one-hot labels.

    Args:
        y_true: tensor of ints, class indices from 0, of the shape of `y_pred` without the last axis or with size 1
            there.
        y_pred: tensor of floats, the scores of the classes along the last axis.

    >>> sparse_categorical_accuracy([1, 0], [[0.25, 0.75], [0.25, 0.75]])
    array([1., 0.], dtype=float32)
    """
    y_true, y_pred = class_indices(y_true, y_pred, -1, "sparse_categorical_accuracy", "CategoricalAccuracy")
    best = ops.argmax(y_pred, axis=-1)
    if y_true.dtype != best.dtype:
        y_true = ops.cast(y_true, ops.dtype(best))
    return _as_floats(ops.equal(y_true, best))


@builtin("keras.metrics")
def top_k_categorical_accuracy(y_true: Tensor, y_pred: Tensor, k: int = 5) -> Tensor:
    """Return 1 where the target class, a one-hot label, has one of the `k` largest scores, and 0 elsewhere.

    Shapes: `y_true` and `y_pred` have one shape, with the classes along the last axis, which the result lacks.
    Dtype: `config.floatx()`.
    Raises: `ShapeError` if the shapes differ, as those of class indices.

    Args:
        y_true: tensor of zeros and ones, one-hot labels, of the shape of `y_pred`.
        y_pred: tensor of floats, the scores of the classes along the last axis.
        k: int, how many of the largest scores count, at least 1; 5.

    >>> top_k_categorical_accuracy([[0, 1, 0], [1, 0, 0]], [[0.1, 0.4, 0.5], [0.1, 0.4, 0.5]], k=2)
    array([1., 0.], dtype=float32)
    """
    y_true, y_pred = one_hot_scores(y_true, y_pred, "top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy")
    return _in_top_k(ops.argmax(y_true, axis=-1), y_pred, k)


@builtin("keras.metrics")
def sparse_top_k_categorical_accuracy(
    y_true: Tensor, y_pred: Tensor, k: int = 5, from_sorted_ids: bool = False
) -> Tensor:
    """Return 1 where the target class, given by its index, has one of the `k` largest scores, and 0 elsewhere.

    Shapes: `y_pred` has the classes along the last axis, or, with `from_sorted_ids`, the indices of classes from the
    best on; `y_true` lacks it, or has size 1 there; the result lacks it. Dtype: `config.floatx()`.
    Raises: `ShapeError` if the shapes do not fit, as those of one-hot labels.

    Args:
        y_true: tensor of ints, class indices from 0, of the shape of `y_pred` without the last axis or with size 1
            there.
        y_pred: tensor of floats, the scores of the classes along the last axis, or, with `from_sorted_ids`, the indices
            of the best classes.
        k: int, how many of the largest scores count, at least 1; 5.
        from_sorted_ids: bool, whether `y_pred` holds the indices of classes, from the best on, rather than scores;
            False.

    >>> sparse_top_k_categorical_accuracy([1, 0], [[0.1, 0.4, 0.5], [0.1, 0.4, 0.5]], k=2)
    array([1., 0.], dtype=float32)
    """
    where = "sparse_top_k_categorical_accuracy"
    y_true, y_pred = class_indices(y_true, y_pred, -1, where, "TopKCategoricalAccuracy")
    if from_sorted_ids:
        is_target = ops.equal(ops.expand_dims(ops.cast(y_true, ops.dtype(y_pred)), -1), y_pred[..., :k])
        return _as_floats(ops.any(is_target, axis=-1))
    return _in_top_k(ops.cast(y_true, "int32"), y_pred, k)


def one_hot_scores(y_true: Tensor, y_pred: Tensor, where: str, other: str) -> tuple[Tensor, Tensor]:
    """Return one-hot labels and scores, of one shape; there may be one class only.

    Args:
        y_true: tensor of zeros and ones, one-hot labels, of the shape of `y_pred`.
        y_pred: tensor of floats, the scores of the classes along the last axis.
        where: str, the metric to name in errors.
        other: str, the metric for class indices, to name in errors.
    """
    backend = backend_for(y_pred, y_true)
    y_pred, y_true = as_float(y_pred, backend), tensor(backend, y_true)
    if y_true.shape != y_pred.shape:
        check_one_hot(y_true.shape, y_pred.shape, -1, where, other)
    return y_true, y_pred


def _in_top_k(indices: Tensor, scores: Tensor, k: int) -> Tensor:
    if len(scores.shape) == 2:
        return _as_floats(ops.in_top_k(indices, scores, k))
    rows = ops.reshape(scores, (-1, ops.shape(scores)[-1]))
    return _as_floats(ops.reshape(ops.in_top_k(ops.reshape(indices, (-1,)), rows, k), ops.shape(indices)))


@builtin("keras.metrics")
class Accuracy(MeanMetricWrapper):
    """Compute how often the prediction is equal to the target.

    Shapes: targets and predictions broadcast.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "accuracy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> Accuracy()([1, 2, 3, 4], [1, 2, 3, 0]).item()
    0.75
    """

    def __init__(self, name: str | None = "accuracy", dtype: DTypeLike = None) -> None:
        super().__init__(accuracy, name, dtype)


@builtin("keras.metrics")
class BinaryAccuracy(MeanMetricWrapper):
    """Compute how often the target, 0 or 1, is whether the prediction is above a threshold.

    Shapes: targets and predictions broadcast.
    Raises: `ShapeError` if they do not; `ArgumentError` if `threshold` is not between 0 and 1.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "binary_accuracy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.
        threshold: float, the threshold, between 0 and 1, above which a prediction means 1; 0.5.

    >>> BinaryAccuracy()([[1.0], [0.0]], [[0.75], [0.75]]).item()
    0.5
    """

    def __init__(self, name: str | None = "binary_accuracy", dtype: DTypeLike = None, threshold: float = 0.5) -> None:
        given: Any = threshold
        if not (isinstance(given, Real) and 0 < float(given) < 1):
            raise ArgumentError(f"threshold={threshold!r} is not between 0 and 1", fix="pass 0.5, for example").at(
                "BinaryAccuracy"
            )
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


@builtin("keras.metrics")
class CategoricalAccuracy(MeanMetricWrapper):
    """Compute how often the largest score is that of the target class, given as a one-hot label.

    Shapes: targets and predictions have one shape, with the classes along the last axis.
    Raises: `ShapeError` if the targets are class indices, for `SparseCategoricalAccuracy`.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "categorical_accuracy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> CategoricalAccuracy()([[0, 1], [1, 0]], [[0.25, 0.75], [0.25, 0.75]]).item()
    0.5
    """

    def __init__(self, name: str | None = "categorical_accuracy", dtype: DTypeLike = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


@builtin("keras.metrics")
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """Compute how often the largest score is that of the target class, given by its index.

    Shapes: predictions have the classes along the last axis; targets lack it, or have size 1 there.
    Raises: `ShapeError` if the targets are one-hot labels, for `CategoricalAccuracy`.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "sparse_categorical_accuracy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> SparseCategoricalAccuracy()([1, 0], [[0.25, 0.75], [0.25, 0.75]]).item()
    0.5
    """

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: DTypeLike = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


@builtin("keras.metrics")
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """Compute how often the target class, given as a one-hot label, has one of the largest scores.

    Shapes: targets and predictions have one shape, with the classes along the last axis.
    Raises: `ShapeError` if the targets are class indices, for `SparseTopKCategoricalAccuracy`.

    Args:
        k: int, how many of the largest scores count, at least 1; 5.
        name: str or None, the name in logs, None for the class name in snake case; "top_k_categorical_accuracy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> TopKCategoricalAccuracy(k=2)([[0, 1, 0], [1, 0, 0]], [[0.1, 0.4, 0.5], [0.1, 0.4, 0.5]]).item()
    0.5
    """

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: DTypeLike = None) -> None:
        check_count("k", k, 1, "TopKCategoricalAccuracy")
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


@builtin("keras.metrics")
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """Compute how often the target class, given by its index, has one of the largest scores.

    Shapes: predictions have the classes along the last axis; targets lack it, or have size 1 there.
    Raises: `ShapeError` if the targets are one-hot labels, for `TopKCategoricalAccuracy`.

    Args:
        k: int, how many of the largest scores count, at least 1; 5.
        name: str or None, the name in logs, None for the class name in snake case; "sparse_top_k_categorical_accuracy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.
        from_sorted_ids: bool, whether `y_pred` holds the indices of classes, from the best on, rather than scores;
            False.

    >>> SparseTopKCategoricalAccuracy(k=2)([1, 0], [[0.1, 0.4, 0.5], [0.1, 0.4, 0.5]]).item()
    0.5
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: DTypeLike = None,
        from_sorted_ids: bool = False,
    ) -> None:
        check_count("k", k, 1, "SparseTopKCategoricalAccuracy")
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)
