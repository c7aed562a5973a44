"""Hinge losses: zero beyond a margin, linear before it."""

from __future__ import annotations

import kcore_ops as ops
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.losses.alignment import aligned
from kcore_train.losses.argument_types import Reduction
from kcore_train.losses.function_loss import FunctionLoss
from kcore_train.losses.half import in_float32

__all__ = ["CategoricalHinge", "Hinge", "SquaredHinge", "categorical_hinge", "hinge", "squared_hinge"]


def _margins(y_true: Tensor, y_pred: Tensor, where: str) -> Tensor:
    """Compute by how much each prediction falls short of the margin; targets that are all 0 or 1 count as -1 or 1."""
    y_true, y_pred = aligned(y_true, y_pred, where)
    is_binary = ops.all(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    sign = ops.where(is_binary, 2.0 * y_true - 1.0, y_true)
    return ops.maximum(1.0 - sign * y_pred, 0.0)


@builtin("keras.losses")
@in_float32
def hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Compute the mean of max(1 - y_true y_pred, 0) over the last axis.

    Shapes: `y_true` and `y_pred` broadcast; the result lacks the last axis. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes do not broadcast.

    Args:
        y_true: tensor of numbers, targets of -1 or 1, or all of them 0 or 1, of a shape that broadcasts with that of
            `y_pred`.
        y_pred: tensor of floats, the scores.

    >>> hinge([[-1.0, 1.0]], [[0.5, 2.0]])
    array([0.75], dtype=float32)
    """
    return ops.mean(_margins(y_true, y_pred, "hinge"), axis=-1)


@builtin("keras.losses")
@in_float32
def squared_hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Compute the mean of max(1 - y_true y_pred, 0)^2 over the last axis.

    Shapes: `y_true` and `y_pred` broadcast; the result lacks the last axis. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes do not broadcast.

    Args:
        y_true: tensor of numbers, targets of -1 or 1, or all of them 0 or 1, of a shape that broadcasts with that of
            `y_pred`.
        y_pred: tensor of floats, the scores.

    >>> squared_hinge([[-1.0, 1.0]], [[0.5, 2.0]])
    array([1.125], dtype=float32)
    """
    return ops.mean(ops.square(_margins(y_true, y_pred, "squared_hinge")), axis=-1)


@builtin("keras.losses")
@in_float32
def categorical_hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Compute by how much the target class's score falls short of 1 more than that of any other class; at least 0.

    Shapes: `y_true`, of ones and zeros, and `y_pred` broadcast, with the classes along the last axis, which the result
    lacks. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes do not broadcast.

    Args:
        y_true: tensor of zeros and ones, one-hot labels, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor of floats, the scores of the classes along the last axis.

    >>> categorical_hinge([[0.0, 1.0]], [[0.5, 1.0]])
    array([0.5], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "categorical_hinge")
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


@builtin("keras.losses")
class Hinge(FunctionLoss):
    """Compute the mean of max(1 - y_true y_pred, 0), for targets of -1 or 1; all 0 or 1, they are taken as those.

    Shapes: targets and predictions broadcast; the loss of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not broadcast.

    Args:
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "hinge".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> Hinge()([[-1.0, 1.0]], [[0.5, 2.0]]).item()
    0.75
    """

    def __init__(
        self, reduction: Reduction = "sum_over_batch_size", name: str | None = "hinge", dtype: DTypeLike = None
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


@builtin("keras.losses")
class SquaredHinge(FunctionLoss):
    """Compute the mean of max(1 - y_true y_pred, 0)^2, for targets as of `Hinge`.

    Shapes: targets and predictions broadcast; the loss of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not broadcast.

    Args:
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "squared_hinge".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> SquaredHinge()([[-1.0, 1.0]], [[0.5, 2.0]]).item()
    1.125
    """

    def __init__(
        self,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


@builtin("keras.losses")
class CategoricalHinge(FunctionLoss):
    """Compute by how much the target class's score falls short of 1 more than that of any other class; at least 0.

    Shapes: targets, of ones and zeros, and predictions broadcast, with the classes along the last axis.
    Raises: `ShapeError` if they do not broadcast.

    Args:
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "categorical_hinge".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]).item()
    0.5
    """

    def __init__(
        self,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
