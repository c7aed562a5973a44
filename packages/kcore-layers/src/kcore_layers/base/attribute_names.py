"""Whose an attribute's name is: a user's attribute may have any name that the library and the framework do not call.

What the library keeps for itself begins with `_kcore_`. The rest of what a layer's classes define is Keras's interface
and that of the framework's modules. An attribute that holds state under such a name would be trained and then be out of
reach, or break whoever calls the method: it is refused as it is assigned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kcore_ops.foundation.errors import AttributeUnavailable

if TYPE_CHECKING:
    from kcore_layers.base.tracking import Tracking

__all__ = ["check_name"]


def check_name(layer: Tracking, name: str) -> None:
    """Refuse a name for an attribute that holds state, if a layer's class needs it.

    Args:
        layer: the layer whose attribute is assigned.
        name: the attribute's name.

    Raises:
        AttributeUnavailable: naming the class that has it.
    """
    cls = type(layer)
    interface = cls._kcore_interface
    if name in cls._kcore_yielding_names:
        return
    if name in cls._kcore_instance_names or name.startswith("_kcore_"):
        raise _taken(layer, name, "the layer itself")
    found = getattr(cls, name, None)
    is_needed = isinstance(found, property) or (callable(found) and not isinstance(found, type))
    if not is_needed:
        return
    owner = next(each for each in cls.__mro__ if name in each.__dict__)
    is_ours = owner.__module__.partition(".")[0].startswith("kcore_")
    if isinstance(found, property) and found.fset is not None and (not is_ours or name not in dir(interface)):
        return
    if is_ours or not issubclass(owner, interface):
        raise _taken(layer, name, (interface if is_ours and issubclass(interface, owner) else owner).__qualname__)


def _taken(layer: Any, name: str, owner: str) -> AttributeUnavailable:
    error = AttributeUnavailable(
        f"{name!r} can not be the name of an attribute that holds layers or variables: {owner} needs it",
        fix=f"use another name, for example {name.rstrip('_')}_",
    )
    error.at(f'layer "{layer.__dict__.get("name", type(layer).__name__)}"')
    return error
