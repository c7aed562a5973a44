"""Thresholds, and how much weight of positive and negative samples has a prediction above each of them."""

from __future__ import annotations

from collections.abc import Sequence

import kcore_ops as ops
import numpy as np
from kcore_layers.base.masking import get_mask
from kcore_ops import Tensor
from kcore_ops.backends.interface import Backend
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import differ, normalize_axis, show_shape

from kcore_train.losses.alignment import aligned, same_rank, tensor
from kcore_train.losses.weighting import check_weight, masked_weight

__all__ = ["Samples", "Thresholds", "evenly_spaced"]

# The score of classes that are not among the largest ones, below any threshold.
LEAST = -1e10
# So many comparisons of a batch cost less than sorting it into bins.
_FEW = 4


def evenly_spaced(num_thresholds: int) -> list[float]:
    """Return the thresholds that lie between 0 and 1, ends left out, so that with these there are `num_thresholds`.

    Args:
        num_thresholds: int, the number of thresholds, the ends 0 and 1 included, at least 2.
    """
    return [(i + 1) / (num_thresholds - 1) for i in range(num_thresholds - 2)]


class Samples:
    """Targets, predictions and weights of a batch, as `(samples, labels)`; without several labels, labels is 1.

    Args:
        backend: `Backend`, the backend of the metric.
        y_true: tensor, the targets, zeros and ones.
        y_pred: tensor, the predictions, of the shape of `y_true`; what a mask of theirs leaves out does not count.
        sample_weight: tensor or None, factors for the leading axes of the targets, None for ones.
        where: str, the metric to name in errors.
        num_labels: int, the size of the last axis, if labels are counted apart, else 1; 1.
        label_weights: tensor or None, factors for the last axis, None for ones; None.
        class_id: int or None, the index of the one class along the last axis that counts, None for all of them; None.
        top_k: int or None, how many of the largest predictions along the last axis can count, None for all; None.

    Raises:
        ShapeError: if the shapes do not fit.
        ArgumentError: if there is no class `class_id`.
    """

    def __init__(
        self,
        backend: Backend,
        y_true: Tensor,
        y_pred: Tensor,
        sample_weight: Tensor | None,
        where: str,
        *,
        num_labels: int = 1,
        label_weights: Tensor | None = None,
        class_id: int | None = None,
        top_k: int | None = None,
    ) -> None:
        mask = get_mask(y_pred)
        y_true, y_pred = aligned(tensor(backend, y_true), tensor(backend, y_pred), where, broadcast=False)
        if ops.dtype(y_pred) not in ("float32", "float64"):
            # Half precision counts no further than 2048.
            y_true, y_pred = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        dtype = ops.dtype(y_pred)
        if top_k is not None:
            y_pred = _only_largest(y_pred, top_k)
        weight = masked_weight(sample_weight, mask, backend, dtype, is_leading=True)
        if class_id is not None:
            if len(y_pred.shape) < 2:
                raise ShapeError(
                    f"y_pred has shape {show_shape(y_pred.shape)}, and no axis of classes, of which class_id="
                    f"{class_id} is one",
                    fix="pass targets and predictions of shape (samples, classes)",
                ).at(where)
            axis_size = y_pred.shape[-1]
            if isinstance(axis_size, int) and not -axis_size <= class_id < axis_size:
                raise ArgumentError(
                    f"class_id={class_id} is out of range for predictions of shape {show_shape(y_pred.shape)}",
                    fix=f"pass one from 0 to {axis_size - 1}",
                ).at(where)
            y_true, y_pred = y_true[..., class_id], y_pred[..., class_id]
            if weight is not None and len(weight.shape) == len(y_pred.shape) + 1:
                weight = weight[..., 0] if weight.shape[-1] == 1 else weight[..., class_id]
        weight = _leading(weight, y_pred, where)
        if label_weights is not None:
            factors = tensor(backend, label_weights, dtype)
            if differ(factors.shape[0], y_pred.shape[-1]):
                raise ShapeError(
                    f"label_weights has shape {show_shape(factors.shape)}, y_pred has shape {show_shape(y_pred.shape)}",
                    fix="pass one weight for each label, along the last axis of y_pred",
                ).at(where)
            weight = factors if weight is None else ops.multiply(weight, factors)
        is_positive = ops.cast(ops.not_equal(y_true, 0), dtype)
        positive, negative = is_positive, 1 - is_positive
        if weight is not None:
            positive, negative = positive * weight, negative * weight
        self.positive = ops.reshape(positive, (-1, num_labels))
        self.negative = ops.reshape(negative, (-1, num_labels))
        self.y_pred = ops.reshape(y_pred, (-1, num_labels))
        self.num_labels = num_labels


