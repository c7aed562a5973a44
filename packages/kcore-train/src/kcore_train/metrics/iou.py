"""Intersection over union of regions, class by class."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_layers.base.masking import get_mask, set_mask
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.dtypes import is_float_dtype
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import show_shape, size_of

from kcore_train.metrics.metric import Metric, check_count

__all__ = ["BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"]


class _Confusion(Metric):
    """Count how often each class was predicted where each class was the target."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: DTypeLike = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        # Integers, as floats stop counting single pixels at 16 million of them.
        super().__init__(name=name, dtype="int32" if dtype is None else dtype)
        check_count("num_classes", num_classes, 1, type(self).__name__)
        self.num_classes, self.ignore_class, self.axis = num_classes, ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_variable(
            (num_classes, num_classes), None, dtype=self.dtype, name="total_confusion_matrix"
        )

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Update the counts of pairs of target and predicted class; those with a class that is none are left out.

        Args:
            y_true: tensor of class indices, or one-hot labels, by `sparse_y_true`.
            y_pred: tensor of class indices, or scores, by `sparse_y_pred`.
            sample_weight: tensor or None, factors of the samples, as many as class indices or one, None for ones; None.

        Raises:
            ShapeError: if targets, predictions and weights have not equally many numbers.
        """
        mask = get_mask(y_pred)
        y_true, y_pred = self._tensor(y_true), self._tensor(y_pred)
        if not self.sparse_y_true:
            y_true = ops.argmax(y_true, axis=self.axis)
        if not self.sparse_y_pred:
            y_pred = ops.argmax(y_pred, axis=self.axis)
        count = self.num_classes
        kept = None if mask is None else self._kept(mask, y_pred)
        y_true, y_pred = self._flat(y_true, "y_true", None), self._flat(y_pred, "y_pred", y_true)
        target, predicted = ops.cast(y_true, "int32"), ops.cast(y_pred, "int32")
        if sample_weight is None:
            weight = ops.ones_like(target, dtype=self.dtype)
        else:
            weight = self._weight(sample_weight, target)
        is_class = ops.logical_and(ops.greater_equal(target, 0), ops.less(target, count))
        is_class = ops.logical_and(is_class, ops.greater_equal(predicted, 0))
        is_class = ops.logical_and(is_class, ops.less(predicted, count))
        if kept is not None:
            is_class = ops.logical_and(is_class, kept)
        if self.ignore_class is not None:
            is_class = ops.logical_and(is_class, ops.not_equal(target, self.ignore_class))
        # Segments below 0 are left out of the sum.
        cells = ops.where(is_class, target * count + predicted, ops.full_like(target, -1))
        counts = ops.segment_sum(weight, cells, num_segments=count * count)
        self.total_cm.assign_add(ops.reshape(counts, (count, count)))

    def _kept(self, mask: Tensor, y_pred: Tensor) -> Tensor:
        """Return whether each prediction counts, from a mask of their leading axes."""
        mask = self._tensor(mask, "bool")
        missing = len(y_pred.shape) - len(mask.shape)
        if missing > 0:
            mask = ops.expand_dims(mask, tuple(range(-missing, 0)))
        return ops.reshape(ops.broadcast_to(mask, ops.shape(y_pred)), (-1,))

    def _flat(self, x: Tensor, name: str, other: Tensor | None) -> Tensor:
        sizes = (*x.shape, *(() if other is None else other.shape))
        if other is not None and None not in sizes and size_of(tuple(x.shape)) != size_of(tuple(other.shape)):
            raise ShapeError(
                f"y_true has shape {show_shape(other.shape)}, {name} has shape {show_shape(x.shape)}",
                fix="pass one for each of the other",
            ).at(type(self).__name__)
        return ops.reshape(x, (-1,))

    def _weight(self, sample_weight: Tensor, like: Tensor) -> Tensor:
        weight = self._tensor(sample_weight)
        if is_float_dtype(ops.dtype(weight)) and not is_float_dtype(self.dtype):
            warnings.warn(
                f"{type(self).__name__} counts in {self.dtype}, and cuts sample_weight to whole numbers; if it has "
                "fractions pass dtype='float32'",
                stacklevel=3,
            )
        weight = ops.cast(weight, self.dtype)
        if len(weight.shape) == 0:
            return ops.broadcast_to(weight, ops.shape(like))
        return self._flat(weight, "sample_weight", like)

    def _ious(self) -> tuple[Tensor, Tensor]:
        """Return the intersection over the union of each class, and whether the class was met at all."""
        matrix = ops.cast(self.total_cm.value, ops.config.floatx())
        both = ops.diagonal(matrix)
        either = ops.sum(matrix, axis=0) + ops.sum(matrix, axis=1) - both
        return ops.divide_no_nan(both, either), ops.cast(ops.greater(either, 0), ops.dtype(matrix))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        own = {
            "num_classes": self.num_classes,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }
        return {**super().get_config(), **own}


@builtin("keras.metrics")
class IoU(_Confusion):
    """Compute the intersection over the union of targets and predictions, averaged over some of the classes.

    Classes that neither targets nor predictions have do not count.
    Shapes: targets and predictions hold class indices, equally many; or scores, with the classes along `axis`.
    Dtype: `config.floatx()`.
    Raises: `ArgumentError` if a target class is not one; `ShapeError` if the shapes do not fit.

    Args:
        num_classes: int, the number of classes, at least 1.
        target_class_ids: sequence of ints, the indices of the classes to average over.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, of the counts; None, for int32.
        ignore_class: int or None, a target class whose samples do not count (-1 or 255, for example), None for no such
            class; None.
        sparse_y_true: bool, whether targets are class indices, rather than one-hot along `axis`; True.
        sparse_y_pred: bool, whether predictions are class indices, rather than scores along `axis`; True.
        axis: int, the axis of the classes; -1.

    >>> IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1]).round(4).item()
    0.33329999446868896
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: DTypeLike = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)
        self.target_class_ids = list(target_class_ids)
        wrong = [each for each in self.target_class_ids if not 0 <= each < num_classes]
        if wrong or not self.target_class_ids:
            raise ArgumentError(
                f"target_class_ids={target_class_ids!r} are not classes, of which there are {num_classes}",
                fix=f"pass some of the numbers from 0 to {num_classes - 1}",
            ).at(type(self).__name__)

    def result(self) -> Tensor:
        """Return the average."""
        ious, is_met = self._ious()
        is_chosen = np.isin(np.arange(self.num_classes), self.target_class_ids)
        is_met = ops.multiply(is_met, is_chosen)
        return ops.divide_no_nan(ops.sum(ious * is_met), ops.sum(is_met))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        return {**super().get_config(), "target_class_ids": self.target_class_ids}


