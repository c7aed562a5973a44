"""Losses between numbers: squared, absolute and relative errors, and what lies between them."""

from __future__ import annotations

import math

import kcore_ops as ops
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.losses.alignment import aligned
from kcore_train.losses.argument_types import Reduction
from kcore_train.losses.function_loss import FunctionLoss
from kcore_train.losses.half import in_float32

__all__ = [
    "CosineSimilarity",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "cosine_similarity",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
]


@builtin("keras.losses", aliases=("mse", "MSE"))
@in_float32
def mean_squared_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Compute the mean of (y_true - y_pred)^2 over the last axis.

    Shapes: `y_true` and `y_pred` broadcast; the result lacks the last axis. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes do not broadcast.

    Args:
        y_true: tensor of floats, the targets, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor of floats, the predictions.

    >>> mean_squared_error([[0.0, 2.0]], [[0.0, 0.0]])
    array([2.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "mean_squared_error")
    return ops.mean(ops.square(ops.subtract(y_true, y_pred)), axis=-1)


@builtin("keras.losses", aliases=("mae", "MAE"))
@in_float32
def mean_absolute_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Compute the mean of |y_true - y_pred| over the last axis.

    Shapes: `y_true` and `y_pred` broadcast; the result lacks the last axis. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes do not broadcast.

    Args:
        y_true: tensor of floats, the targets, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor of floats, the predictions.

    >>> mean_absolute_error([[0.0, 2.0]], [[0.0, 0.0]])
    array([1.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "mean_absolute_error")
    return ops.mean(ops.abs(ops.subtract(y_true, y_pred)), axis=-1)


@builtin("keras.losses", aliases=("mape", "MAPE"))
@in_float32
def mean_absolute_percentage_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Compute the mean of 100 |y_true - y_pred| / |y_true|, in percent, over the last axis.

    The divisor is at least `config.epsilon()`.
    Shapes: `y_true` and `y_pred` broadcast; the result lacks the last axis. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes do not broadcast.

    Args:
        y_true: tensor of floats, the targets, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor of floats, the predictions.

    >>> mean_absolute_percentage_error([[4.0, 2.0]], [[2.0, 2.0]])
    array([25.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "mean_absolute_percentage_error")
    size = ops.maximum(ops.abs(y_true), ops.config.epsilon())
    return 100.0 * ops.mean(ops.abs((y_true - y_pred) / size), axis=-1)


@builtin("keras.losses", aliases=("msle", "MSLE"))
@in_float32
def mean_squared_logarithmic_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Compute the mean of (log(1 + y_true) - log(1 + y_pred))^2 over the last axis.

    Numbers below `config.epsilon()` count as that.
    Shapes: `y_true` and `y_pred` broadcast; the result lacks the last axis. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes do not broadcast.

    Args:
        y_true: tensor of floats of at least 0, the targets, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor of floats of at least 0, the predictions.

    >>> mean_squared_logarithmic_error([[0.0, 3.0]], [[0.0, 1.0]]).round(4)
    array([0.2402], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "mean_squared_logarithmic_error")
    least = ops.config.epsilon()
    difference = ops.log1p(ops.maximum(y_true, least)) - ops.log1p(ops.maximum(y_pred, least))
    return ops.mean(ops.square(difference), axis=-1)


@builtin("keras.losses")
@in_float32
def cosine_similarity(y_true: Tensor, y_pred: Tensor, axis: int = -1) -> Tensor:
    """Compute minus the cosine of the angle between target and prediction: -1 where they point the same way.

    Shapes: `y_true` and `y_pred` broadcast, with the vectors along `axis`, which the result lacks.
    Dtype: that of `y_pred`. A vector of zeros is at right angles to everything.
    Raises: `ShapeError` if the shapes do not broadcast.

    Args:
        y_true: tensor of floats, the target vectors, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor of floats, the predicted vectors.
        axis: int, the axis along which the vectors lie; -1.

    >>> cosine_similarity([[0.0, 2.0]], [[0.0, 1.0]])
    array([-1.], dtype=float32)
    """
    return ops.negative(cosine(y_true, y_pred, axis))


def cosine(y_true: Tensor, y_pred: Tensor, axis: int = -1) -> Tensor:
    """Compute the cosine of the angle between target and prediction.

    Args:
        y_true: tensor of floats, the target vectors, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor of floats, the predicted vectors.
        axis: int, the axis along which the vectors lie; -1.
    """
    y_true, y_pred = aligned(y_true, y_pred, "cosine_similarity")
    return ops.sum(ops.normalize(y_true, axis=axis) * ops.normalize(y_pred, axis=axis), axis=axis)


@builtin("keras.losses")
@in_float32
def huber(y_true: Tensor, y_pred: Tensor, delta: float = 1.0) -> Tensor:
    """Compute the mean Huber loss over the last axis: half the square of errors up to `delta`, then linear.

    Shapes: `y_true` and `y_pred` broadcast; the result lacks the last axis. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes do not broadcast.
    Source: Huber (1964), Annals of Mathematical Statistics 35(1), p. 75.

    Args:
        y_true: tensor of floats, the targets, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor of floats, the predictions.
        delta: float, the size of error from which on the loss grows linearly, above 0, in the units of the targets;
            1.0.

    >>> huber([[0.0, 0.0]], [[0.5, 3.0]])
    array([1.3125], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "huber")
    size = ops.abs(y_true - y_pred)
    inside = ops.minimum(size, delta)
    return ops.mean(inside * (size - 0.5 * inside), axis=-1)


@builtin("keras.losses")
@in_float32
def log_cosh(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Compute the mean of log(cosh(y_pred - y_true)) over the last axis, a smooth absolute error.

    Shapes: `y_true` and `y_pred` broadcast; the result lacks the last axis. Dtype: that of `y_pred`.
    Raises: `ShapeError` if the shapes do not broadcast.

    Args:
        y_true: tensor of floats, the targets, of a shape that broadcasts with that of `y_pred`.
        y_pred: tensor of floats, the predictions.

    >>> log_cosh([[0.0, 0.0]], [[0.0, 1.0]]).round(4)
    array([0.2169], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred, "log_cosh")
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(-2.0 * error) - math.log(2), axis=-1)


@builtin("keras.losses")
class MeanSquaredError(FunctionLoss):
    """Compute the mean of (y_true - y_pred)^2.

    Shapes: targets and predictions broadcast; the loss of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not broadcast.

    Args:
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "mean_squared_error".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> MeanSquaredError()([[0.0, 2.0]], [[0.0, 0.0]]).item()
    2.0
    """

    def __init__(
        self,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


@builtin("keras.losses")
class MeanAbsoluteError(FunctionLoss):
    """Compute the mean of |y_true - y_pred|.

    Shapes: targets and predictions broadcast; the loss of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not broadcast.

    Args:
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "mean_absolute_error".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> MeanAbsoluteError()([[0.0, 2.0]], [[0.0, 0.0]]).item()
    1.0
    """

    def __init__(
        self,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


@builtin("keras.losses")
class MeanAbsolutePercentageError(FunctionLoss):
    """Compute the mean of 100 |y_true - y_pred| / |y_true|, in percent.

    Shapes: targets and predictions broadcast; the loss of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not broadcast.

    Args:
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "mean_absolute_percentage_error".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> MeanAbsolutePercentageError()([[4.0, 2.0]], [[2.0, 2.0]]).item()
    25.0
    """

    def __init__(
        self,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


@builtin("keras.losses")
class MeanSquaredLogarithmicError(FunctionLoss):
    """Compute the mean of (log(1 + y_true) - log(1 + y_pred))^2.

    Shapes: targets and predictions broadcast; the loss of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not broadcast.

    Args:
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "mean_squared_logarithmic_error".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> MeanSquaredLogarithmicError()([[0.0, 3.0]], [[0.0, 1.0]]).round(4).item()
    0.2401999980211258
    """

    def __init__(
        self,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


@builtin("keras.losses")
class CosineSimilarity(FunctionLoss):
    """Compute minus the cosine of the angle between targets and predictions: -1 where they point the same way.

    Shapes: targets and predictions broadcast, with the vectors along `axis`.
    Raises: `ShapeError` if they do not broadcast.

    Args:
        axis: int, the axis along which the vectors lie; -1.
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "cosine_similarity".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]]).item()
    -1.0
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)


