"""Hinge losses, averaged over everything seen."""

from __future__ import annotations

from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin

from kcore_train.losses.hinge import categorical_hinge, hinge, squared_hinge
from kcore_train.metrics.mean import MeanMetricWrapper

__all__ = ["CategoricalHinge", "Hinge", "SquaredHinge"]


@builtin("keras.metrics")
class Hinge(MeanMetricWrapper):
    """Compute the mean of max(1 - y_true y_pred, 0), for targets of -1 or 1; all 0 or 1, they are taken as those.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "hinge".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> Hinge()([[-1.0, 1.0]], [[0.5, 2.0]]).item()
    0.75
    """

    def __init__(self, name: str | None = "hinge", dtype: DTypeLike = None) -> None:
        super().__init__(hinge, name, dtype)


@builtin("keras.metrics")
class SquaredHinge(MeanMetricWrapper):
    """Compute the mean of max(1 - y_true y_pred, 0)^2, for targets as of `Hinge`.

    Shapes: targets and predictions broadcast; that of a sample is the mean over the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "squared_hinge".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> SquaredHinge()([[-1.0, 1.0]], [[0.5, 2.0]]).item()
    1.125
    """

    def __init__(self, name: str | None = "squared_hinge", dtype: DTypeLike = None) -> None:
        super().__init__(squared_hinge, name, dtype)


@builtin("keras.metrics")
class CategoricalHinge(MeanMetricWrapper):
    """Compute by how much the target class's score falls short of 1 more than that of any other class; at least 0.

    Shapes: targets and predictions broadcast, with the classes along the last axis.
    Raises: `ShapeError` if they do not.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; "categorical_hinge".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]).item()
    0.5
    """

    def __init__(self, name: str | None = "categorical_hinge", dtype: DTypeLike = None) -> None:
        super().__init__(categorical_hinge, name, dtype)
