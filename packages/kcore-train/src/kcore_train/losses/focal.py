"""Focal cross-entropies: samples that are easily told apart count for less."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.losses.argument_types import Reduction
from kcore_train.losses.function_loss import FunctionLoss
from kcore_train.losses.half import in_float32
from kcore_train.losses.labels import binary_labels, one_hot_labels

__all__ = [
    "BinaryFocalCrossentropy",
    "CategoricalFocalCrossentropy",
    "binary_focal_crossentropy",
    "categorical_focal_crossentropy",
]


@builtin("keras.losses")
@in_float32
def binary_focal_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Compute the mean of (1 - p_t)^gamma times the binary cross-entropy, p_t being the probability of the target.

    Shapes: `y_true` and `y_pred` have one shape; the result lacks `axis`. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes differ; `ArgumentError` if `label_smoothing` is not a fraction.
    Source: Lin et al. (2017), arXiv:1708.02002, eq. 5.

    Args:
        y_true: tensor of numbers in [0, 1], the targets, of the shape of `y_pred`.
        y_pred: tensor of floats, the predicted probabilities of yes in [0, 1], or logits with `from_logits`.
        apply_class_balancing: bool, whether a target of 1 weighs `alpha`, and one of 0 weighs 1 - `alpha`; False.
        alpha: float, the weight of targets of 1, in [0, 1], with `apply_class_balancing`; 0.25.
        gamma: float, the focusing exponent, at least 0: the larger, the less easy samples count; at 0 all count the
            same; 2.0.
        from_logits: bool, whether `y_pred` holds logits (any real numbers) rather than probabilities in [0, 1]; False.
        label_smoothing: float, the label smoothing s in [0, 1]: a target t counts as t (1 - s) + s / 2; 0.0.
        axis: int, the axis over which the mean is taken; -1.

    >>> binary_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
    array([0.1733], dtype=float32)
    """
    y_true, y_pred = binary_labels(y_true, y_pred, label_smoothing, "binary_focal_crossentropy")
    p = ops.sigmoid(y_pred) if from_logits else y_pred
    p_t = y_true * p + (1 - y_true) * (1 - p)
    values = ops.power(1 - p_t, gamma) * ops.binary_crossentropy(y_true, y_pred, from_logits)
    if apply_class_balancing:
        values = values * (y_true * alpha + (1 - y_true) * (1 - alpha))
    return ops.mean(values, axis=axis)


@builtin("keras.losses")
@in_float32
def categorical_focal_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Compute the sum of -alpha (1 - p)^gamma y_true log(p) over the classes, p being their predicted probabilities.

    Shapes: `y_true` and `y_pred` have one shape, with the classes along `axis`, which the result lacks.
    Dtype: that of `y_pred`. Probabilities are divided by their sum, and kept `config.epsilon()` away from 0 and 1.
    Raises: `ShapeError` if the shapes differ; `ArgumentError` if `label_smoothing` is not a fraction.
    Source: Lin et al. (2017), arXiv:1708.02002, eq. 5.

    Args:
        y_true: tensor of numbers in [0, 1], the probability of each class (one-hot labels, for example), of the shape
            of `y_pred`.
        y_pred: tensor of floats, the predicted probabilities of the classes along `axis`, or logits with `from_logits`.
        alpha: float, a factor of the loss of every class; 0.25.
        gamma: float, the focusing exponent, at least 0: the larger, the less easy samples count; at 0 all count the
            same; 2.0.
        from_logits: bool, whether `y_pred` holds logits (any real numbers) rather than probabilities in [0, 1]; False.
        label_smoothing: float, the label smoothing s in [0, 1]: a target t of n classes counts as t (1 - s) + s / n;
            0.0.
        axis: int, the axis of the classes; -1.

    >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
    array([0.0433], dtype=float32)
    """
    y_true, y_pred = one_hot_labels(y_true, y_pred, label_smoothing, axis, "categorical_focal_crossentropy")
    p = ops.softmax(y_pred, axis=axis) if from_logits else y_pred / ops.sum(y_pred, axis=axis, keepdims=True)
    p = ops.clip(p, ops.config.epsilon(), 1 - ops.config.epsilon())
    return ops.sum(-alpha * ops.power(1 - p, gamma) * y_true * ops.log(p), axis=axis)


@builtin("keras.losses")
class BinaryFocalCrossentropy(FunctionLoss):
    """Compute the binary cross-entropy times (1 - p_t)^gamma, so that samples easily told apart count for less.

    Shapes: targets and predictions have one shape; the loss of a sample is the mean over `axis`.
    Raises: `ShapeError` if the shapes differ.
    Source: Lin et al. (2017), arXiv:1708.02002, eq. 5.

    Args:
        apply_class_balancing: bool, whether a target of 1 weighs `alpha`, and one of 0 weighs 1 - `alpha`; False.
        alpha: float, the weight of targets of 1, in [0, 1], with `apply_class_balancing`; 0.25.
        gamma: float, the focusing exponent, at least 0: the larger, the less easy samples count; at 0 all count the
            same; 2.0.
        from_logits: bool, whether `y_pred` holds logits (any real numbers) rather than probabilities in [0, 1]; False.
        label_smoothing: float, the label smoothing s in [0, 1]: a target t counts as t (1 - s) + s / 2; 0.0.
        axis: int, the axis over which the mean is taken; -1.
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "binary_focal_crossentropy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> BinaryFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]).round(4).item()
    0.17329999804496765
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: DTypeLike = None,
    ) -> None:
        arguments: dict[str, Any] = {"apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma}
        arguments |= {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_focal_crossentropy, reduction, name, dtype, **arguments)


@builtin("keras.losses")
class CategoricalFocalCrossentropy(FunctionLoss):
    """Compute the categorical cross-entropy times (1 - p)^gamma, so that samples easily told apart count for less.

    Shapes: targets and predictions have one shape, with the classes along `axis`.
    Raises: `ShapeError` if the shapes differ.
    Source: Lin et al. (2017), arXiv:1708.02002, eq. 5.

    Args:
        alpha: float, a factor of the loss of every class; 0.25.
        gamma: float, the focusing exponent, at least 0: the larger, the less easy samples count; at 0 all count the
            same; 2.0.
        from_logits: bool, whether `y_pred` holds logits (any real numbers) rather than probabilities in [0, 1]; False.
        label_smoothing: float, the label smoothing s in [0, 1]: a target t of n classes counts as t (1 - s) + s / n;
            0.0.
        axis: int, the axis of the classes; -1.
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "categorical_focal_crossentropy".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]).round(4).item()
    0.043299999088048935
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: DTypeLike = None,
    ) -> None:
        arguments: dict[str, Any] = {"alpha": alpha, "gamma": gamma, "from_logits": from_logits}
        arguments |= {"label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_focal_crossentropy, reduction, name, dtype, **arguments)
