"""`CosineDecay` and `CosineDecayRestarts`: a learning rate that falls along half a wave, once or again and again."""

from __future__ import annotations

import math
from typing import Any

import kcore_ops as ops
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor

from kcore_train.optimizers.schedules.learning_rate_schedule import LearningRateSchedule, as_float, positive

__all__ = ["CosineDecay", "CosineDecayRestarts"]


def _half_wave(part: Tensor) -> Tensor:
    """Fall from 1 to 0 while `part` goes from 0 to 1."""
    return 0.5 * (1 + ops.cos(math.pi * part))


@builtin("keras.optimizers.schedules")
class CosineDecay(LearningRateSchedule):
    """Fall along half a cosine wave, after a straight rise if there is one.

    Source: Loshchilov & Hutter (2017), arXiv:1608.03983, eq. 5.

    Args:
        initial_learning_rate: float, the learning rate at step 0.
        decay_steps: float, the number of steps of the fall, above 0.
        alpha: float, the learning rate at the end, as a fraction of the largest one; 0.0.
        name: str, the name; "CosineDecay".
        warmup_target: float or None, the learning rate at the end of the warm-up, None for no warm-up; None.
        warmup_steps: float, the number of steps of the warm-up, at least 0; 0.

    Raises:
        ArgumentError: if `decay_steps` is not positive, or `warmup_steps` negative.

    >>> CosineDecay(1.0, decay_steps=10)(5).round(4)
    np.float32(0.5)
    >>> CosineDecay(0.0, decay_steps=10, warmup_target=1.0, warmup_steps=4)(2)
    array(0.5, dtype=float32)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = positive(self, "decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps if warmup_steps == 0 else positive(self, "warmup_steps", warmup_steps)

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate at a step.

        Args:
            step: scalar tensor or int, the number of updates so far, from 0.
        """
        x = as_float(step)
        if self.warmup_target is None:
            return self._fall(x, self.initial_learning_rate)
        fall = self._fall(x - self.warmup_steps, self.warmup_target)
        if not self.warmup_steps:
            return fall
        rise = self.warmup_target - self.initial_learning_rate
        return ops.where(x < self.warmup_steps, self.initial_learning_rate + rise * (x / self.warmup_steps), fall)

    def _fall(self, x: Tensor, start: float) -> Tensor:
        part = ops.clip(x / self.decay_steps, 0.0, 1.0)
        return start * ((1 - self.alpha) * _half_wave(part) + self.alpha)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")
        return {name: getattr(self, name) for name in names}


@builtin("keras.optimizers.schedules")
class CosineDecayRestarts(LearningRateSchedule):
    """Fall along half a cosine wave, leap up, and fall again, more slowly and from a lower rate each time.

    Source: Loshchilov & Hutter (2017), arXiv:1608.03983, section 3.

    Args:
        initial_learning_rate: float, the learning rate at step 0.
        first_decay_steps: float, the number of steps of the first fall, above 0.
        t_mul: float, how many times as many steps each fall has as the one before, above 0; 2.0.
        m_mul: float, how many times as high each fall starts as the one before; 1.0.
        alpha: float, the learning rate at the end of a fall, as a fraction of the initial one; 0.0.
        name: str, the name; "SGDRDecay".

    Raises:
        ArgumentError: if `first_decay_steps` or `t_mul` is not positive.

    >>> schedule = CosineDecayRestarts(1.0, first_decay_steps=10, m_mul=0.5)
    >>> [round(schedule(step).item(), 4) for step in (0, 10, 20, 30)]
    [1.0, 0.5, 0.25, 0.25]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = positive(self, "first_decay_steps", first_decay_steps)
        self.t_mul = positive(self, "t_mul", t_mul)
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate at a step.

        Args:
            step: scalar tensor or int, the number of updates so far, from 0.
        """
        time = as_float(step) / self.first_decay_steps
        if self.t_mul == 1.0:
            restarts = ops.floor(time)
            part = time - restarts
        else:
            # The falls before the n-th take (1 - t_mul ** n) / (1 - t_mul). What is added keeps the first step of a
            # fall in it, whichever way the logarithm is rounded.
            restarts = ops.floor(ops.log(1 - time * (1 - self.t_mul)) / math.log(self.t_mul) + 1e-6)
            length = self.t_mul**restarts
            part = (time - (1 - length) / (1 - self.t_mul)) / length
        return self.initial_learning_rate * ((1 - self.alpha) * self.m_mul**restarts * _half_wave(part) + self.alpha)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        names = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")
        return {name: getattr(self, name) for name in names}