@builtin("keras.metrics")
class BinaryIoU(IoU):
    """Compute the intersection over the union of yes-or-no targets and predictions, averaged over no, yes or both.

    Shapes: targets, 0 or 1, and predictions, probabilities, are equally many. Dtype: `config.floatx()`.
    Raises: `ArgumentError` if a target class is neither 0 nor 1; `ShapeError` if the shapes do not fit.

    Args:
        target_class_ids: sequence of ints, the indices of the classes to average over; (0, 1).
        threshold: float, the least prediction that means 1, in [0, 1]; 0.5.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, of the counts; None, for int32.

    >>> BinaryIoU()([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]).round(4).item()
    0.583299994468689
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Update the counts of pairs of target and decision.

        Args:
            y_true: tensor of zeros and ones, the targets, of any shape.
            y_pred: tensor of floats, the predicted probabilities, as many as targets.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if targets, predictions and weights have not equally many numbers.
        """
        decided = ops.greater_equal(self._tensor(y_pred), self.threshold)
        set_mask(decided, get_mask(y_pred))
        super().update_state(y_true, decided, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        config = super().get_config()
        kept = {key: config[key] for key in ("name", "dtype", "target_class_ids")}
        return {**kept, "threshold": self.threshold}


@builtin("keras.metrics")
class MeanIoU(IoU):
    """Compute the intersection over the union of targets and predictions, averaged over all classes that were met.

    Shapes: targets and predictions hold class indices, equally many; or scores, with the classes along `axis`.
    Dtype: `config.floatx()`.
    Raises: `ShapeError` if the shapes do not fit.

    Args:
        num_classes: int, the number of classes, at least 1.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, of the counts; None, for int32.
        ignore_class: int or None, a target class whose samples do not count (-1 or 255, for example), None for no such
            class; None.
        sparse_y_true: bool, whether targets are class indices, rather than one-hot along `axis`; True.
        sparse_y_pred: bool, whether predictions are class indices, rather than scores along `axis`; True.
        axis: int, the axis of the classes; -1.

    >>> MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1]).round(4).item()
    0.33329999446868896
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: DTypeLike = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        ids = range(num_classes)
        super().__init__(num_classes, ids, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        config = super().get_config()
        del config["target_class_ids"]
        return config


@builtin("keras.metrics")
class OneHotIoU(IoU):
    """Compute the `IoU` of one-hot targets, and of scores unless `sparse_y_pred`.

    Args:
        num_classes: int, the number of classes, at least 1.
        target_class_ids: sequence of ints, the indices of the classes to average over.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, of the counts; None, for int32.
        ignore_class: int or None, a target class whose samples do not count (-1 or 255, for example), None for no such
            class; None.
        sparse_y_pred: bool, whether predictions are class indices, rather than scores along `axis`; False.
        axis: int, the axis of the classes; -1.

    >>> metric = OneHotIoU(num_classes=2, target_class_ids=[1])
    >>> metric([[0, 1], [1, 0], [0, 1]], [[0.2, 0.8], [0.4, 0.6], [0.1, 0.9]]).round(4).item()
    0.666700005531311
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: DTypeLike = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        config = super().get_config()
        del config["sparse_y_true"]
        return config


@builtin("keras.metrics")
class OneHotMeanIoU(MeanIoU):
    """Compute the `MeanIoU` of one-hot targets, and of scores unless `sparse_y_pred`.

    Args:
        num_classes: int, the number of classes, at least 1.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, of the counts; None, for int32.
        ignore_class: int or None, a target class whose samples do not count (-1 or 255, for example), None for no such
            class; None.
        sparse_y_pred: bool, whether predictions are class indices, rather than scores along `axis`; False.
        axis: int, the axis of the classes; -1.

    >>> metric = OneHotMeanIoU(num_classes=2)
    >>> metric([[0, 1], [1, 0], [0, 1]], [[0.2, 0.8], [0.4, 0.6], [0.1, 0.9]]).round(4).item()
    0.33329999446868896
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: DTypeLike = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        config = super().get_config()
        del config["sparse_y_true"]
        return config
