"""Focal cross-entropies: samples that are easily told apart count for less."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin

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
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Average (1 - p_t)^gamma times the binary cross-entropy, p_t being the probability of the target, over `axis`.

    With `apply_class_balancing` a target of 1 weighs `alpha`, one of 0 weighs 1 - `alpha`.
    Shapes: `y_true` and `y_pred` have one shape; the result lacks `axis`. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes differ; `ArgumentError` if `label_smoothing` is not a fraction.
    Source: Lin et al. (2017), arXiv:1708.02002, eq. 5.

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
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Sum -alpha (1 - p)^gamma y_true log(p) over the classes, p being their predicted probabilities.

    Shapes: `y_true` and `y_pred` have one shape, with the classes along `axis`, which the result lacks.
    Dtype: that of `y_pred`. Probabilities are divided by their sum, and kept `config.epsilon()` away from 0 and 1.
    Raises: `ShapeError` if the shapes differ; `ArgumentError` if `label_smoothing` is not a fraction.
    Source: Lin et al. (2017), arXiv:1708.02002, eq. 5.

    >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
    array([0.0433], dtype=float32)
    """
    y_true, y_pred = one_hot_labels(y_true, y_pred, label_smoothing, axis, "categorical_focal_crossentropy")
    p = ops.softmax(y_pred, axis=axis) if from_logits else y_pred / ops.sum(y_pred, axis=axis, keepdims=True)
    p = ops.clip(p, ops.config.epsilon(), 1 - ops.config.epsilon())
    return ops.sum(-alpha * ops.power(1 - p, gamma) * y_true * ops.log(p), axis=axis)


@builtin("keras.losses")
class BinaryFocalCrossentropy(FunctionLoss):
    """Binary cross-entropy in which samples that are easily told apart count for less: times (1 - p_t)^gamma.

    Shapes: targets and predictions have one shape; the loss of a sample is the mean over `axis`.
    Raises: `ShapeError` if the shapes differ.
    Source: Lin et al. (2017), arXiv:1708.02002, eq. 5.

    Args:
        apply_class_balancing: whether a target of 1 weighs `alpha`, and one of 0 weighs 1 - `alpha`.
        alpha: the weight of targets of 1: a fraction.
        gamma: how much less easy samples count; at 0 all count the same.
        from_logits: whether predictions are logits rather than probabilities.
        label_smoothing: how far targets are drawn towards 0.5: a fraction.
        axis: the axis over which the mean is taken.
        reduction, name, dtype: as of `Loss`.

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
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        arguments: dict[str, Any] = {"apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma}
        arguments |= {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_focal_crossentropy, reduction, name, dtype, **arguments)


@builtin("keras.losses")
class CategoricalFocalCrossentropy(FunctionLoss):
    """Categorical cross-entropy in which samples that are easily told apart count for less: times (1 - p)^gamma.

    Shapes: targets and predictions have one shape, with the classes along `axis`.
    Raises: `ShapeError` if the shapes differ.
    Source: Lin et al. (2017), arXiv:1708.02002, eq. 5.

    Args:
        alpha: a factor of every class.
        gamma: how much less easy samples count; at 0 all count the same.
        from_logits: whether predictions are logits rather than probabilities.
        label_smoothing: how far targets are drawn towards the uniform distribution: a fraction.
        axis: the axis of classes.
        reduction, name, dtype: as of `Loss`.

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
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        arguments: dict[str, Any] = {"alpha": alpha, "gamma": gamma, "from_logits": from_logits}
        arguments |= {"label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_focal_crossentropy, reduction, name, dtype, **arguments)
