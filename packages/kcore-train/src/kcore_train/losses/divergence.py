"""Losses between distributions: Kullback and Leibler's divergence, and the likelihood of counts."""

from __future__ import annotations

import kcore_ops as ops
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.losses.alignment import aligned
from kcore_train.losses.argument_types import Reduction
from kcore_train.losses.function_loss import FunctionLoss
from kcore_train.losses.half import in_float32

__all__ = ["KLDivergence", "Poisson", "kl_divergence", "poisson"]


@builtin("keras.losses", aliases=("kld", "KLD"))
@in_float32
def kl_divergence(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Compute the sum of y_true log(y_true / y_pred), in nats, over the last axis.

    Probabilities are kept `config.epsilon()` above 0.
    Shapes: `y_true` and `y_pred` broadcast; the result lacks the last axis. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes do not broadcast.
    Source: Kullback & Leibler (1951), Annals of Mathematical Statistics 22(1), eq. 2.4.

    Args:
        y_true: tensor of floats, the target probabilities, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor of floats, the predicted probabilities, in [0, 1], along the last axis.

    >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
    array([0.1438], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "kl_divergence")
    least = ops.config.epsilon()
    y_true, y_pred = ops.clip(y_true, least, 1.0), ops.clip(y_pred, least, 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


@builtin("keras.losses")
@in_float32
def poisson(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Compute the mean of y_pred - y_true log(y_pred) over the last axis, in nats, for counts of mean y_pred.

    Shapes: `y_true` and `y_pred` broadcast; the result lacks the last axis. Dtype: that of `y_pred`, to which
    `config.epsilon()` is added before the logarithm.
    Raises: `ShapeError` if the shapes do not broadcast.

    Args:
        y_true: tensor of numbers, the counts, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor of floats above 0, the predicted mean counts.

    >>> poisson([[0.0, 1.0]], [[1.0, 1.0]]).round(4)
    array([1.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "poisson")
    return ops.mean(y_pred - y_true * ops.log(y_pred + ops.config.epsilon()), axis=-1)


@builtin("keras.losses")
class KLDivergence(FunctionLoss):
    """Compute the sum of y_true log(y_true / y_pred), in nats, between two distributions.

    Shapes: targets and predictions broadcast, with the probabilities along the last axis.
    Raises: `ShapeError` if they do not broadcast.
    Source: Kullback & Leibler (1951), Annals of Mathematical Statistics 22(1), eq. 2.4.

    Args:
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "kl_divergence".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]).round(4).item()
    0.14380000531673431
    """

    def __init__(
        self,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


@builtin("keras.losses")
class Poisson(FunctionLoss):
    """Compute the mean of y_pred - y_true log(y_pred): what counts cost, in nats, if predictions are their means.

    Shapes: targets and predictions broadcast; the loss of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not broadcast.

    Args:
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "poisson".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> Poisson()([[0.0, 1.0]], [[1.0, 1.0]]).round(4).item()
    1.0
    """

    def __init__(
        self, reduction: Reduction = "sum_over_batch_size", name: str | None = "poisson", dtype: DTypeLike = None
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)
