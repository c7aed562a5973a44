"""How far predictions vary along with targets."""

from __future__ import annotations

import kcore_ops as ops
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.losses.alignment import aligned
from kcore_train.metrics.mean import MeanMetricWrapper

__all__ = ["ConcordanceCorrelation", "PearsonCorrelation", "concordance_correlation", "pearson_correlation"]


@builtin("keras.metrics")
def pearson_correlation(y_true: Tensor, y_pred: Tensor, axis: int = -1) -> Tensor:
    """Compute the covariance of targets and predictions along `axis` over their standard deviations: from -1 to 1.

    Shapes: `y_true` and `y_pred` have one shape; the result lacks `axis`. Dtype: that of `y_pred`.
    Where one of the two is constant, it is not a number.
    Raises: `ShapeError` if the shapes differ.
    Source: Pearson (1895), Proceedings of the Royal Society of London 58.

    Args:
        y_true: tensor of floats, the targets, of the shape of `y_pred`.
        y_pred: tensor of floats, the predictions.
        axis: int, the axis along which they vary; -1.

    >>> pearson_correlation([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]).round(4)
    array([1.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "pearson_correlation", broadcast=False)
    x, y = _centred(y_true, axis)[1], _centred(y_pred, axis)[1]
    spread = ops.sqrt(ops.mean(ops.square(x), axis=axis)) * ops.sqrt(ops.mean(ops.square(y), axis=axis))
    return ops.mean(x * y, axis=axis) / spread


@builtin("keras.metrics")
def concordance_correlation(y_true: Tensor, y_pred: Tensor, axis: int = -1) -> Tensor:
    """Compute 2 cov(x, y) / (var(x) + var(y) + (mean(x) - mean(y))^2) along `axis`: 1 only if the two are equal.

    Shapes: `y_true` and `y_pred` have one shape; the result lacks `axis`. Dtype: that of `y_pred`, of which
    `config.epsilon()` is added to the divisor.
    Raises: `ShapeError` if the shapes differ.
    Source: Lin (1989), doi:10.2307/2532051.

    Args:
        y_true: tensor of floats, the targets, of the shape of `y_pred`.
        y_pred: tensor of floats, the predictions.
        axis: int, the axis along which they vary; -1.

    >>> concordance_correlation([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]]).round(4)
    array([0.5714], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "concordance_correlation", broadcast=False)
    (x_mean, x), (y_mean, y) = _centred(y_true, axis), _centred(y_pred, axis)
    spread = ops.mean(ops.square(x), axis=axis) + ops.mean(ops.square(y), axis=axis)
    offset = ops.squeeze(ops.square(x_mean - y_mean), axis)
    return 2 * ops.mean(x * y, axis=axis) / (spread + offset + ops.config.epsilon())


def _centred(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    mean = ops.mean(x, axis=axis, keepdims=True)
    return mean, x - mean


@builtin("keras.metrics")
class PearsonCorrelation(MeanMetricWrapper):
    """Compute the covariance of targets and predictions along an axis over their standard deviations: from -1 to 1.

    Shapes: targets and predictions have one shape; what is averaged lacks `axis`.
    Raises: `ShapeError` if the shapes differ.
    Source: Pearson (1895), Proceedings of the Royal Society of London 58.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "pearson_correlation".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.
        axis: int, the axis along which they vary; -1.

    >>> PearsonCorrelation()([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]).round(4).item()
    1.0
    """

    def __init__(self, name: str | None = "pearson_correlation", dtype: DTypeLike = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


@builtin("keras.metrics")
class ConcordanceCorrelation(MeanMetricWrapper):
    """Compute how near to the line y_true = y_pred the points along an axis are: 1 only if the two are equal.

    Shapes: targets and predictions have one shape; what is averaged lacks `axis`.
    Raises: `ShapeError` if the shapes differ.
    Source: Lin (1989), doi:10.2307/2532051.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "concordance_correlation".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.
        axis: int, the axis along which they vary; -1.

    >>> ConcordanceCorrelation()([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]]).round(4).item()
    0.571399986743927
    """

    def __init__(self, name: str | None = "concordance_correlation", dtype: DTypeLike = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
