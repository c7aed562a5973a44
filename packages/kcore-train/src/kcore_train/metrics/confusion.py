"""Counts of right and wrong decisions at thresholds, precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import kcore_ops as ops
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.metrics.metric import Metric, check_count
from kcore_train.metrics.thresholds import LEAST, Samples, Thresholds

__all__ = ["FalseNegatives", "FalsePositives", "Precision", "Recall", "TrueNegatives", "TruePositives"]

AnyThresholds = float | Sequence[float] | None


def checked_thresholds(thresholds: AnyThresholds, default: float, where: str) -> Thresholds:
    """Return thresholds, from one, several, or None for `default`.

    Args:
        thresholds: float, sequence of floats or None, one or more thresholds, None for `default`.
        default: float, the threshold if there is none.
        where: str, the metric to name in errors.

    Raises:
        ArgumentError: if there are none, or one is not in [0, 1].
    """
    if thresholds is None:
        return Thresholds([default])
    is_text = isinstance(thresholds, str)
    values: list[Any] = list(thresholds) if isinstance(thresholds, Sequence) and not is_text else [thresholds]
    if not values or not all(isinstance(value, Real) and 0 <= float(value) <= 1 for value in values):
        raise ArgumentError(
            f"thresholds={thresholds!r} are not probabilities", fix="pass a number from 0 to 1, or several"
        ).at(where)
    return Thresholds(values)


class _Count(Metric):
    """The weight of samples of one kind, at each threshold."""

    _counts_positive: bool  # whether the samples counted are positive
    _counts_above: bool  # whether the samples counted have a prediction above the threshold

    def __init__(self, thresholds: AnyThresholds = None, name: str | None = None, dtype: DTypeLike = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self._thresholds = checked_thresholds(thresholds, 0.5, type(self).__name__)
        self.accumulator = self.add_variable((len(self._thresholds),), None, name="accumulator")

    @property
    def thresholds(self) -> list[float]:
        """The thresholds, as a list of floats."""
        return self._thresholds.values

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Update the counts with a batch.

        Args:
            y_true: tensor of zeros and ones, the targets, `(batch, ...)`.
            y_pred: tensor of floats, the predictions, of the shape of `y_true`.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if targets and predictions, of one shape, or the weights do not fit.
        """
        samples = Samples(self._backend, y_true, y_pred, sample_weight, type(self).__name__)
        above = self._thresholds.above(samples)[0 if self._counts_positive else 1][:, 0]
        if not self._counts_above:
            above = ops.sum(samples.positive if self._counts_positive else samples.negative) - above
        self.accumulator.assign_add(above)

    def result(self) -> Tensor:
        """Return the count at each threshold; a scalar if there is one threshold."""
        count = ops.copy(self.accumulator.value)  # or the next update might change it where it is kept
        return count[0] if len(self._thresholds) == 1 else count

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


@builtin("keras.metrics")
class TruePositives(_Count):
    """Count the samples that are positive and have a prediction above the threshold.

    Shapes: targets, 0 or 1, and predictions have one shape. Dtype: `config.floatx()`.
    Raises: `ArgumentError` if a threshold is not in [0, 1]; `ShapeError` if the shapes differ.

    Args:
        thresholds: float, sequence of floats or None, one or more thresholds in [0, 1], None for 0.5; None.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> TruePositives()([0, 1, 1], [0.75, 0.75, 0.25]).item()
    1.0
    """

    _counts_positive, _counts_above = True, True


@builtin("keras.metrics")
class FalsePositives(_Count):
    """Count the samples that are negative and have a prediction above the threshold.

    Shapes: targets, 0 or 1, and predictions have one shape. Dtype: `config.floatx()`.
    Raises: `ArgumentError` if a threshold is not in [0, 1]; `ShapeError` if the shapes differ.

    Args:
        thresholds: float, sequence of floats or None, one or more thresholds in [0, 1], None for 0.5; None.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> FalsePositives()([0, 0, 1], [0.75, 0.75, 0.25]).item()
    2.0
    """

    _counts_positive, _counts_above = False, True


@builtin("keras.metrics")
class TrueNegatives(_Count):
    """Count the samples that are negative and have no prediction above the threshold.

    Shapes: targets, 0 or 1, and predictions have one shape. Dtype: `config.floatx()`.
    Raises: `ArgumentError` if a threshold is not in [0, 1]; `ShapeError` if the shapes differ.

    Args:
        thresholds: float, sequence of floats or None, one or more thresholds in [0, 1], None for 0.5; None.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> TrueNegatives()([0, 0, 1], [0.25, 0.75, 0.25]).item()
    1.0
    """

    _counts_positive, _counts_above = False, False


