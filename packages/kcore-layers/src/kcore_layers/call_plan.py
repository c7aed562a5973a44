"""What a plain call of a built layer needs to know, found out once by the careful way and kept until something changes.

The careful way (`calling.py`) is the specification. A plan is immutable, and holds what it found to be true of the
layer; whatever could make it untrue drops it: setters of the layer drop its own (`drop_plan`), and what concerns many
layers at once drops those of all (`drop_all_plans`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

__all__ = ["PLAN_ATTRIBUTES", "CallPlan", "drop_all_plans", "drop_plan", "plan_version"]

# Attributes of a layer that plans depend on, and that have no setter of their own.
PLAN_ATTRIBUTES = frozenset({"autocast", "call", "compute_mask", "input_spec"})

# A cell, so that the call reads it without calling anything.
plan_version = [0]


@dataclasses.dataclass(frozen=True, slots=True)
class CallPlan:
    """How to call a layer with one tensor that needs no conversion, no mask and no check but of its shape.

    Attributes:
        version: what `plan_version` was when it was made.
        kinds: class and dtype of the tensors that it is for.
        autocast: the dtype in which variables must be read already around the call; None is their own.
        takes_training: whether `call` has a parameter `training`.
        training: the flag of a call that is told none and is not inside another.
        mode: the flag that the framework's module was set to, which comes before that of the module around it.
        needs_context: whether layers inside have to be told of the call.
        looks_for_masks: whether a mask on the tensor would matter.
        fault: what is wrong with a shape, or None if any will do.
        is_hooked: asked in each call whether the framework has hooks to run, or None if it has none.
    """

    version: int
    kinds: frozenset[Any]
    autocast: str | None
    takes_training: bool
    training: bool | None
    mode: bool | None
    needs_context: bool
    looks_for_masks: bool
    fault: Callable[[Any], str | None] | None
    is_hooked: Callable[[], bool] | None


def drop_plan(layer: Any) -> None:
    """Make the next call of a layer take the careful way."""
    layer.__dict__["_kcore_plan"] = None


def drop_all_plans() -> None:
    """Make the next call of every layer take the careful way."""
    plan_version[0] += 1
