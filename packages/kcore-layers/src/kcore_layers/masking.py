"""Masks that travel with tensors: which steps of a sequence count.

A mask is an attribute of its tensor where the framework's tensors take attributes, and else lies in a table for as long
as the tensor lives.
"""

from __future__ import annotations

import weakref
from typing import Any

__all__ = ["get_mask", "in_use", "set_mask"]

# Whether any mask was ever set: until then nobody needs to look for one.
_in_use = False
_table: dict[int, tuple[weakref.ref[Any], Any]] = {}


def in_use() -> bool:
    """Say whether any tensor of this process ever had a mask."""
    return _in_use


def set_mask(x: Any, mask: Any) -> None:
    """Give a tensor its mask, booleans of the shape of its leading axes; None takes it away."""
    global _in_use
    if mask is None and get_mask(x) is None:
        return
    _in_use = True
    try:
        x._keras_mask = mask
    except AttributeError:
        key = id(x)
        try:
            _table[key] = (weakref.ref(x, lambda _: _table.pop(key, None)), mask)
        except TypeError:
            pass  # a spec: no numbers, no mask


def get_mask(x: Any) -> Any:
    """Give a tensor's mask, or None."""
    if not _in_use:
        return None
    mask = getattr(x, "_keras_mask", None)
    if mask is None and _table:
        found = _table.get(id(x))
        if found is not None and found[0]() is x:
            return found[1]
    return mask
