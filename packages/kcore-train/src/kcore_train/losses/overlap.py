"""Losses between regions: how much of target and prediction does not overlap."""

from __future__ import annotations

import kcore_ops as ops
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.losses.alignment import aligned
from kcore_train.losses.argument_types import Reduction
from kcore_train.losses.function_loss import FunctionLoss
from kcore_train.losses.half import in_float32

__all__ = ["Dice", "Tversky", "dice", "tversky"]

_Axes = int | tuple[int, ...] | list[int] | None


@builtin("keras.losses")
@in_float32
def dice(y_true: Tensor, y_pred: Tensor, axis: _Axes = None) -> Tensor:
    """Compute 1 - 2 |T P| / (|T| + |P|), of targets T and predictions P in [0, 1], summed over `axis`.

    Shapes: `y_true` and `y_pred` have one shape; the result lacks `axis`, which is all axes if None.
    Dtype: that of `y_pred`. `config.epsilon()` is added to the divisor.
    Raises: `ShapeError` if the shapes differ.
    Source: Milletari et al. (2016), arXiv:1606.04797, section 3, without the squares.

    Args:
        y_true: tensor of numbers in [0, 1], the targets, of the shape of `y_pred`.
        y_pred: tensor of floats in [0, 1], the predictions.
        axis: int, several ints or None, the axes of one region, None for all of them; those of a batch of images are
            (1, 2, 3); None.

    >>> dice([[0.0, 1.0]], [[0.5, 1.0]]).round(4).item()
    0.20000000298023224
    """
    y_true, y_pred = aligned(y_true, y_pred, "dice", broadcast=False)
    axis = _as_tuple(axis)
    common = ops.sum(y_true * y_pred, axis=axis)
    total = ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis)
    return 1 - 2.0 * common / (total + ops.config.epsilon())


@builtin("keras.losses")
@in_float32
def tversky(y_true: Tensor, y_pred: Tensor, alpha: float = 0.5, beta: float = 0.5, axis: _Axes = None) -> Tensor:
    """Compute 1 - |T P| / (|T P| + alpha |T - P| + beta |P - T|), of targets T and predictions P in [0, 1].

    Shapes: `y_true` and `y_pred` have one shape; the result lacks `axis`, which is all axes if None.
    Dtype: that of `y_pred`. `config.epsilon()` is added to the divisor.
    Raises: `ShapeError` if the shapes differ.
    Source: Salehi et al. (2017), arXiv:1706.05721, eq. 3, with alpha and beta the other way round, as Keras has them.

    Args:
        y_true: tensor of numbers in [0, 1], the targets, of the shape of `y_pred`.
        y_pred: tensor of floats in [0, 1], the predictions.
        alpha: float, what false negatives cost; 0.5.
        beta: float, what false positives cost; 0.5.
        axis: int, several ints or None, the axes of one region, None for all of them; those of a batch of images are
            (1, 2, 3); None.

    >>> tversky([[0.0, 1.0]], [[0.5, 1.0]]).round(4).item()
    0.20000000298023224
    """
    y_true, y_pred = aligned(y_true, y_pred, "tversky", broadcast=False)
    axis = _as_tuple(axis)
    common = ops.sum(y_true * y_pred, axis=axis)
    false_positive = ops.sum((1 - y_true) * y_pred, axis=axis)
    false_negative = ops.sum(y_true * (1 - y_pred), axis=axis)
    return 1 - common / (common + alpha * false_negative + beta * false_positive + ops.config.epsilon())


def _as_tuple(axis: _Axes) -> int | tuple[int, ...] | None:
    return tuple(axis) if isinstance(axis, list) else axis


@builtin("keras.losses")
class Dice(FunctionLoss):
    """Compute 1 - 2 |T P| / (|T| + |P|), of targets T and predictions P in [0, 1].

    Shapes: targets and predictions have one shape; sums are over `axis`.
    Raises: `ShapeError` if the shapes differ.
    Source: Milletari et al. (2016), arXiv:1606.04797, section 3, without the squares.

    Args:
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "dice".
        axis: int, several ints or None, the axes of one region, None for all of them; those of a batch of images are
            (1, 2, 3); None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> Dice()([[0.0, 1.0]], [[0.5, 1.0]]).round(4).item()
    0.20000000298023224
    """

    def __init__(
        self,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "dice",
        axis: _Axes = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(dice, reduction, name, dtype, axis=axis)


@builtin("keras.losses")
class Tversky(FunctionLoss):
    """Compute 1 - |T P| / (|T P| + alpha |T - P| + beta |P - T|), of targets T and predictions P in [0, 1].

    Shapes: targets and predictions have one shape; sums are over `axis`.
    Raises: `ShapeError` if the shapes differ.
    Source: Salehi et al. (2017), arXiv:1706.05721, eq. 3, with alpha and beta the other way round, as Keras has them.

    Args:
        alpha: float, what false negatives cost; 0.5.
        beta: float, what false positives cost; with 0.5 for both the loss is `Dice`; 0.5.
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "tversky".
        axis: int, several ints or None, the axes of one region, None for all of them; those of a batch of images are
            (1, 2, 3); None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> Tversky()([[0.0, 1.0]], [[0.5, 1.0]]).round(4).item()
    0.20000000298023224
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: _Axes = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
