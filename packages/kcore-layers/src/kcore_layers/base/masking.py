"""Masks that travel with tensors: which steps of a sequence count.

A mask is an attribute of its tensor where the framework's tensors take attributes, and else lies in a table for as long
as the tensor lives.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from kcore_ops import copy, tree
from kcore_ops.engine.inference import is_inferring
from kcore_ops.engine.op import Tensor, Tree

from kcore_layers.base.signature import CallSignature

if TYPE_CHECKING:
    from kcore_layers.base.call import Calling

__all__ = [
    "follows_inputs",
    "get_mask",
    "in_use",
    "mask_outputs",
    "masks_of",
    "none_without_one",
    "pass_masks",
    "set_mask",
]

# Whether any mask was ever set: until then nobody needs to look for one.
_in_use = False
_table: dict[int, tuple[weakref.ref[Any], Any]] = {}


def none_without_one(compute_mask: Any) -> Any:
    """Decorate a method `compute_mask` that gives no mask where no input has one.

    Args:
        compute_mask: the method.
    """
    compute_mask.gives_none_without_one = True
    return compute_mask


def follows_inputs(cls: type) -> bool:
    """Return whether no output of a layer has a mask where no input has one.

    Args:
        cls: the class of the layer.
    """
    return getattr(cls.compute_mask, "gives_none_without_one", False)  # type: ignore[attr-defined]


def in_use() -> bool:
    """Return whether any tensor of this process ever had a mask."""
    return _in_use


def set_mask(x: Tensor, mask: Tensor | None) -> None:
    """Set a tensor's mask.

    Args:
        x: the tensor.
        mask: booleans of the shape of the tensor's leading axes; None removes the mask.
    """
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


def get_mask(x: Tensor) -> Any:
    """Return a tensor's mask, or None.

    Args:
        x: the tensor.
    """
    if not _in_use:
        return None
    mask = getattr(x, "_keras_mask", None)
    if mask is None and _table:
        found = _table.get(id(x))
        if found is not None and found[0]() is x:
            return found[1]
    return mask


def masks_of(value: Tree) -> Any:
    """Return the masks of a tensor, or of a tree of them in a tree of the same form; None if there are none.

    Args:
        value: a tensor, or a tree of them.
    """
    if not isinstance(value, list | tuple | dict):
        return get_mask(value) if hasattr(value, "shape") else None
    found = tree.map_structure(lambda x: get_mask(x) if hasattr(x, "shape") else None, value)
    return found if any(mask is not None for mask in tree.flatten(found)) else None


def pass_masks(signature: CallSignature, values: dict[str, Any]) -> Any:
    """Pass a call the masks that its tensors carry, where it has a parameter for them.

    Args:
        signature: the parameters of `call`.
        values: the arguments by name; masks are put in among them.

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


def mask_outputs(layer: Calling, values: dict[str, Any], masks: Tree, outputs: Tree) -> Any:
    """Return the outputs of a call with their masks; an output that is an input is copied first.

    Args:
        layer: the layer, whose `compute_mask` is asked.
        values: the arguments of the call by name.
        masks: the mask of the first argument, or a tree of them.
        outputs: what the call returned.
    """
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