@builtin("keras.metrics")
class FalseNegatives(_Count):
    """Count the samples that are positive and have no prediction above the threshold.

    Shapes: targets, 0 or 1, and predictions have one shape. Dtype: `config.floatx()`.
    Raises: `ArgumentError` if a threshold is not in [0, 1]; `ShapeError` if the shapes differ.

    Args:
        thresholds: float, sequence of floats or None, one or more thresholds in [0, 1], None for 0.5; None.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> FalseNegatives()([0, 1, 1], [0.75, 0.75, 0.25]).item()
    1.0
    """

    _counts_positive, _counts_above = True, False


class _Fraction(Metric):
    """Right decisions as a fraction of something."""

    def __init__(
        self,
        thresholds: AnyThresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        where = type(self).__name__
        if top_k is not None:
            check_count("top_k", top_k, 1, where)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        self._thresholds = checked_thresholds(thresholds, 0.5 if top_k is None else LEAST, where)

    @property
    def thresholds(self) -> list[float]:
        """The thresholds, as a list of floats."""
        return self._thresholds.values

    def _samples(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None) -> Samples:
        where = type(self).__name__
        return Samples(self._backend, y_true, y_pred, sample_weight, where, class_id=self.class_id, top_k=self.top_k)

    def _fraction(self, part: Tensor, rest: Tensor) -> Tensor:
        fraction = ops.divide_no_nan(part.value, part.value + rest.value)
        return fraction[0] if len(self._thresholds) == 1 else fraction

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        own = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


@builtin("keras.metrics")
class Precision(_Fraction):
    """Compute the fraction of samples with a prediction above the threshold that are positive; 0 if there are none.

    Shapes: targets, 0 or 1, and predictions have one shape. Dtype: `config.floatx()`.
    Raises: `ArgumentError` if a threshold is not in [0, 1]; `ShapeError` if the shapes differ.

    Args:
        thresholds: float, sequence of floats or None, one or more thresholds in [0, 1], None for 0.5, or with `top_k`
            for no threshold; None.
        top_k: int or None, how many of the largest predictions along the last axis can be above a threshold, None for
            all; None.
        class_id: int or None, the index of the one class along the last axis that counts, None for all of them; None.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> Precision()([0, 1, 1], [0.75, 0.75, 0.25]).item()
    0.5
    """

    def __init__(
        self,
        thresholds: AnyThresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(thresholds, top_k, class_id, name, dtype)
        shape = (len(self._thresholds),)
        self.true_positives = self.add_variable(shape, None, name="true_positives")
        self.false_positives = self.add_variable(shape, None, name="false_positives")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Update the counts with the decisions of a batch.

        Args:
            y_true: tensor of zeros and ones, the targets, `(batch, ...)`.
            y_pred: tensor of floats, the predictions, of the shape of `y_true`.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if targets and predictions, of one shape, or the weights do not fit.
        """
        positive, negative = self._thresholds.above(self._samples(y_true, y_pred, sample_weight))
        self.true_positives.assign_add(positive[:, 0])
        self.false_positives.assign_add(negative[:, 0])

    def result(self) -> Tensor:
        """Return the precision at each threshold; a scalar if there is one threshold."""
        return self._fraction(self.true_positives, self.false_positives)


@builtin("keras.metrics")
class Recall(_Fraction):
    """Compute the fraction of positive samples that have a prediction above the threshold; 0 if there are none.

    Shapes: targets, 0 or 1, and predictions have one shape. Dtype: `config.floatx()`.
    Raises: `ArgumentError` if a threshold is not in [0, 1]; `ShapeError` if the shapes differ.

    Args:
        thresholds: float, sequence of floats or None, one or more thresholds in [0, 1], None for 0.5, or with `top_k`
            for no threshold; None.
        top_k: int or None, how many of the largest predictions along the last axis can be above a threshold, None for
            all; None.
        class_id: int or None, the index of the one class along the last axis that counts, None for all of them; None.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> Recall()([0, 1, 1, 1, 1], [0.75, 0.75, 0.25, 0.25, 0.25]).item()
    0.25
    """

    def __init__(
        self,
        thresholds: AnyThresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(thresholds, top_k, class_id, name, dtype)
        shape = (len(self._thresholds),)
        self.true_positives = self.add_variable(shape, None, name="true_positives")
        self.false_negatives = self.add_variable(shape, None, name="false_negatives")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Update the counts with the decisions of a batch.

        Args:
            y_true: tensor of zeros and ones, the targets, `(batch, ...)`.
            y_pred: tensor of floats, the predictions, of the shape of `y_true`.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if targets and predictions, of one shape, or the weights do not fit.
        """
        samples = self._samples(y_true, y_pred, sample_weight)
        above = self._thresholds.above(samples)[0][:, 0]
        self.true_positives.assign_add(above)
        self.false_negatives.assign_add(ops.sum(samples.positive) - above)

    def result(self) -> Tensor:
        """Return the recall at each threshold; a scalar if there is one threshold."""
        return self._fraction(self.true_positives, self.false_negatives)
