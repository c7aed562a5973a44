"""What a plain call of a built layer needs to know, found once by the general path, kept until something changes.

The general path (`call.py`) is the specification. A plan is immutable, and holds what it found to be true of the
layer; whatever could make it untrue drops it. What may change without the layer being told, the current backend for
one, is looked at in each call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["PLAN_ATTRIBUTES", "CallPlan", "drop_plan"]

# Attributes of a layer that plans depend on, and that have no setter of their own.
PLAN_ATTRIBUTES = frozenset({"autocast", "call", "compute_mask", "input_spec"})


class CallPlan(NamedTuple):
    """How to call a layer with one tensor that needs no conversion, no mask and no check but of its shape.

    Attributes:
        kinds: class and dtype of the tensors that it is for.
        autocast: the dtype in which variables must be read already around the call; None is their own.
        takes_training: whether `call` has a parameter `training`.
        default: the flag that `call` has as a default, for layers inside.
        mode: the flag that the framework's module was set to, which comes before that of the module around it.
        needs_context: whether layers inside have to be told of the call.
        is_leaf: whether no flag makes a difference to it: there is no layer inside, nor a parameter `training`.
        looks_for_masks: whether a mask on the tensor would matter.
        fault: what is wrong with a shape, or None if any will do.
        is_hooked: asked in each call whether the framework has hooks to run, or None if it has none.
    """

    kinds: frozenset[Any]
    autocast: str | None
    takes_training: bool
    default: bool | None
    mode: bool | None
    needs_context: bool
    is_leaf: bool
    looks_for_masks: bool
    fault: Callable[[Any], str | None] | None
    is_hooked: Callable[[], bool] | None


def drop_plan(layer: object) -> None:
    """Make the next call of a layer take the general path.

    Args:
        layer: the layer.
    """
    layer.__dict__["_kcore_plan"] = None
