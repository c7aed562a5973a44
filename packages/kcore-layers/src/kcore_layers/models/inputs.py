"""Matching what a model was given to its inputs: by name where there are names, never by guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kcore_ops as ops
from kcore_ops import KerasTensor, TensorSpec, tree
from kcore_ops.backends.current import current_backend
from kcore_ops.dtypes import STRING
from kcore_ops.engine.call import HOST_NUMBERS, HOST_TYPES, dtype_of
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError

from kcore_layers.base.input_spec import several_given

__all__ = ["InputCheck", "match_inputs"]


def match_inputs(structure: Tree, given: Tree, names: list[str], model: str) -> list[Any]:
    """Return the values for a model's inputs, in their order.

    Args:
        structure: the inputs as the model was made of them: a symbolic tensor, or a list, tuple or dict of them.
        given: what the model was called with.
        names: the names of the inputs, in order.
        model: the model's name.

    Raises:
        ArgumentError: if names are missing or unknown, or the number of values is wrong.
    """
    wanted = names if not isinstance(structure, Mapping) else list(structure)
    if isinstance(given, Mapping) and all(isinstance(key, str) for key in given):
        if isinstance(structure, Mapping) and not all(isinstance(x, KerasTensor) for x in structure.values()):
            return _of_same_form(structure, given, model)
        by_name = dict(given)
        if isinstance(structure, Mapping) and set(given) != set(wanted) and set(given) == set(names):
            wanted = [x.name for x in structure.values()]
        missing = [name for name in wanted if name not in by_name]
        unknown = [str(name) for name in by_name if name not in wanted]
        if missing or unknown:
            parts = [f"{what} {', '.join(map(repr, found))}" for what, found in
                     (("missing:", missing), ("unknown:", unknown)) if found]  # fmt: skip
            raise ArgumentError(
                f'inputs of model "{model}" do not match by name; {"; ".join(parts)}',
                fix=f"pass a dict with the keys {', '.join(map(repr, wanted))}",
            )
        values = [by_name[name] for name in wanted]
        return values if not isinstance(structure, Mapping) else _in_order_of_leaves(structure, values)
    if isinstance(structure, Mapping):
        raise ArgumentError(
            f'model "{model}" takes its inputs by name and was given a {type(given).__name__}',
            fix=f"pass a dict with the keys {', '.join(map(repr, wanted))}",
        )
    if isinstance(structure, KerasTensor):
        if isinstance(given, list | tuple) and len(given) == 1 and not isinstance(given[0], HOST_NUMBERS):
            given = given[0]
        return [given]
    return _of_same_form(structure, given, model)


def _in_order_of_leaves(structure: Mapping[str, Any], values: list[Any]) -> list[Any]:
    return tree.flatten(dict(zip(structure, values, strict=True)))


def _of_same_form(structure: Any, given: Any, model: str) -> list[Any]:
    leaves = tree.flatten(structure)
    values = tree.flatten(given)
    if len(values) != len(leaves):
        raise ArgumentError(
            f'model "{model}" has {len(leaves)} inputs and was given {len(values)}',
            fix=f"pass {len(leaves)} tensors: {', '.join(x.name for x in leaves)}",
        )
    return values


class InputCheck:
    """Makes of values what a model takes for an input; of a kind it has seen to be right only the shape is looked at.

    Args:
        wanted: the model's symbolic input.
    """

    __slots__ = ("_kinds", "_ndim", "_sizes", "wanted")

    def __init__(self, wanted: KerasTensor) -> None:
        self.wanted = wanted
        self._ndim = len(wanted.shape)
        self._sizes = [(axis, size) for axis, size in enumerate(wanted.shape) if size is not None]
        # Class and dtype of the tensors whose dtype is the one that is wanted.
        self._kinds: set[Any] = set()

    def __call__(self, x: Tensor | None, model: str) -> Any:
        """Return a value as the model takes it: in the input's dtype, a last axis of size 1 added or taken away.

        Args:
            x: the value.
            model: the model's name.

        Raises:
            ArgumentError: if it is None and the input is not optional.
            ShapeError: if the shape does not fit.
            DTypeError: if it is strings where numbers are needed, or numbers for strings.
        """
        kind: Any = (x.__class__, getattr(x, "dtype", None))
        try:
            is_known = kind in self._kinds
        except TypeError:  # a dtype that can not be hashed
            return _conformed(x, self.wanted, model)
        if is_known:
            shape: Any = x.shape  # type: ignore[union-attr]
            if len(shape) == self._ndim and all([shape[axis] == size for axis, size in self._sizes]):
                return x
        found = _conformed(x, self.wanted, model)
        is_tensor = x is not None and not isinstance(x, (*HOST_TYPES, TensorSpec))
        if is_tensor and found is x and dtype_of(x) == self.wanted.dtype:
            self._kinds.add(kind)
        return found


def _conformed(x: Tensor | None, wanted: KerasTensor, model: str) -> Any:
    if x is None:
        if wanted.node is not None and wanted.node.op.optional:
            return x
        raise ArgumentError(
            f'input {wanted.name!r} of model "{model}" is None, and the model needs it',
            fix=f"pass a tensor of shape {wanted.shape}, or make it with Input(..., optional=True)",
        )
    if isinstance(x, list | tuple) and len(x) == 1:
        x = x[0]
    if isinstance(x, list | tuple | dict):
        raise several_given(x, f'input {wanted.name!r} of model "{model}"')
    shape = given_shape = x.shape
    if len(shape) != len(wanted.shape):
        is_text = wanted.dtype == STRING  # which ops do not take
        if len(shape) == len(wanted.shape) + 1 and shape[-1] == 1:
            x = x[..., 0] if is_text else ops.squeeze(x, axis=-1)
        elif len(shape) == len(wanted.shape) - 1 and wanted.shape[-1] == 1:
            x = x[..., None] if is_text else ops.expand_dims(x, axis=-1)
        shape = x.shape
    sizes = wanted.shape
    is_wrong = len(shape) != len(sizes)
    if not is_wrong:
        for size, own in zip(shape, sizes, strict=True):
            if own is not None and size != own and type(size) is int:
                is_wrong = True
    if is_wrong:
        found = tuple(size if type(size) is int else None for size in given_shape)
        raise ShapeError(
            f'input {wanted.name!r} of model "{model}" has shape {found} and must have {sizes}',
            fix=f"pass a tensor of shape {sizes}, None standing for any size",
        )
    found_dtype = x.dtype if isinstance(x, TensorSpec) else dtype_of(x)
    if found_dtype != wanted.dtype and STRING in (found_dtype, wanted.dtype):
        raise DTypeError(
            f'input {wanted.name!r} of model "{model}" has dtype {found_dtype} and must have {wanted.dtype}',
            fix="pass strings for inputs of strings, and numbers for the others",
        )
    if found_dtype == wanted.dtype:
        return x
    if isinstance(x, TensorSpec):
        return ops.cast(x, wanted.dtype)
    # Where a backend has no int64, an input of it takes what the backend makes of arrays of int64.
    dtype = current_backend().canonical_dtype(wanted.dtype)
    return x if found_dtype == dtype else ops.cast(x, dtype)
