"""Cross-entropies between target and predicted probabilities, and the labels each of them takes."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ArgumentError, KcoreError

from kcore_train.losses.argument_types import Reduction
from kcore_train.losses.function_loss import FunctionLoss, named_for
from kcore_train.losses.half import half_dtype, in_float32
from kcore_train.losses.labels import binary_labels, checked_smoothing, class_indices, one_hot_labels

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_generalized_cross_entropy",
    "sparse_categorical_crossentropy",
]


@builtin("keras.losses", aliases=("bce", "BCE"))
@in_float32
def binary_crossentropy(
    y_true: Tensor, y_pred: Tensor, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """Compute the mean cross-entropy, in nats, of yes-or-no targets with predicted probabilities, or their logits.

    Shapes: `y_true` and `y_pred` have one shape; the result lacks `axis`, over which the mean is taken.
    Dtype: that of `y_pred`. Probabilities are kept `config.epsilon()` away from 0 and 1.
    Raises: `ShapeError` if the shapes differ; `ArgumentError` if `label_smoothing` is not a fraction.

    Args:
        y_true: tensor of numbers in [0, 1], the targets, of the shape of `y_pred`.
        y_pred: tensor of floats, the predicted probabilities of yes in [0, 1], or logits with `from_logits`.
        from_logits: bool, whether `y_pred` holds logits (any real numbers) rather than probabilities in [0, 1]; False.
        label_smoothing: float, the label smoothing s in [0, 1]: a target t counts as t (1 - s) + s / 2; 0.0.
        axis: int, the axis over which the mean is taken; -1.

    >>> binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
    array([0.6931], dtype=float32)
    """
    y_true, y_pred = binary_labels(y_true, y_pred, label_smoothing, "binary_crossentropy")
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits), axis=axis)


@builtin("keras.losses")
@in_float32
def categorical_crossentropy(
    y_true: Tensor, y_pred: Tensor, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """Compute the cross-entropy, in nats, of target probabilities of classes with predicted ones, or their logits.

    Shapes: `y_true` and `y_pred` have one shape, with the classes along `axis`; the result lacks that axis.
    Dtype: that of `y_pred`. Probabilities are divided by their sum, and kept `config.epsilon()` away from 0 and 1.
    Raises: `ShapeError` if the shapes differ, or there is only one class; `ArgumentError` if `label_smoothing` is not
    a fraction.

    Args:
        y_true: tensor of numbers in [0, 1], the probability of each class (one-hot labels, for example), of the shape
            of `y_pred`.
        y_pred: tensor of floats, the predicted probabilities of the classes along `axis`, or logits with `from_logits`.
        from_logits: bool, whether `y_pred` holds logits (any real numbers) rather than probabilities in [0, 1]; False.
        label_smoothing: float, the label smoothing s in [0, 1]: a target t of n classes counts as t (1 - s) + s / n
            (Szegedy et al., 2016, arXiv:1512.00567, section 7); 0.0.
        axis: int, the axis of the classes; -1.

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
    array([0.6931], dtype=float32)
    """
    y_true, y_pred = one_hot_labels(y_true, y_pred, label_smoothing, axis, "categorical_crossentropy")
    return ops.categorical_crossentropy(y_true, y_pred, from_logits, axis)


@builtin("keras.losses")
@in_float32
def sparse_categorical_crossentropy(
    y_true: Tensor, y_pred: Tensor, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """Compute the cross-entropy, in nats, of target classes with predicted probabilities, or their logits.

    Shapes: `y_pred` has the classes along `axis`; `y_true` lacks that axis, or has size 1 there, and holds class
    indices; the result lacks the axis. Where `y_true` is `ignore_class` the loss is 0.
    Dtype: that of `y_pred`. Probabilities are divided by their sum, and kept `config.epsilon()` away from 0 and 1.
    Raises: `ShapeError` if the shapes do not fit, as those of one-hot labels.

    Args:
        y_true: tensor of ints, class indices from 0, of the shape of `y_pred` without `axis` or with size 1 there.
        y_pred: tensor of floats, the predicted probabilities of the classes along `axis`, or logits with `from_logits`.
        from_logits: bool, whether `y_pred` holds logits (any real numbers) rather than probabilities in [0, 1]; False.
        ignore_class: int or None, the class index whose samples have a loss of 0 (-1 or 255, for example), None for no
            such class; None.
        axis: int, the axis of the classes; -1.

    >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]]).round(4)
    array([0.6931], dtype=float32)
    """
    y_true, y_pred = class_indices(y_true, y_pred, axis, "sparse_categorical_crossentropy")
    values = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    if ignore_class is not None:
        values = ops.where(ops.equal(y_true, ignore_class), ops.zeros_like(values), values)
    return values


@builtin("keras.losses")
@in_float32
def categorical_generalized_cross_entropy(y_true: Tensor, y_pred: Tensor, q: float) -> Tensor:
    """Compute (1 - p^q) / q, where p is the predicted probability of the target class: robust to wrong labels.

    Shapes: `y_pred` has the classes along its last axis; `y_true` holds class indices and lacks that axis; so does
    the result. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes do not fit; `ArgumentError` if `q` is not between 0 and 1.
    Source: Zhang & Sabuncu (2018), arXiv:1805.07836, eq. 6.

    Args:
        y_true: tensor of ints, class indices from 0, of the shape of `y_pred` without the last axis.
        y_pred: tensor of floats, the predicted probabilities of the classes along the last axis.
        q: float, the exponent, between 0 and 1: as it tends to 0 the loss becomes the cross-entropy, at 1 it is half
            the absolute error.

    >>> categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5)
    array([1.], dtype=float32)
    """
    where = "categorical_generalized_cross_entropy"
    _check_q(q, where)
    y_true, y_pred = class_indices(y_true, y_pred, -1, where)
    indices = ops.expand_dims(ops.cast(y_true, "int32"), -1)
    p = ops.squeeze(ops.take_along_axis(y_pred, indices, axis=-1), -1)
    return (1 - ops.power(ops.clip(p, ops.config.epsilon(), 1.0), q)) / q


def _check_q(q: float, where: str) -> None:
    if not 0 < q < 1:
        raise ArgumentError(f"q={q!r} is not between 0 and 1", fix="pass 0.7, for example").at(where)


@builtin("keras.losses")
class BinaryCrossentropy(FunctionLoss):
    """Compute the cross-entropy, in nats, of yes-or-no targets with predicted probabilities of yes.

    Shapes: targets and predictions have one shape; the loss of a sample is the mean over `axis`.
    Raises: `ShapeError` if the shapes differ; `ArgumentError` if `label_smoothing` is not a fraction.

    Args:
        from_logits: bool, whether `y_pred` holds logits (any real numbers) rather than probabilities in [0, 1]; logits
            are the more exact way; False.
        label_smoothing: float, the label smoothing s in [0, 1]: a target t counts as t (1 - s) + s / 2; 0.0.
        axis: int, the axis over which the mean is taken; -1.
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "binary_crossentropy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> BinaryCrossentropy(from_logits=True)([[1.0], [0.0]], [[0.0], [0.0]]).round(4).item()
    0.6930999755859375
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: DTypeLike = None,
    ) -> None:
        checked_smoothing(label_smoothing, type(self).__name__)
        arguments: dict[str, Any] = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_crossentropy, reduction, name, dtype, **arguments)


