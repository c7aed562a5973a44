"""Curves over thresholds: the area under them, and the best of one measure where another is good enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_layers.base.masking import get_mask, set_mask
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.objects import deserialize_keras_object
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.dtypes import numpy_dtype, standardize_dtype
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import one_of, show_shape

from kcore_train.metrics.metric import Metric, check_count
from kcore_train.metrics.thresholds import Samples, Thresholds, evenly_spaced

__all__ = [
    "AUC",
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
]

_COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class _Counts(Metric):
    """The four counts of decisions at each of many thresholds."""

    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any
    _thresholds: Thresholds

    def _make_counts(self, shape: tuple[int, ...]) -> None:
        for name in _COUNTS:
            setattr(self, name, self.add_variable(shape, None, name=name))

    def _count(self, samples: Samples) -> None:
        positive, negative = self._thresholds.above(samples)
        all_positive, all_negative = ops.sum(samples.positive, axis=0), ops.sum(samples.negative, axis=0)
        counts = (positive, negative, all_negative - negative, all_positive - positive)
        for name, count in zip(_COUNTS, counts, strict=True):
            variable = getattr(self, name)
            variable.assign_add(count if len(variable.shape) == 2 else count[:, 0])

    @property
    def thresholds(self) -> list[float]:
        """The thresholds, ascending."""
        return self._thresholds.values


@builtin("keras.metrics")
class AUC(_Counts):
    """Compute the area under a curve of decisions as the threshold goes from 1 to 0; 1 is best.

    Shapes: targets, 0 or 1, and predictions have one shape; `(samples, labels)` with `multi_label`.
    Dtype: `config.floatx()`.
    Raises: `ArgumentError` for arguments that do not fit; `ShapeError` if the shapes do not.
    Source: for "interpolation" under a PR curve, Davis & Goadrich (2006), doi:10.1145/1143844.1143874; for PRGAIN,
    Flach & Kull (2015), "Precision-Recall-Gain Curves", NeurIPS.

    Args:
        num_thresholds: int, how many thresholds, at least 2, evenly spaced from 0 to 1: with more of them the area is
            more exact; 200.
        curve: str, "ROC", true positive rate over false positive rate; "PR", precision over recall; or "PRGAIN", their
            gains over always answering yes; "ROC".
        summation_method: str, "interpolation" for trapezoids between points; "minoring" or "majoring" for the lower or
            the higher end of each step; "interpolation".
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.
        thresholds: sequence of floats or None, thresholds in [0, 1] to use in place of `num_thresholds` evenly spaced
            ones, None for those; None.
        multi_label: bool, whether the last axis is labels whose areas are averaged, rather than all numbers being
            samples; False.
        num_labels: int or None, the size of the axis of labels, None if it is not known before the first batch; None.
        label_weights: sequence of floats or None, factors of the labels: in the average with `multi_label`, else of the
            samples, None for ones; None.
        from_logits: bool, whether predictions are logits (any real numbers) rather than probabilities in [0, 1]; False.

    >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]).item()
    0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: DTypeLike = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.curve = one_of("curve", curve.upper(), ("ROC", "PR", "PRGAIN"))
        methods = ("interpolation", "minoring", "majoring")
        self.summation_method = one_of("summation_method", summation_method.lower(), methods)
        self._own_thresholds = None if thresholds is None else sorted(float(value) for value in thresholds)
        if self._own_thresholds is None:
            check_count("num_thresholds", num_thresholds, 2, "AUC")
            inner = evenly_spaced(num_thresholds)
        else:
            if any(not 0 <= value <= 1 for value in self._own_thresholds):
                raise ArgumentError(
                    f"thresholds={thresholds!r} are not probabilities", fix="pass numbers from 0 to 1"
                ).at("AUC")
            inner = self._own_thresholds
        # Ends beyond 0 and 1, so that all predictions are above the first, and none above the last.
        beyond = ops.config.epsilon()
        self._thresholds = Thresholds([0.0 - beyond, *inner, 1.0 + beyond])
        self.num_thresholds = len(self._thresholds)
        self.multi_label, self.num_labels, self._from_logits = multi_label, num_labels, from_logits
        self.label_weights = None if label_weights is None else np.asarray(label_weights, "float32")
        if not multi_label:
            self._make_counts((self.num_thresholds,))
        elif num_labels is not None:
            self._make_counts((self.num_thresholds, num_labels))

    @property
    def is_built(self) -> bool:
        """Whether there are variables yet: with `multi_label`, not before the number of labels is known."""
        return hasattr(self, "true_positives")

    def build(self, y_true_shape: Sequence[int | None] | None, y_pred_shape: Sequence[int | None]) -> None:
        """Create the variables for the labels along the last axis.

        Args:
            y_true_shape: sequence of ints or None, the shape of the targets, which does not matter.
            y_pred_shape: sequence of ints or None, the shape of the predictions, likewise.

        Raises:
            ShapeError: if there are not two axes, or not as many labels as there were before.
        """
        if not self.multi_label:
            return
        shape = tuple(y_pred_shape)
        if len(shape) != 2 or not isinstance(shape[1], int):
            raise ShapeError(
                f"y_pred has shape {show_shape(shape)}, and with multi_label=True it needs two axes",
                fix="pass targets and predictions of shape (samples, labels)",
            ).at("AUC")
        if not self.is_built:
            self._make_counts((self.num_thresholds, shape[1]))
        elif self.true_positives.shape[1] != shape[1]:
            raise ShapeError(
                f"y_pred has shape {show_shape(shape)}, and there are {self.true_positives.shape[1]} labels",
                fix="pass as many labels as before",
            ).at("AUC")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Update the counts with the decisions of a batch at each threshold.

        Args:
            y_true: tensor of zeros and ones, the targets, `(batch, ...)`, or `(batch, labels)` with `multi_label`.
            y_pred: tensor of floats, the predictions, of the shape of `y_true`.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if targets and predictions, of one shape, or the weights do not fit.
        """
        mask = get_mask(y_pred)
        y_pred = self._tensor(y_pred)
        self.build(None, y_pred.shape)
        if self._from_logits:
            y_pred = ops.sigmoid(y_pred)
        set_mask(y_pred, mask)
        self._count(
            Samples(
                self._backend, y_true, y_pred, sample_weight, "AUC",
                num_labels=self.true_positives.shape[1] if self.multi_label else 1,
                label_weights=None if self.multi_label else self.label_weights,
            )
        )  # fmt: skip

    def result(self) -> Tensor:
        """Return the area."""
        if not self.is_built:
            return self._tensor(np.zeros((), numpy_dtype(standardize_dtype(None))))
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self.interpolate_pr_auc()
        x, y = getattr(self, f"_{self.curve.lower()}")()
        left, right = y[:-1], y[1:]
        if self.summation_method == "interpolation":
            heights = (left + right) / 2
        else:
            heights = ops.minimum(left, right) if self.summation_method == "minoring" else ops.maximum(left, right)
        return self._average(ops.sum((x[:-1] - x[1:]) * heights, axis=0))

    def _roc(self) -> tuple[Tensor, Tensor]:
        tp, fp, tn, fn = self._values()
        return ops.divide_no_nan(fp, fp + tn), ops.divide_no_nan(tp, tp + fn)

    def _pr(self) -> tuple[Tensor, Tensor]:
        tp, fp, _, fn = self._values()
        return ops.divide_no_nan(tp, tp + fn), ops.divide_no_nan(tp, tp + fp)

    def _prgain(self) -> tuple[Tensor, Tensor]:
        tp, fp, tn, fn = self._values()
        positive, negative = tp + fn, fp + tn
        scale = tp * negative
        recall_gain = ops.divide_no_nan(scale - fn * positive, scale)
        precision_gain = 1 - ops.divide_no_nan(fp * positive, scale)
        # The curve begins where recall is that of always answering yes.
        return ops.maximum(recall_gain, 0), precision_gain

    def interpolate_pr_auc(self) -> Tensor:
        """Return the area under the PR curve, with true and false positives, not precision, linear between thresholds.

        Source: Davis & Goadrich (2006), doi:10.1145/1143844.1143874, section 4.
        """
        tp, fp, _, fn = self._values()
        predicted = tp + fp
        more_true, more_predicted = tp[:-1] - tp[1:], predicted[:-1] - predicted[1:]
        slope = ops.divide_no_nan(more_true, ops.maximum(more_predicted, 0))
        intercept = tp[1:] - slope * predicted[1:]
        both = ops.logical_and(predicted[:-1] > 0, predicted[1:] > 0)
        ratio = ops.where(both, ops.divide_no_nan(predicted[:-1], ops.maximum(predicted[1:], 0)), ops.ones_like(slope))
        area = slope * (more_true + intercept * ops.log(ratio))
        return self._average(ops.sum(ops.divide_no_nan(area, ops.maximum(tp[1:] + fn[1:], 0)), axis=0))

    def _values(self) -> list[Tensor]:
        return [getattr(self, name).value for name in _COUNTS]

    def _average(self, areas: Tensor) -> Tensor:
        """Return the one area, or the average over labels."""
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return ops.mean(areas)
        return ops.divide_no_nan(ops.sum(ops.multiply(areas, self.label_weights)), float(self.label_weights.sum()))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """Create a metric from what `get_config` returned, or that of Keras, which has weights as tensors.

        Args:
            config: dict, what `get_config` returned.
        """
        if isinstance(config.get("label_weights"), dict):
            weights = ops.convert_to_numpy(deserialize_keras_object(config["label_weights"]))
            config = {**config, "label_weights": weights}
        return super().from_config(config)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        weights = None if self.label_weights is None else self.label_weights.tolist()
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": weights,
            "from_logits": self._from_logits,
        }
        return config if self._own_thresholds is None else {**config, "thresholds": self._own_thresholds}


class _BestWhere(_Counts):
    """The largest of one measure over the thresholds at which another is at least a given value."""

    _name_of_value: str

    def __init__(
        self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: DTypeLike
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        where, argument = type(self).__name__, self._name_of_value
        if not 0 <= value <= 1:
            raise ArgumentError(f"{argument}={value!r} is not a fraction", fix="pass a number from 0 to 1").at(where)
        check_count("num_thresholds", num_thresholds, 1, where)
        setattr(self, argument, value)
        self.num_thresholds, self.class_id = num_thresholds, class_id
        inner = [0.5] if num_thresholds == 1 else [0.0, *evenly_spaced(num_thresholds), 1.0]
        self._thresholds = Thresholds(inner)
        self._make_counts((num_thresholds,))

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Update the counts with the decisions of a batch at each threshold.

        Args:
            y_true: tensor of zeros and ones, the targets, `(batch, ...)`.
            y_pred: tensor of floats, the predictions, of the shape of `y_true`.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if targets and predictions, of one shape, or the weights do not fit.
        """
        where = type(self).__name__
        self._count(Samples(self._backend, y_true, y_pred, sample_weight, where, class_id=self.class_id))

    def _best(self, measure: Tensor, other: Tensor) -> Tensor:
        """Return the largest measure where the other is at least the value asked for; 0 if it is nowhere."""
        is_good = ops.greater_equal(other, getattr(self, self._name_of_value))
        return ops.max(ops.where(is_good, measure, ops.zeros_like(measure)))

    def _fraction(self, part: str, rest: str) -> Tensor:
        part, rest = getattr(self, part).value, getattr(self, rest).value
        return ops.divide_no_nan(part, ops.add(part, rest))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        own = {
            "num_thresholds": self.num_thresholds,
            "class_id": self.class_id,
            self._name_of_value: getattr(self, self._name_of_value),
        }
        return {**super().get_config(), **own}


