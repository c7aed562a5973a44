"""Errors of predicted numbers, averaged over everything seen."""

from __future__ import annotations

import kcore_ops as ops
from kcore_layers.base.masking import get_mask
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

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
    """Compute the mean of (y_true - y_pred)^2.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "mean_squared_error".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> MeanSquaredError()([[0.0, 2.0]], [[0.0, 0.0]]).item()
    2.0
    """

    def __init__(self, name: str | None = "mean_squared_error", dtype: DTypeLike = None) -> None:
        super().__init__(mean_squared_error, name, dtype)


@builtin("keras.metrics", aliases=("mae", "MAE"))
class MeanAbsoluteError(MeanMetricWrapper):
    """Compute the mean of |y_true - y_pred|.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "mean_absolute_error".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> MeanAbsoluteError()([[0.0, 2.0]], [[0.0, 0.0]]).item()
    1.0
    """

    def __init__(self, name: str | None = "mean_absolute_error", dtype: DTypeLike = None) -> None:
        super().__init__(mean_absolute_error, name, dtype)


@builtin("keras.metrics", aliases=("mape", "MAPE"))
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """Compute the mean of 100 |y_true - y_pred| / |y_true|, in percent.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "mean_absolute_percentage_error".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> MeanAbsolutePercentageError()([[4.0, 2.0]], [[2.0, 2.0]]).item()
    25.0
    """

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: DTypeLike = None) -> None:
        super().__init__(mean_absolute_percentage_error, name, dtype)


@builtin("keras.metrics", aliases=("msle", "MSLE"))
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """Compute the mean of (log(1 + y_true) - log(1 + y_pred))^2.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "mean_squared_logarithmic_error".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> MeanSquaredLogarithmicError()([[0.0, 3.0]], [[0.0, 1.0]]).round(4).item()
    0.2401999980211258
    """

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: DTypeLike = None) -> None:
        super().__init__(mean_squared_logarithmic_error, name, dtype)


@builtin("keras.metrics")
class CosineSimilarity(MeanMetricWrapper):
    """Compute the cosine of the angle between targets and predictions: 1 where they point the same way.

    Shapes: targets and predictions broadcast, with the vectors along `axis`.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "cosine_similarity".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.
        axis: int, the axis along which the vectors lie; -1.

    >>> CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]]).item()
    1.0
    """

    def __init__(self, name: str | None = "cosine_similarity", dtype: DTypeLike = None, axis: int = -1) -> None:
        super().__init__(cosine, name, dtype, axis=axis)


@builtin("keras.metrics")
class LogCoshError(MeanMetricWrapper):
    """Compute the mean of log(cosh(y_pred - y_true)): half the square of small errors, the size of large ones.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "logcosh".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> LogCoshError()([[0.0, 0.0]], [[0.0, 1.0]]).round(4).item()
    0.21690000593662262
    """

    def __init__(self, name: str | None = "logcosh", dtype: DTypeLike = None) -> None:
        super().__init__(log_cosh, name, dtype)


@builtin("keras.metrics")
class RootMeanSquaredError(Mean):
    """Compute the square root of the mean of (y_true - y_pred)^2 over everything seen.

    Shapes: targets and predictions broadcast.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "root_mean_squared_error".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> RootMeanSquaredError()([[0.0, 0.0]], [[3.0, 4.0]]).round(4).item()
    3.5355000495910645
    """

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: DTypeLike = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:  # type: ignore[override]
        """Update the state with a batch of targets and predictions.

        Args:
            y_true: tensor of floats, the targets, of a shape that broadcasts with that of `y_pred`.
            y_pred: tensor of floats, the predictions.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if they do not broadcast, or the weights do not fit.
        """
        sample_weight = self._masked(sample_weight, get_mask(y_pred))
        y_true, y_pred = widened(self._tensor(y_true)), widened(self._tensor(y_pred))
        y_true, y_pred = aligned(y_true, y_pred, type(self).__name__)
        super().update_state(ops.square(ops.subtract(y_true, y_pred)), sample_weight)

    def result(self) -> Tensor:
        """Return the root of the mean."""
        return ops.sqrt(super().result())
