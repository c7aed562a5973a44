"""Means of precision and recall, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import kcore_ops as ops
import numpy as np
from kcore_layers.base.masking import get_mask
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.engine.call import beside
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import one_of, show_shape

from kcore_train.losses.alignment import aligned
from kcore_train.losses.weighting import check_weight
from kcore_train.metrics.metric import Metric

__all__ = ["F1Score", "FBetaScore"]

Average: TypeAlias = Literal["micro", "macro", "weighted"]
_COUNTS = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")


@builtin("keras.metrics")
class FBetaScore(Metric):
    """Compute the harmonic mean of precision and recall, in which recall counts `beta` times as much: 1 is best.

    Shapes: targets, ones and zeros, and predictions are `(samples, classes)`. Dtype: `config.floatx()`.
    Raises: `ArgumentError` for arguments that do not fit; `ShapeError` if the shapes do not.
    Source: van Rijsbergen (1979), Information Retrieval, chapter 7.

    Args:
        average: str or None, None for one result for each class; "micro" for that of all decisions together; "macro"
            for the mean of the classes; "weighted" for the mean weighted by the positive samples of the classes; None.
        beta: float, how much more recall counts than precision, above 0; 1.0.
        threshold: float or None, the threshold, above 0 and at most 1, above which a prediction means 1, None for 1 at
            the largest prediction of each sample; None.
        name: str or None, the name in logs, None for the class name in snake case; "fbeta_score".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> FBetaScore(beta=2.0)([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]).round(4)
    array([0.8333, 0.5556], dtype=float32)
    """

    def __init__(
        self,
        average: Average | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        where = type(self).__name__
        if average is not None:
            one_of("average", average, ("micro", "macro", "weighted"))
        if not isinstance(beta, float) or not beta > 0:
            raise ArgumentError(f"beta={beta!r} is not a positive float", fix="pass 1.0, for example").at(where)
        if threshold is not None and not (isinstance(threshold, float) and 0 < threshold <= 1):
            raise ArgumentError(
                f"threshold={threshold!r} is not a float above 0, and at most 1",
                fix="pass 0.5, or None for the largest",
            ).at(where)
        self.average, self.beta, self.threshold = average, float(beta), threshold
        self._counts: dict[str, Any] = {}

    def build(self, y_true_shape: Sequence[int | None], y_pred_shape: Sequence[int | None]) -> None:
        """Create the variables for the classes.

        Args:
            y_true_shape: sequence of ints or None, the shape of the targets, None where a size is unknown.
            y_pred_shape: sequence of ints or None, the shape of the predictions, likewise.

        Raises:
            ShapeError: if there are not two axes.
        """
        shape = tuple(y_pred_shape)
        if len(shape) != 2 or len(tuple(y_true_shape)) != 2 or not isinstance(shape[1], int):
            raise ShapeError(
                f"y_true has shape {show_shape(y_true_shape)}, y_pred has shape {show_shape(shape)}",
                fix="pass targets, one-hot for one, and predictions of shape (samples, classes)",
            ).at(type(self).__name__)
        if not self._counts:
            sizes = () if self.average == "micro" else (shape[1],)
            self._counts = {name: self.add_variable(sizes, None, name=name) for name in _COUNTS}

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Update the counts with the decisions of a batch.

        Args:
            y_true: tensor of zeros and ones, `(batch, classes)`.
            y_pred: tensor of floats, the predictions, `(batch, classes)`.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if targets and predictions have not one shape, of two axes, or the weights do not fit.
        """
        sample_weight = self._masked(sample_weight, get_mask(y_pred))
        y_true, y_pred = self._tensor(y_true, self._dtype), self._tensor(y_pred, self._dtype)
        with beside(y_pred):
            self.build(y_true.shape, y_pred.shape)
        y_true, y_pred = aligned(y_true, y_pred, type(self).__name__, broadcast=False)
        if self.threshold is None:
            is_largest = ops.greater_equal(y_pred, ops.max(y_pred, axis=-1, keepdims=True))
            # Predictions that are all zero choose no class.
            decided = ops.logical_and(is_largest, ops.greater(ops.abs(y_pred), 1e-9))
        else:
            decided = ops.greater(y_pred, self.threshold)
        decided = ops.cast(decided, self._dtype)
        weight = None
        if sample_weight is not None:
            weight = self._tensor(sample_weight, self._dtype)
            weight = ops.expand_dims(weight, 1) if len(weight.shape) == 1 else weight
            check_weight(y_true, weight, "y_true")
        counts = (decided * y_true, decided * (1 - y_true), (1 - decided) * y_true, y_true)
        axis = None if self.average == "micro" else 0
        for name, values in zip(_COUNTS, counts, strict=True):
            self._counts[name].assign_add(ops.sum(values if weight is None else values * weight, axis=axis))

    def result(self) -> Tensor:
        """Return the score, or one for each class."""
        if not self._counts:
            return self._tensor(np.zeros((), "float32"))
        tp, fp, fn, positive = (self._counts[name].value for name in _COUNTS)
        square = self.beta**2
        score = ops.divide_no_nan((1 + square) * tp, (1 + square) * tp + square * fn + fp)
        if self.average == "weighted":
            return ops.sum(score * ops.divide_no_nan(positive, ops.sum(positive)))
        return score if self.average is None or self.average == "micro" else ops.mean(score)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        own = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **own}


@builtin("keras.metrics")
class F1Score(FBetaScore):
    """Compute the harmonic mean of precision and recall: 1 is best.

    Shapes: targets, ones and zeros, and predictions are `(samples, classes)`. Dtype: `config.floatx()`.
    Raises: `ArgumentError` for arguments that do not fit; `ShapeError` if the shapes do not.

    Args:
        average: str or None, None for one result for each class; "micro" for that of all decisions together; "macro"
            for the mean of the classes; "weighted" for the mean weighted by the positive samples of the classes; None.
        threshold: float or None, the threshold, above 0 and at most 1, above which a prediction means 1, None for 1 at
            the largest prediction of each sample; None.
        name: str or None, the name in logs, None for the class name in snake case; "f1_score".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> F1Score()([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]).round(4)
    array([0.6667, 0.6667], dtype=float32)
    """

    def __init__(
        self,
        average: Average | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        config = super().get_config()
        del config["beta"]
        return config
