"""Masks that travel with tensors: which steps of a sequence count.

A mask is an attribute of its tensor where the framework's tensors take attributes, and else lies in a table for as long
as the tensor lives.
"""

from __future__ import annotations

import weakref
from typing import Any

from kcore_ops import copy, tree
from kcore_ops.engine.inference import is_inferring

from kcore_layers.base.signature import CallSignature

__all__ = ["get_mask", "in_use", "mask_outputs", "masks_of", "pass_masks", "set_mask"]

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


def masks_of(value: Any) -> Any:
    """Give the masks of a tensor, or of a tree of them in a tree of the same form; None if there are none."""
    if not isinstance(value, list | tuple | dict):
        return get_mask(value) if hasattr(value, "shape") else None
    found = tree.map_structure(lambda x: get_mask(x) if hasattr(x, "shape") else None, value)
    return found if any(mask is not None for mask in tree.flatten(found)) else None


def pass_masks(signature: CallSignature, values: dict[str, Any]) -> Any:
    """Give the arguments of a call the masks that its tensors carry, where it has a parameter for them.

    Returns:
        The mask of the first argument: the one that was passed for it, or else the one it carries.
    """
    first = None
    for position, (name, value) in enumerate(list(values.items())):
        parameter = signature.masks.get(name)
        passed = None if parameter is None else values.get(parameter)
        found = passed if passed is not None or not _in_use else masks_of(value)
        if position == 0:
            first = found
        if parameter is not None and passed is None and found is not None:
            values[parameter] = found
    return first


def mask_outputs(layer: Any, values: dict[str, Any], masks: Any, outputs: Any) -> Any:
    """Give the outputs of a call their masks; an output that is an input is copied first, which is not the layer's."""
    inputs = next(iter(values.values()), None)
    if is_inferring():
        return outputs
    found = layer.compute_mask(inputs, masks)
    if found is None:
        return outputs
    leaves = tree.flatten(outputs)
    flat = found if isinstance(found, list | tuple) else [found]  # of several outputs it is the first one's
    given = {id(x) for x in tree.flatten(dict(values))}
    masked = [_masked(x, mask, id(x) in given) for x, mask in zip(leaves, flat, strict=False)]
    masked += leaves[len(masked) :]
    if all(x is leaf for x, leaf in zip(masked, leaves, strict=True)):
        return outputs
    return tree.pack_sequence_as(outputs, masked)


def _masked(x: Any, mask: Any, is_input: bool) -> Any:
    if mask is None or get_mask(x) is mask:
        return x
    if is_input:
        x = copy(x)
    set_mask(x, mask)
    return x
