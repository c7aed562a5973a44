"""Callbacks that watch one loss or metric, and whether it is better large or small."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import kcore_ops as ops
import numpy as np
from kcore_layers.base.naming import snake_case
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import Callback, Logs

if TYPE_CHECKING:
    from kcore_train.metrics.metric import Metric

__all__ = ["MonitorCallback", "better_when"]

Direction: TypeAlias = Literal["larger", "smaller"]
Mode: TypeAlias = Literal["auto", "min", "max"]

# A name is one of these, or ends in one after an underscore.
_BETTER: dict[Direction, frozenset[str]] = {
    "larger": frozenset(
        "accuracy acc auc concordance_correlation cosine_similarity f1_score fbeta_score io_u iou pearson_correlation "
        "precision r2_score recall sensitivity specificity".split()
    ),
    "smaller": frozenset(
        "bce crossentropy error hinge kl_divergence log_cosh logcosh loss mae mape mse msle poisson rmse".split()
    ),
}


def better_when(name: str, metrics: Iterable[Metric] = ()) -> Direction | None:
    """Return whether a loss or metric is better the larger or the smaller it is; None if that is unknown.

    The class of a metric tells, if its name or that of a class it derives from is a known one; otherwise its name does.

    Args:
        name: str, the name in the logs.
        metrics: iterable of metrics, the metrics of the model; ().

    >>> better_when("val_loss"), better_when("decoder_accuracy"), better_when("my_score")
    ('smaller', 'larger', None)
    """
    name = name.removeprefix("val_")
    for metric in metrics:
        own = getattr(metric, "name", None)
        if own is not None and (name == own or name.endswith(f"_{own}")):
            for cls in type(metric).__mro__:
                direction = _known(snake_case(cls.__name__))
                if direction is not None:
                    return direction
    return _known(re.sub(r"_\d+$", "", name))


def _known(name: str) -> Direction | None:
    for direction, words in _BETTER.items():
        if any(name == word or name.endswith(f"_{word}") for word in words):
            return direction
    return None


class MonitorCallback(Callback):
    """Base class of callbacks that watch one loss or metric.

    Args:
        monitor: str, the name in the logs of the loss or metric to watch; "val_loss".
        mode: str, "min" if it is better small, "max" if large, "auto" for what its name and the metrics of the model
            tell; "auto".
        min_delta: float, the change, at least 0, up to which a better value is no improvement; 0.0.

    Attributes:
        best: the best value so far, or None.
        monitor_op: `ops.less` or `ops.greater`: what the better one of two values is. Where neither `mode` nor the
            name tells it is None until the model's metrics, which have the last word on "auto", are known.

    Raises:
        ArgumentError: if `mode` is none of the three, or "auto" and it can not be told.
    """

    def __init__(self, monitor: str = "val_loss", mode: Mode = "auto", min_delta: float = 0.0) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ArgumentError(f"mode can not be {mode!r}", fix='use "min", "max" or "auto"').at(type(self).__name__)
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(float(min_delta))
        self.best: float | None = None
        # What the mode says, or the name does for now.
        self._first_guess = self._comparison_when({"min": "smaller", "max": "larger"}.get(mode, better_when(monitor)))
        self.monitor_op: Callable[[Any, Any], Any] | None = self._first_guess

    def get_monitor_value(self, logs: Logs | None, otherwise: str = "does nothing") -> float | None:
        """Return the value of what is watched; None, with a warning that names what there is, if it is missing.

        Args:
            logs: dict or None, losses and metrics by name.
            otherwise: str, what the callback does if the value is missing, for the warning; "does nothing".

        Raises:
            ArgumentError: if it is not one number.
        """
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"{type(self).__name__} {otherwise}: there is no {self.monitor!r} in the logs, "
                f"which have {', '.join(logs or ()) or 'nothing'}",
                stacklevel=4,
            )
            return None
        if np.size(value) != 1:
            raise ArgumentError(
                f"{self.monitor!r} has shape {np.shape(value)}", fix="monitor a metric that is one number"
            ).at(type(self).__name__)
        return float(np.reshape(value, ()))

    def is_improvement(self, value: float, reference: float | None) -> bool:
        """Return whether a value is better than another, by more than `min_delta`. Any is better than None or NaN.

        Args:
            value: float, the value.
            reference: float or None, the value to compare with, None if there is none yet.
        """
        if self.mode == "auto" and self.monitor_op is self._first_guess:
            self.monitor_op = self._comparison()
        if reference is None or (math.isnan(reference) and not math.isnan(value)):
            return True
        if self.monitor_op is None:
            raise AssertionError("decided above")
        margin = self.min_delta if self.monitor_op in (ops.less, np.less) else -self.min_delta
        return bool(self.monitor_op(value + margin, reference))

    def _comparison(self) -> Callable[[Any, Any], Any]:
        direction = better_when(self.monitor, getattr(self.model, "metrics", None) or ())
        found = self._comparison_when(direction)
        if found is None:
            raise ArgumentError(
                f"it can not be told whether {self.monitor!r} is better large or small",
                fix='pass mode="max" or mode="min"',
            ).at(type(self).__name__)
        return found

    @staticmethod
    def _comparison_when(direction: Any) -> Callable[[Any, Any], Any] | None:
        comparisons: dict[Any, Callable[[Any, Any], Any]] = {"smaller": ops.less, "larger": ops.greater}
        return comparisons.get(direction)
