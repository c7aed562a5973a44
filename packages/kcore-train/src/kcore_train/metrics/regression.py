"""Errors of predicted numbers, averaged over everything seen."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.base.masking import get_mask
from kcore_layers.serialization.registry import builtin

from kcore_train.losses.alignment import aligned
from kcore_train.losses.half import widened
from kcore_train.losses.regression import (
    cosine,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from kcore_train.metrics.mean import Mean, MeanMetricWrapper

__all__ = [
    "CosineSimilarity",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "RootMeanSquaredError",
]


@builtin("keras.metrics", aliases=("mse", "MSE"))
class MeanSquaredError(MeanMetricWrapper):
    """The mean of (y_true - y_pred)^2.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name, dtype: as of `Metric`.

    >>> MeanSquaredError()([[0.0, 2.0]], [[0.0, 0.0]]).item()
    2.0
    """

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_error, name, dtype)


@builtin("keras.metrics", aliases=("mae", "MAE"))
class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of |y_true - y_pred|.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name, dtype: as of `Metric`.

    >>> MeanAbsoluteError()([[0.0, 2.0]], [[0.0, 0.0]]).item()
    1.0
    """

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_error, name, dtype)


@builtin("keras.metrics", aliases=("mape", "MAPE"))
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of 100 |y_true - y_pred| / |y_true|, in percent.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name, dtype: as of `Metric`.

    >>> MeanAbsolutePercentageError()([[4.0, 2.0]], [[2.0, 2.0]]).item()
    25.0
    """

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_percentage_error, name, dtype)


@builtin("keras.metrics", aliases=("msle", "MSLE"))
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of (log(1 + y_true) - log(1 + y_pred))^2.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name, dtype: as of `Metric`.

    >>> MeanSquaredLogarithmicError()([[0.0, 3.0]], [[0.0, 1.0]]).round(4).item()
    0.2401999980211258
    """

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_logarithmic_error, name, dtype)


@builtin("keras.metrics")
class CosineSimilarity(MeanMetricWrapper):
    """The cosine of the angle between targets and predictions: 1 where they point the same way.

    Shapes: targets and predictions broadcast, with the vectors along `axis`.
    Raises: `ShapeError` if they do not.

    Args:
        name, dtype: as of `Metric`.
        axis: the axis of the vectors.

    >>> CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]]).item()
    1.0
    """

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(cosine, name, dtype, axis=axis)


@builtin("keras.metrics")
class LogCoshError(MeanMetricWrapper):
    """The mean of log(cosh(y_pred - y_true)): half the square of small errors, the size of large ones.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name, dtype: as of `Metric`.

    >>> LogCoshError()([[0.0, 0.0]], [[0.0, 1.0]]).round(4).item()
    0.21690000593662262
    """

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(log_cosh, name, dtype)


@builtin("keras.metrics")
class RootMeanSquaredError(Mean):
    """The square root of the mean of (y_true - y_pred)^2 over everything seen.

    Shapes: targets and predictions broadcast.
    Raises: `ShapeError` if they do not.

    Args:
        name, dtype: as of `Metric`.

    >>> RootMeanSquaredError()([[0.0, 0.0]], [[3.0, 4.0]]).round(4).item()
    3.5355000495910645
    """

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take targets and predictions into account.

        Raises:
            ShapeError: if they do not broadcast, or the weights do not fit.
        """
        sample_weight = self._masked(sample_weight, get_mask(y_pred))
        y_true, y_pred = widened(self._tensor(y_true)), widened(self._tensor(y_pred))
        y_true, y_pred = aligned(y_true, y_pred, type(self).__name__)
        super().update_state(ops.square(ops.subtract(y_true, y_pred)), sample_weight)

    def result(self) -> Any:
        """Give the root of the mean."""
        return ops.sqrt(super().result())
