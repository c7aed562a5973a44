"""The cross-entropy that is meant where a user only says so: told by the shapes of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from kcore_ops import Tensor
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
    """Return what labels are, by their shape and that of predictions: yes or no, one-hot, or class indices.

    Args:
        y_true_shape: sequence of ints or None, the shape of the labels, None where a size is unknown.
        y_pred_shape: sequence of ints or None, the shape of the predictions, likewise.

    >>> kind_of_labels((None, 1), (None, 1)), kind_of_labels((None, 3), (None, 3)), kind_of_labels((None,), (None, 3))
    ('binary', 'categorical', 'sparse')
    """
    labels, predictions = tuple(y_true_shape), tuple(y_pred_shape)
    if len(predictions) < 2 or predictions[-1] == 1:
        return "binary"
    if len(labels) < len(predictions) or (labels[-1] == 1 and predictions[-1] != 1):
        return "sparse"
    return "categorical"


def is_by_shape(identifier: object) -> bool:
    """Return whether a name means a loss that is chosen by the shapes of the data: "crossentropy" or "ce".

    Args:
        identifier: anything, what was passed as a loss.
    """
    return isinstance(identifier, str) and identifier.lower() in CROSSENTROPIES


def loss_for(y_true: Tensor, y_pred: Tensor) -> Loss:
    """Return the cross-entropy that fits labels and predictions, tensors or their specs.

    Args:
        y_true: tensor or `TensorSpec`, the labels.
        y_pred: tensor or `TensorSpec`, the predictions, `(batch, ...)`.

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
