"""How far predictions vary along with targets."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin

from kcore_train.losses.alignment import aligned
from kcore_train.metrics.mean import MeanMetricWrapper

__all__ = ["ConcordanceCorrelation", "PearsonCorrelation", "concordance_correlation", "pearson_correlation"]


@builtin("keras.metrics")
def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Give the covariance of targets and predictions along `axis`, divided by their standard deviations: from -1 to 1.

    Shapes: `y_true` and `y_pred` have one shape; the result lacks `axis`. Dtype: that of `y_pred`.
    Where one of the two is constant, it is not a number.
    Raises: `ShapeError` if the shapes differ.
    Source: Pearson (1895), Proceedings of the Royal Society of London 58.

    >>> pearson_correlation([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]).round(4)
    array([1.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "pearson_correlation", broadcast=False)
    x, y = _centred(y_true, axis)[1], _centred(y_pred, axis)[1]
    spread = ops.sqrt(ops.mean(ops.square(x), axis=axis)) * ops.sqrt(ops.mean(ops.square(y), axis=axis))
    return ops.mean(x * y, axis=axis) / spread


@builtin("keras.metrics")
def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Give 2 cov(x, y) / (var(x) + var(y) + (mean(x) - mean(y))^2) along `axis`: 1 only if the two are equal.

    Shapes: `y_true` and `y_pred` have one shape; the result lacks `axis`. Dtype: that of `y_pred`, of which
    `config.epsilon()` is added to the divisor.
    Raises: `ShapeError` if the shapes differ.
    Source: Lin (1989), doi:10.2307/2532051.

    >>> concordance_correlation([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]]).round(4)
    array([0.5714], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "concordance_correlation", broadcast=False)
    (x_mean, x), (y_mean, y) = _centred(y_true, axis), _centred(y_pred, axis)
    spread = ops.mean(ops.square(x), axis=axis) + ops.mean(ops.square(y), axis=axis)
    offset = ops.squeeze(ops.square(x_mean - y_mean), axis)
    return 2 * ops.mean(x * y, axis=axis) / (spread + offset + ops.config.epsilon())


def _centred(x: Any, axis: int) -> tuple[Any, Any]:
    mean = ops.mean(x, axis=axis, keepdims=True)
    return mean, x - mean


@builtin("keras.metrics")
class PearsonCorrelation(MeanMetricWrapper):
    """The covariance of targets and predictions along an axis, divided by their standard deviations: from -1 to 1.

    Shapes: targets and predictions have one shape; what is averaged lacks `axis`.
    Raises: `ShapeError` if the shapes differ.
    Source: Pearson (1895), Proceedings of the Royal Society of London 58.

    Args:
        name, dtype: as of `Metric`.
        axis: the axis along which they vary.

    >>> PearsonCorrelation()([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]).round(4).item()
    1.0
    """

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


@builtin("keras.metrics")
class ConcordanceCorrelation(MeanMetricWrapper):
    """How near to the line y_true = y_pred the points along an axis are: 1 only if the two are equal.

    Shapes: targets and predictions have one shape; what is averaged lacks `axis`.
    Raises: `ShapeError` if the shapes differ.
    Source: Lin (1989), doi:10.2307/2532051.

    Args:
        name, dtype: as of `Metric`.
        axis: the axis along which they vary.

    >>> ConcordanceCorrelation()([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]]).round(4).item()
    0.571399986743927
    """

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
