"""Sums and means over everything seen, of values or of a function of targets and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kcore_ops as ops
from kcore_layers.base.masking import get_mask
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ArgumentError, KcoreError, ShapeError

from kcore_train.losses.alignment import same_rank
from kcore_train.losses.function_loss import FunctionArguments, named_for
from kcore_train.losses.half import widened
from kcore_train.losses.weighting import check_weight
from kcore_train.metrics.metric import Metric

__all__ = ["Mean", "MeanMetricWrapper", "Sum"]


def samplewise(values: Tensor, weight: Tensor | None, reduce: Callable[..., Any]) -> tuple[Tensor, Tensor | None]:
    """Return one value for each sample, weighted, and the samples' weights, or None.

    Args:
        values: tensor, one or more values for each sample, `(batch, ...)`.
        weight: tensor or None, weights for as many of the leading axes as it has, None for ones.
        reduce: function, `ops.mean` or `ops.sum`, for the axes of values that have no weights, or different ones.

    Raises:
        ShapeError: if the weights do not fit the values.
    """
    if weight is None:
        if len(values.shape) > 1:
            values = reduce(values, axis=tuple(range(1, len(values.shape))))
        return values, None
    values, weight = same_rank(values, weight)
    if len(values.shape) > len(weight.shape):
        values = reduce(values, axis=tuple(range(len(weight.shape), len(values.shape))))
    check_weight(values, weight, "the metric")
    if weight.shape != values.shape:
        weight = ops.broadcast_to(weight, ops.shape(values))
    values = ops.multiply(values, weight)
    if len(values.shape) > 1:
        axes = tuple(range(1, len(values.shape)))
        values, weight = reduce(values, axis=axes), reduce(weight, axis=axes)
    return values, weight


class _Reduction(Metric):
    """What sums and means share."""

    def _samplewise(
        self, values: Tensor, weight: Tensor | None, reduce: Callable[..., Any]
    ) -> tuple[Tensor, Tensor | None]:
        weight = None if weight is None else self._tensor(weight, self._dtype)
        try:
            return samplewise(self._tensor(values, self._dtype), weight, reduce)
        except ShapeError as error:
            raise error.at(type(self).__name__)  # noqa: B904 (its cause is its own)


@builtin("keras.metrics")
class Sum(_Reduction):
    """Compute the sum of all values seen.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "sum".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> metric = Sum()
    >>> metric.update_state([1.0, 3.0])
    >>> metric.result().item()
    4.0
    """

    def __init__(self, name: str | None = "sum", dtype: DTypeLike = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), None, dtype=self.dtype, name="total")

    def update_state(self, values: Tensor, sample_weight: Tensor | None = None) -> None:
        """Add values, times their weights if there are any, to the sum.

        Args:
            values: tensor, the values, `()`, `(batch,)` or `(batch, ...)`.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if the weights do not fit the values.
        """
        values, _ = self._samplewise(values, sample_weight, ops.sum)
        self.total.assign_add(ops.sum(values) if len(values.shape) else values)

    def result(self) -> Tensor:
        """Return the sum."""
        return ops.copy(self.total.value)  # or the next update might change it where it is kept


@builtin("keras.metrics")
class Mean(_Reduction):
    """Compute the mean of all values seen, or the weighted mean; 0 before there are any.

    Values with several axes are first averaged for each sample: what counts is the number of samples.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "mean".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> metric = Mean()
    >>> metric.update_state([1.0, 3.0])
    >>> metric.update_state([8.0], sample_weight=[2.0])
    >>> metric.result().item()
    5.0
    """

    def __init__(self, name: str | None = "mean", dtype: DTypeLike = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), None, dtype=self.dtype, name="total")
        self.count = self.add_variable((), None, dtype=self.dtype, name="count")

    def update_state(self, values: Tensor, sample_weight: Tensor | None = None) -> None:
        """Add values, with their weights if there are any, to the mean.

        Args:
            values: tensor, the values, `()`, `(batch,)` or `(batch, ...)`.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if the weights do not fit the values.
        """
        self._add(values, sample_weight)

    def _add(self, values: Tensor, sample_weight: Tensor | None) -> None:
        if sample_weight.__class__ is int or sample_weight.__class__ is float:  # the size of a batch, beside its loss
            values = self._tensor(values, self._dtype)
            values = ops.mean(values) if len(values.shape) else values
            self.total.assign_add(ops.multiply(values, sample_weight))
            self.count.assign_add(sample_weight)
            return
        values, weight = self._samplewise(values, sample_weight, ops.mean)
        has_axis = len(values.shape) > 0
        if weight is not None:
            count = ops.sum(weight) if has_axis else weight
        else:
            count = values.shape[0] if has_axis else 1
            if count.__class__ is not int:  # only a running graph knows it
                count = ops.shape(values)[0]
                count = count if isinstance(count, int) else ops.cast(count, self._dtype)
        self.total.assign_add(ops.sum(values) if has_axis else values)
        self.count.assign_add(count)

    def result(self) -> Tensor:
        """Return the mean."""
        return ops.divide_no_nan(self.total.value, self.count.value)


@builtin("keras.metrics")
class MeanMetricWrapper(FunctionArguments, Mean):
    """Compute the mean of a function of targets and predictions.

    Args:
        fn: function, from `(y_true, y_pred, **kwargs)` to a value, or several, for each sample.
        name: str or None, the name in logs, None for the class name in snake case; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.
        **kwargs: more arguments of the function; none. In a subclass they are attributes, and part of its config.

    >>> metric = MeanMetricWrapper(lambda y_true, y_pred: abs(y_true - y_pred), name="distance")
    >>> metric.update_state([0.0, 0.0], [1.0, 3.0])
    >>> metric.result().item()
    2.0
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: DTypeLike = None, **kwargs: object
    ) -> None:
        if not callable(fn):
            raise ArgumentError(f"fn={fn!r} is not a function", fix="pass one of y_true and y_pred").at(
                type(self).__name__
            )
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._keep_arguments(kwargs, are_attributes=type(self) is not MeanMetricWrapper)

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:  # type: ignore[override]
        """Update the state with a batch of targets and predictions.

        Args:
            y_true: tensor, the targets, `(batch, ...)`.
            y_pred: tensor, the predictions, `(batch, ...)`; what a mask of theirs leaves out does not count.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if the targets do not fit the predictions, or the weights the samples.
        """
        sample_weight = self._masked(sample_weight, get_mask(y_pred))
        try:
            # A mean of values rounded to half precision would not be that of the values.
            y_true, y_pred = widened(self._tensor(y_true)), widened(self._tensor(y_pred))
            values = self._fn(y_true, y_pred, **self._arguments)
        except KcoreError as error:
            raise named_for(error, self._fn, type(self).__name__)  # noqa: B904 (its cause is its own)
        self._add(values, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        own = {"fn": serialize_keras_object(self._fn)} if type(self) is MeanMetricWrapper else {}
        return {**super().get_config(), **own, **self._arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """Create a metric from what `get_config` returned.

        Args:
            config: dict, what `get_config` returned.
        """
        if "fn" in config:
            config = {**config, "fn": deserialize_keras_object(config["fn"])}
        return super().from_config(config)
