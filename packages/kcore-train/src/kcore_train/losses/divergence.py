"""Losses between distributions: Kullback and Leibler's divergence, and the likelihood of counts."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin

from kcore_train.losses.alignment import aligned
from kcore_train.losses.function_loss import FunctionLoss
from kcore_train.losses.half import in_float32

__all__ = ["KLDivergence", "Poisson", "kl_divergence", "poisson"]


@builtin("keras.losses", aliases=("kld", "KLD"))
@in_float32
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Sum y_true log(y_true / y_pred), in nats, over the last axis; probabilities are kept `config.epsilon()` above 0.

    Shapes: `y_true` and `y_pred` broadcast; the result lacks the last axis. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes do not broadcast.
    Source: Kullback & Leibler (1951), Annals of Mathematical Statistics 22(1), eq. 2.4.

    >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
    array([0.1438], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "kl_divergence")
    least = ops.config.epsilon()
    y_true, y_pred = ops.clip(y_true, least, 1.0), ops.clip(y_pred, least, 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


@builtin("keras.losses")
@in_float32
def poisson(y_true: Any, y_pred: Any) -> Any:
    """Average y_pred - y_true log(y_pred) over the last axis: what counts cost, in nats, if these are their means.

    Shapes: `y_true` and `y_pred` broadcast; the result lacks the last axis. Dtype: that of `y_pred`, to which
    `config.epsilon()` is added before the logarithm.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> poisson([[0.0, 1.0]], [[1.0, 1.0]]).round(4)
    array([1.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "poisson")
    return ops.mean(y_pred - y_true * ops.log(y_pred + ops.config.epsilon()), axis=-1)


@builtin("keras.losses")
class KLDivergence(FunctionLoss):
    """The sum of y_true log(y_true / y_pred), in nats, between two distributions.

    Shapes: targets and predictions broadcast, with the probabilities along the last axis.
    Raises: `ShapeError` if they do not broadcast.
    Source: Kullback & Leibler (1951), Annals of Mathematical Statistics 22(1), eq. 2.4.

    Args:
        reduction, name, dtype: as of `Loss`.

    >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]).round(4).item()
    0.14380000531673431
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence", dtype: Any = None
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


@builtin("keras.losses")
class Poisson(FunctionLoss):
    """The mean of y_pred - y_true log(y_pred): what counts cost, in nats, if predictions are their means.

    Shapes: targets and predictions broadcast; the loss of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not broadcast.

    Args:
        reduction, name, dtype: as of `Loss`.

    >>> Poisson()([[0.0, 1.0]], [[1.0, 1.0]]).round(4).item()
    1.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)