@builtin("keras.losses")
class Huber(FunctionLoss):
    """Compute the Huber loss: half the square of errors up to `delta`, growing linearly beyond.

    Shapes: targets and predictions broadcast; the loss of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not broadcast; `ArgumentError` if `delta` is not positive.
    Source: Huber (1964), Annals of Mathematical Statistics 35(1), p. 75.

    Args:
        delta: float, the size of error from which on the loss grows linearly, above 0, in the units of the targets;
            1.0.
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "huber_loss".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> Huber()([[0.0, 0.0]], [[0.5, 3.0]]).item()
    1.3125
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: DTypeLike = None,
    ) -> None:
        if not delta > 0:
            raise ArgumentError(f"delta={delta!r} is not positive", fix="pass 1.0, for example").at("Huber")
        super().__init__(huber, reduction, name, dtype, delta=delta)


@builtin("keras.losses")
class LogCosh(FunctionLoss):
    """Compute the mean of log(cosh(y_pred - y_true)): near half the square of small errors, the size of large ones.

    Shapes: targets and predictions broadcast; the loss of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not broadcast.

    Args:
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "log_cosh".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> LogCosh()([[0.0, 0.0]], [[0.0, 1.0]]).round(4).item()
    0.21690000593662262
    """

    def __init__(
        self,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "log_cosh",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)
