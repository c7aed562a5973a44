"""The coefficient of determination."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import kcore_ops as ops
import numpy as np
from kcore_layers.base.masking import get_mask
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.engine.call import beside
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.specs.shapes import one_of, show_shape

from kcore_train.losses.alignment import aligned
from kcore_train.losses.weighting import check_weight
from kcore_train.metrics.metric import Metric, check_count

__all__ = ["R2Score"]

_SUMS = ("squared_sum", "sum", "total_mse", "count")


@builtin("keras.metrics")
class R2Score(Metric):
    """Compute the fraction of the targets' variance that predictions explain: 1 is best, 0 that of the mean.

    Shapes: targets and predictions are `(samples, outputs)`. Dtype: `config.floatx()`.
    Raises: `ArgumentError` for arguments that do not fit; `ShapeError` if the shapes do not.

    Args:
        class_aggregation: str or None, "uniform_average" of the outputs; "variance_weighted_average" by the variances
            of the targets; or None for one result for each output; "uniform_average".
        num_regressors: int, how many inputs explain the targets, to adjust the score for them; 0 for no adjustment; 0.
        name: str or None, the name in logs, None for the class name in snake case; "r2_score".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]).round(4).item()
    0.571399986743927
    """

    def __init__(
        self,
        class_aggregation: Literal["uniform_average", "variance_weighted_average"] | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation is not None:
            one_of("class_aggregation", class_aggregation, ("uniform_average", "variance_weighted_average"))
        check_count("num_regressors", num_regressors, 0, "R2Score")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable((), None, name="num_samples")
        self._sums: dict[str, Any] = {}

    def build(self, y_true_shape: Sequence[int | None], y_pred_shape: Sequence[int | None]) -> None:
        """Create the variables for the outputs.

        Args:
            y_true_shape: sequence of ints or None, the shape of the targets, None where a size is unknown.
            y_pred_shape: sequence of ints or None, the shape of the predictions, likewise.

        Raises:
            ShapeError: if there are not two axes.
        """
        shape = tuple(y_pred_shape)
        if len(shape) != 2 or len(tuple(y_true_shape)) != 2 or not isinstance(shape[1], int):
            raise ShapeError(
                f"y_true has shape {show_shape(y_true_shape)}, y_pred has shape {show_shape(shape)}",
                fix="pass targets and predictions of shape (samples, outputs)",
            ).at("R2Score")
        if not self._sums:
            self._sums = {name: self.add_variable((shape[1],), None, name=name) for name in _SUMS}

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Update the state with a batch of targets and predictions.

        Args:
            y_true: tensor of floats, the targets, `(batch, outputs)`.
            y_pred: tensor of floats, the predictions, `(batch, outputs)`.
            sample_weight: tensor or None, factors of the samples, `(batch,)` or any shape that broadcasts to the
                leading axes, None for ones; None.

        Raises:
            ShapeError: if they have not one shape, of two axes, or the weights do not fit.
        """
        sample_weight = self._masked(sample_weight, get_mask(y_pred))
        y_true, y_pred = self._tensor(y_true, self._dtype), self._tensor(y_pred, self._dtype)
        with beside(y_pred):
            self.build(y_true.shape, y_pred.shape)
        y_true, y_pred = aligned(y_true, y_pred, "R2Score", broadcast=False)
        weight = ops.ones_like(y_true)
        if sample_weight is not None:
            factors = self._tensor(sample_weight, self._dtype)
            factors = ops.expand_dims(factors, 1) if len(factors.shape) == 1 else factors
            check_weight(y_true, factors, "y_true")
            weight = weight * factors
        weighted = y_true * weight
        sums = (weighted * y_true, weighted, ops.square(y_true - y_pred) * weight, weight)
        for name, values in zip(_SUMS, sums, strict=True):
            self._sums[name].assign_add(ops.sum(values, axis=0))
        count = ops.size(y_true)
        self.num_samples.assign_add(count if isinstance(count, int) else ops.cast(count, self.num_samples.dtype))

    def result(self) -> Tensor:
        """Return the score, or one for each output."""
        if not self._sums:
            return self._tensor(np.zeros((), "float32"))
        squared_sum, total, error, count = (self._sums[name].value for name in _SUMS)
        spread = squared_sum - total * ops.divide_no_nan(total, count)
        score = 1 - ops.divide_no_nan(error, spread)
        score = ops.where(ops.equal(spread, 0), ops.zeros_like(score), score)
        if self.class_aggregation == "uniform_average":
            score = ops.mean(score)
        elif self.class_aggregation is not None:
            score = ops.divide_no_nan(ops.sum(score * spread), ops.sum(spread))
        if self.num_regressors:
            freedom = self.num_samples.value - 1
            rest = freedom - self.num_regressors
            adjusted = 1 - ops.divide_no_nan((1 - score) * freedom, rest)
            # With no more samples than inputs there is nothing to adjust by.
            score = ops.where(ops.greater(rest, 0), adjusted, score)
        return score

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **own}
