"""The cross-entropy that is meant where a user only says so: told by the shapes of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from kcore_ops.foundation.errors import ArgumentError

from kcore_train.losses.crossentropy import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from kcore_train.losses.loss import Loss

__all__ = ["CROSSENTROPIES", "is_by_shape", "kind_of_labels", "loss_for"]

CROSSENTROPIES = ("crossentropy", "ce")
_LOSSES: dict[str, type[Loss]] = {
    "binary": BinaryCrossentropy,
    "categorical": CategoricalCrossentropy,
    "sparse": SparseCategoricalCrossentropy,
}


def kind_of_labels(
    y_true_shape: Sequence[int | None], y_pred_shape: Sequence[int | None]
) -> Literal["binary", "categorical", "sparse"]:
    """Say what labels are, by their shape and that of predictions: yes or no, one-hot, or class indices.

    >>> kind_of_labels((None, 1), (None, 1)), kind_of_labels((None, 3), (None, 3)), kind_of_labels((None,), (None, 3))
    ('binary', 'categorical', 'sparse')
    """
    labels, predictions = tuple(y_true_shape), tuple(y_pred_shape)
    if len(predictions) < 2 or predictions[-1] == 1:
        return "binary"
    if len(labels) < len(predictions) or (labels[-1] == 1 and predictions[-1] != 1):
        return "sparse"
    return "categorical"


def is_by_shape(identifier: Any) -> bool:
    """Say whether a name means a loss that the shapes of the data tell: "crossentropy" or "ce"."""
    return isinstance(identifier, str) and identifier.lower() in CROSSENTROPIES


def loss_for(y_true: Any, y_pred: Any) -> Loss:
    """Give the cross-entropy for labels and predictions, tensors or their specs.

    Raises:
        ArgumentError: if there are no labels.

    >>> import numpy as np
    >>> loss_for(np.zeros((2, 1)), np.zeros((2, 10)))
    <SparseCategoricalCrossentropy name=sparse_categorical_crossentropy>
    """
    if not hasattr(y_true, "shape"):
        raise ArgumentError(
            'the loss "crossentropy" is told by the shape of the targets, and there are none',
            fix='pass y, or name the loss: "binary_crossentropy", for one',
        ).at("compute_loss")
    return _LOSSES[kind_of_labels(y_true.shape, y_pred.shape)]()