@builtin("keras.losses")
class CategoricalCrossentropy(FunctionLoss):
    """Compute the cross-entropy, in nats, of one-hot labels, or other probabilities of classes, with predicted ones.

    Shapes: targets and predictions have one shape, with the classes along `axis`.
    Raises: `ShapeError` if the targets are class indices, for `SparseCategoricalCrossentropy`, or there is one class
    only; `ArgumentError` if `label_smoothing` is not a fraction.

    Args:
        from_logits: bool, whether `y_pred` holds logits (any real numbers) rather than probabilities in [0, 1]; logits
            are the more exact way; False.
        label_smoothing: float, the label smoothing s in [0, 1]: a target t of n classes counts as t (1 - s) + s / n;
            0.0.
        axis: int, the axis of the classes; -1.
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "categorical_crossentropy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]).round(4).item()
    0.6930999755859375
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: DTypeLike = None,
    ) -> None:
        checked_smoothing(label_smoothing, type(self).__name__)
        arguments: dict[str, Any] = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, reduction, name, dtype, **arguments)


@builtin("keras.losses")
class SparseCategoricalCrossentropy(FunctionLoss):
    """Compute the cross-entropy, in nats, of target classes, given by their indices, with predicted probabilities.

    Shapes: predictions have the classes along `axis`; targets lack that axis, or have size 1 there.
    Raises: `ShapeError` if the targets are one-hot labels, for `CategoricalCrossentropy`.

    Args:
        from_logits: bool, whether `y_pred` holds logits (any real numbers) rather than probabilities in [0, 1]; logits
            are the more exact way; False.
        ignore_class: int or None, a class index whose samples do not count, not in means either (-1 or 255, for
            example), None for no such class; None.
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        axis: int, the axis of the classes; -1.
        name: str or None, the name in logs, None for that of the function; "sparse_categorical_crossentropy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> SparseCategoricalCrossentropy()([1, 0], [[0.5, 0.5], [0.5, 0.5]]).round(4).item()
    0.6930999755859375
    """

    _has_class_indices = True
    from_logits: bool
    ignore_class: int | None
    axis: int

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: Reduction = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: DTypeLike = None,
    ) -> None:
        arguments: dict[str, Any] = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, reduction, name, dtype, **arguments)

    def _mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        is_own = type(self).call is not FunctionLoss.call or self.fn is not sparse_categorical_crossentropy
        if is_own or self.ignore_class is not None or half_dtype(y_pred) is not None:
            return None
        try:
            y_true, y_pred = class_indices(y_true, y_pred, self.axis, "sparse_categorical_crossentropy")
            return ops.mean_sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, self.axis)
        except KcoreError as error:
            raise named_for(error, self.fn, type(self).__name__)  # noqa: B904 (its cause is its own)

    def _mask(self, y_true: Tensor, values: Tensor, mask: Tensor | None) -> Tensor | None:
        ignored = self._arguments["ignore_class"]
        if ignored is None:
            return mask
        kept = ops.not_equal(y_true, ignored)
        if len(kept.shape) > len(values.shape):
            kept = ops.squeeze(kept, self._arguments["axis"])
        return kept if mask is None else ops.logical_and(kept, mask)


@builtin("keras.losses")
class CategoricalGeneralizedCrossEntropy(FunctionLoss):
    """Compute (1 - p^q) / q, where p is the predicted probability of the target class: robust to wrong labels.

    Shapes: predictions have the classes along the last axis; targets hold class indices and lack that axis.
    Raises: `ArgumentError` if `q` is not between 0 and 1; `ShapeError` if the shapes do not fit.
    Source: Zhang & Sabuncu (2018), arXiv:1805.07836, eq. 6.

    Args:
        q: float, how far wrong labels are tolerated, between 0, the cross-entropy, and 1, half the absolute error; 0.5.
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function;
            "categorical_generalized_cross_entropy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]]).item()
    1.0
    """

    _has_class_indices = True

    def __init__(
        self,
        q: float = 0.5,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: DTypeLike = None,
    ) -> None:
        _check_q(q, type(self).__name__)
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