class Thresholds:
    """Thresholds to compare predictions with.

    Args:
        values: sequence of floats, the thresholds, ascending for the fast way.

    >>> samples = Samples(ops.current_backend(), [0, 1, 1], [0.2, 0.4, 0.8], None, "example")
    >>> true, false = Thresholds([0.1, 0.5]).above(samples)
    >>> true[:, 0], false[:, 0]
    (array([2., 1.], dtype=float32), array([1., 0.], dtype=float32))
    """

    def __init__(self, values: Sequence[float]) -> None:
        self.values = [float(value) for value in values]
        self.array = np.array(self.values, "float32")
        self._is_binned = len(self.values) > _FEW and bool((np.diff(self.array) >= 0).all())

    def __len__(self) -> int:
        return len(self.values)

    def above(self, samples: Samples) -> tuple[Tensor, Tensor]:
        """Return the weight of positive and of negative samples above each threshold: `(thresholds, labels)` both.

        Args:
            samples: `Samples`, the batch to count.
        """
        return self._by_bins(samples) if self._is_binned else self._by_comparison(samples)

    def _by_comparison(self, samples: Samples) -> tuple[Tensor, Tensor]:
        dtype = ops.dtype(samples.positive)
        if len(self) == 1:
            is_above = ops.cast(ops.greater(samples.y_pred, self.values[0]), dtype)
            counts = [ops.sum(weight * is_above, axis=0, keepdims=True) for weight in _weights(samples)]
        else:
            is_above = ops.cast(ops.greater(samples.y_pred, self.array[:, None, None]), dtype)
            counts = [ops.sum(weight * is_above, axis=1) for weight in _weights(samples)]
        return counts[0], counts[1]

    def _by_bins(self, samples: Samples) -> tuple[Tensor, Tensor]:
        """Sort predictions into the bins between thresholds, and sum from the last bin on."""
        labels = samples.num_labels
        bins = ops.searchsorted(self.array, ops.cast(ops.reshape(samples.y_pred, (-1,)), "float32"))
        if labels > 1:
            bins = ops.add(ops.reshape(bins, (-1, labels)) * labels, np.arange(labels, dtype="int32"))
            bins = ops.reshape(bins, (-1,))
        weights = ops.stack([ops.reshape(weight, (-1,)) for weight in _weights(samples)], axis=1)
        held = ops.segment_sum(weights, bins, num_segments=(len(self) + 1) * labels)
        held = ops.reshape(held, (len(self) + 1, labels, 2))[1:]
        above = ops.flip(ops.cumsum(ops.flip(held, axis=0), axis=0), axis=0)
        return above[..., 0], above[..., 1]


def _weights(samples: Samples) -> tuple[Tensor, Tensor]:
    return samples.positive, samples.negative


def _leading(weight: Tensor | None, y_pred: Tensor, where: str) -> Tensor | None:
    """Return a weight for leading axes of predictions with as many axes as these have."""
    if weight is None or len(weight.shape) == 0:
        return weight
    weight = same_rank(weight, y_pred)[0] if len(weight.shape) > len(y_pred.shape) else weight
    missing = len(y_pred.shape) - len(weight.shape)
    if missing > 0:
        weight = ops.expand_dims(weight, tuple(range(-missing, 0)))
    try:
        check_weight(y_pred, weight, "y_pred")
    except ShapeError as error:
        raise error.at(where)  # noqa: B904 (its cause is its own)
    return weight


def _only_largest(y_pred: Tensor, top_k: int) -> Tensor:
    """Put all but the `top_k` largest of the predictions along the last axis below any threshold."""
    size = y_pred.shape[normalize_axis(-1, len(y_pred.shape))]
    _, indices = ops.top_k(y_pred, top_k)
    kept = ops.any(ops.cast(ops.one_hot(indices, size), "bool"), axis=-2)
    return ops.where(kept, y_pred, ops.full_like(y_pred, LEAST))
