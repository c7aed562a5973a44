"""Types of the arguments that optimizers have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypedDict

from kcore_ops import Tensor

from kcore_train.optimizers.schedules.learning_rate_schedule import LearningRateSchedule

__all__ = ["LearningRate", "OptimizerOptions", "OptimizerOptionsBesideDecay"]

# A number, a schedule or its saved data, or a function without arguments.
LearningRate: TypeAlias = float | LearningRateSchedule | Mapping[str, Any] | Callable[[], Tensor]


class OptimizerOptionsBesideDecay(TypedDict, total=False):
    """The keywords of `Optimizer` for an optimizer that has `weight_decay` among its own."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class OptimizerOptions(OptimizerOptionsBesideDecay, total=False):
    """The keywords of `Optimizer`, which every optimizer takes."""

    weight_decay: float | None
