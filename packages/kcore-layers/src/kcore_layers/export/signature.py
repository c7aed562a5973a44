"""What an endpoint is called with: from a signature that the user gives, or from what the model was made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from kcore_ops import tree
from kcore_ops.backends.exports import Argument
from kcore_ops.dtypes import standardize_dtype
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.naming import unique_names
from kcore_layers.base.shapes import specs_of

__all__ = ["arguments_of_model", "arguments_of_signature"]


def arguments_of_signature(signature: Any, takes_one: bool = False) -> tuple[Any, ...]:
    """Return the arguments that a signature describes, as trees of `Argument`.

    Args:
        signature: list of what describes a tensor (`InputSpec`, `TensorSpec`, a symbolic tensor, one of a framework's
            own, a tensor), or of trees of such, one for each argument; what is no list is one argument.
        takes_one: whether the call takes one argument; then a list of several is that one. False by default.

    Raises:
        ArgumentError: if something in it does not describe a tensor.
    """
    is_list = isinstance(signature, list | tuple)
    arguments = list(signature) if is_list and not (takes_one and len(signature) != 1) else [signature]
    return _named(tree.map_structure(_described, arguments))


def arguments_of_model(model: Any) -> tuple[Any, ...]:
    """Return the arguments of a model's call: its inputs, or what it was built with, for any number of samples.

    Args:
        model: the model.

    Raises:
        ArgumentError: if it is not built, or was built without being told of shapes.
    """
    if not model.built:
        raise ArgumentError(f'model "{model.name}" is not built', fix="call it on data first, or pass input_signature")
    inputs = getattr(model, "_kcore_inputs_structure", None)
    if inputs is None:
        inputs = getattr(model, "_kcore_input", None)
    if inputs is not None:
        return _named([tree.map_structure(_described, inputs)])
    shapes = getattr(model, "_kcore_build_shapes", None)
    if not shapes:
        raise ArgumentError(
            f'it is not known what model "{model.name}" is called with', fix="pass input_signature, a list of InputSpec"
        )
    dtypes = getattr(model, "_kcore_build_dtypes", {})
    found = []
    for key, shape in shapes.items():
        name = key.removesuffix("_shape")
        if shape is None:
            continue
        specs = specs_of(shape, dtypes.get(name, model.input_dtype))
        found.append(tree.map_structure(lambda spec, name=name: _of_any_size(spec, name), specs))
    return _named(found)


def _of_any_size(spec: Any, name: str) -> Argument:
    return Argument((None, *spec.shape[1:]) if spec.shape else (), spec.dtype, name)


def _described(spec: Any) -> Argument:
    shape = getattr(spec, "shape", None)
    try:
        sizes = None if shape is None else tuple(None if size is None else int(size) for size in shape)
        dtype = standardize_dtype(getattr(spec, "dtype", None))
    except Exception:
        sizes = None
    if sizes is None:
        raise ArgumentError(
            f"{spec!r} does not describe a tensor", fix="pass InputSpec(shape=(None, 3), dtype='float32') for each"
        )
    return Argument(sizes, dtype, getattr(spec, "name", None) or "inputs")


def _named(arguments: Iterable[Any]) -> tuple[Any, ...]:
    """Give each a name that every format takes, and no other one has."""
    trees = list(arguments)
    leaves = tree.flatten(trees)
    names = unique_names([re.sub(r"\W", "_", leaf.name) for leaf in leaves])
    named = [Argument(leaf.shape, leaf.dtype, name) for leaf, name in zip(leaves, names, strict=True)]
    return tuple(tree.pack_sequence_as(trees, named))
