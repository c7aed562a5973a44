"""The accuracy, or cross-entropy, that is meant where a user only says so: told by the shapes of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore_layers.options.argument_types import DTypeLike

from kcore_train.losses.by_shape import CROSSENTROPIES, kind_of_labels
from kcore_train.metrics.accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from kcore_train.metrics.metric import Metric
from kcore_train.metrics.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)

__all__ = ["accuracy_for", "crossentropy_for", "metric_for"]

Shape = Sequence[int | None]
_ACCURACIES = ("accuracy", "acc")


def accuracy_for(y_true_shape: Shape, y_pred_shape: Shape, name: str = "accuracy", dtype: DTypeLike = None) -> Metric:
    """Return the accuracy for labels and predictions of these shapes.

    Args:
        y_true_shape: sequence of ints or None, the shape of the targets, None where a size is unknown.
        y_pred_shape: sequence of ints or None, the shape of the predictions, likewise.
        name: str, the name in logs; "accuracy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> accuracy_for((None, 1), (None, 10))
    <SparseCategoricalAccuracy name=accuracy>
    """
    kinds: dict[str, type[Metric]] = {
        "binary": BinaryAccuracy,
        "categorical": CategoricalAccuracy,
        "sparse": SparseCategoricalAccuracy,
    }
    return kinds[kind_of_labels(y_true_shape, y_pred_shape)](name=name, dtype=dtype)


def crossentropy_for(
    y_true_shape: Shape, y_pred_shape: Shape, name: str = "crossentropy", dtype: DTypeLike = None
) -> Metric:
    """Return the cross-entropy for labels and predictions of these shapes.

    Args:
        y_true_shape: sequence of ints or None, the shape of the targets, None where a size is unknown.
        y_pred_shape: sequence of ints or None, the shape of the predictions, likewise.
        name: str, the name in logs; "crossentropy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> crossentropy_for((None, 10), (None, 10))
    <CategoricalCrossentropy name=crossentropy>
    """
    kinds: dict[str, type[Metric]] = {
        "binary": BinaryCrossentropy,
        "categorical": CategoricalCrossentropy,
        "sparse": SparseCategoricalCrossentropy,
    }
    return kinds[kind_of_labels(y_true_shape, y_pred_shape)](name=name, dtype=dtype)


def metric_for(identifier: object, y_true_shape: Shape, y_pred_shape: Shape) -> Any:
    """Return the metric that "accuracy", "acc", "crossentropy" or "ce" means for these shapes; None for anything else.

    Args:
        identifier: anything, what was passed as a metric.
        y_true_shape: sequence of ints or None, the shape of the targets, None where a size is unknown.
        y_pred_shape: sequence of ints or None, the shape of the predictions, likewise.

    >>> metric_for("acc", (None,), (None, 10)), metric_for("mse", (None,), (None,))
    (<SparseCategoricalAccuracy name=acc>, None)
    """
    if isinstance(identifier, str) and identifier.lower() in _ACCURACIES:
        return accuracy_for(y_true_shape, y_pred_shape, identifier)
    if isinstance(identifier, str) and identifier.lower() in CROSSENTROPIES:
        return crossentropy_for(y_true_shape, y_pred_shape, identifier)
    return None