@builtin("keras.metrics")
class SensitivityAtSpecificity(_BestWhere):
    """Compute the largest sensitivity, tp / (tp + fn), of thresholds where the specificity, tn / (tn + fp), suffices.

    Shapes: targets, 0 or 1, and predictions have one shape. Dtype: `config.floatx()`.
    Raises: `ArgumentError` if `specificity` is not a fraction; `ShapeError` if the shapes differ.

    Args:
        specificity: float, the least specificity, in [0, 1].
        num_thresholds: int, how many thresholds, evenly spaced from 0 to 1; 200.
        class_id: int or None, the index of the one class along the last axis that counts, None for all of them; None.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]).item()
    0.5
    """

    _name_of_value = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        """Return the largest sensitivity."""
        sensitivity = self._fraction("true_positives", "false_negatives")
        return self._best(sensitivity, self._fraction("true_negatives", "false_positives"))


@builtin("keras.metrics")
class SpecificityAtSensitivity(_BestWhere):
    """Compute the largest specificity, tn / (tn + fp), of thresholds where the sensitivity, tp / (tp + fn), suffices.

    Shapes: targets, 0 or 1, and predictions have one shape. Dtype: `config.floatx()`.
    Raises: `ArgumentError` if `sensitivity` is not a fraction; `ShapeError` if the shapes differ.

    Args:
        sensitivity: float, the least sensitivity, in [0, 1].
        num_thresholds: int, how many thresholds, evenly spaced from 0 to 1; 200.
        class_id: int or None, the index of the one class along the last axis that counts, None for all of them; None.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> SpecificityAtSensitivity(0.5)([0, 0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.1, 0.3, 0.8]).item()
    0.75
    """

    _name_of_value = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        """Return the largest specificity."""
        specificity = self._fraction("true_negatives", "false_positives")
        return self._best(specificity, self._fraction("true_positives", "false_negatives"))


@builtin("keras.metrics")
class PrecisionAtRecall(_BestWhere):
    """Compute the largest precision, tp / (tp + fp), of thresholds at which the recall, tp / (tp + fn), suffices.

    Shapes: targets, 0 or 1, and predictions have one shape. Dtype: `config.floatx()`.
    Raises: `ArgumentError` if `recall` is not a fraction; `ShapeError` if the shapes differ.

    Args:
        recall: float, the least recall, in [0, 1].
        num_thresholds: int, how many thresholds, evenly spaced from 0 to 1; 200.
        class_id: int or None, the index of the one class along the last axis that counts, None for all of them; None.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> PrecisionAtRecall(0.8)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]).round(4).item()
    0.666700005531311
    """

    _name_of_value = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        """Return the largest precision."""
        precision = self._fraction("true_positives", "false_positives")
        return self._best(precision, self._fraction("true_positives", "false_negatives"))


@builtin("keras.metrics")
class RecallAtPrecision(_BestWhere):
    """Compute the largest recall, tp / (tp + fn), of thresholds at which the precision, tp / (tp + fp), suffices.

    Shapes: targets, 0 or 1, and predictions have one shape. Dtype: `config.floatx()`.
    Raises: `ArgumentError` if `precision` is not a fraction; `ShapeError` if the shapes differ.

    Args:
        precision: float, the least precision, in [0, 1].
        num_thresholds: int, how many thresholds, evenly spaced from 0 to 1; 200.
        class_id: int or None, the index of the one class along the last axis that counts, None for all of them; None.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> RecallAtPrecision(0.8)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]).item()
    0.5
    """

    _name_of_value = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        """Return the largest recall."""
        recall = self._fraction("true_positives", "false_negatives")
        return self._best(recall, self._fraction("true_positives", "false_positives"))
