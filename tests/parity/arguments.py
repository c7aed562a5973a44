"""The arguments of one call, and conditions on them by which `differences.py` says which calls differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from kcore_ops import tree
from kcore_ops.engine.op import op_of

__all__ = ["Arguments", "Condition", "any_call", "either", "has_equals", "has_fractions", "has_indices_apart",
           "has_infinity", "has_nan", "has_negative", "has_negative_zero", "has_number", "has_scalar", "is_asymmetric",
           "is_empty", "is_impossible", "is_out_of_range", "keeps_all_axes", "leaves_segments_empty", "named_axes",
           "reduces_no_axes", "takes_last_axes", "takes_of_nothing", "takes_out_of_range", "updates_again"]  # fmt: skip


class Arguments:
    """The arguments of one call of an op, by the names of its parameters, defaults included.

    Attributes:
        arrays: every array among them.
        tensors: what was passed for the parameters that are tensors: arrays, and numbers.
    """

    def __init__(self, op: str, args: tuple[Any, ...]) -> None:
        parameters = op_of(op).parameters
        defaults = op_of(op).body.__defaults__ or ()
        missing = len(parameters) - len(args)
        values = (*args, *defaults[len(defaults) - missing :]) if missing else args
        self._values = {name.lstrip("*"): value for name, value in zip(parameters, values, strict=True)}
        self.arrays = [x for x in tree.flatten(list(args)) if isinstance(x, np.ndarray)]
        kinds = zip(parameters.values(), values, strict=True)
        given = [value for kind, value in kinds if kind in ("tensor", "optional", "sequence") and value is not None]
        self.tensors = tree.flatten(given)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"the op has no parameter {name!r}") from None


Condition = Callable[[Arguments], bool]


def any_call(call: Arguments) -> bool:
    return True


def either(*conditions: Condition) -> Condition:
    return lambda call: any(condition(call) for condition in conditions)


# On the elements of arrays.


def _wide(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give an array that NumPy's functions can all read, as they can not read bfloat16."""
    return x if x.dtype.kind == "c" else x.astype("float64")


def has_nan(call: Arguments) -> bool:
    return any(np.isnan(_wide(x)).any() for x in call.arrays)


def has_infinity(call: Arguments) -> bool:
    return any(np.isinf(_wide(x)).any() for x in call.arrays)


def has_negative(call: Arguments) -> bool:
    return any((_wide(x) < 0).any() for x in call.arrays)


def has_negative_zero(call: Arguments) -> bool:
    return any((np.signbit(_wide(x)) & (x == 0)).any() for x in call.arrays)


def has_equals(call: Arguments) -> bool:
    return any(len(np.unique(_wide(x))) < x.size for x in call.arrays)


def is_out_of_range(indices: Any, size: int) -> bool:
    indices = np.asarray(indices)
    return bool(((indices < -size) | (indices >= size)).any())


# On shapes and axes.


def is_empty(call: Arguments) -> bool:
    return any(x.size == 0 for x in call.arrays)


def has_scalar(call: Arguments) -> bool:
    """A tensor without axes, or a number."""
    return any(np.ndim(x) == 0 for x in call.tensors)


def has_number(call: Arguments) -> bool:
    """A number of Python's in place of a tensor."""
    return any(not isinstance(x, np.ndarray) for x in call.tensors)


def keeps_all_axes(call: Arguments) -> bool:
    """All axes are reduced, without being named, and kept."""
    return call.axis is None and bool(call.keepdims) and call.x.ndim > 0


def reduces_no_axes(call: Arguments) -> bool:
    return getattr(call, "axis", getattr(call, "axes", None)) == ()


def leaves_segments_empty(call: Arguments) -> bool:
    ids = call.segment_ids
    return bool(set(range(call.num_segments or int(max(ids, default=-1)) + 1)) - {int(i) for i in ids})


def named_axes(call: Arguments) -> tuple[int, ...]:
    """Give the axes that `axis` means, of `x`, counted from the start and in order."""
    axes = range(call.x.ndim) if call.axis is None else np.atleast_1d(np.asarray(call.axis, int))
    return tuple(sorted(int(axis) % call.x.ndim for axis in axes))


def takes_last_axes(call: Arguments) -> bool:
    axes = named_axes(call)
    return axes == tuple(range(call.x.ndim))[call.x.ndim - len(axes) :]


def is_asymmetric(call: Arguments) -> bool:
    return not np.array_equal(call.x, call.x.swapaxes(-1, -2).conj())


# On what single ops are given.


def has_fractions(call: Arguments) -> bool:
    """Some tensor or number that is not `x` is no integer."""
    return any(np.asarray(x).dtype.kind not in "biu" for x in call.tensors)


def has_indices_apart(call: Arguments) -> bool:
    """Some other key stands between two arrays or numbers of an index."""
    keys = call.key if isinstance(call.key, tuple) else (call.key,)
    places = [i for i, key in enumerate(keys) if isinstance(key, int | np.ndarray) and not isinstance(key, bool)]
    return len(places) > 1 and places[-1] - places[0] >= len(places)


def takes_of_nothing(call: Arguments) -> bool:
    """There is nothing along the axis, and the indices are not a vector, so that the result is of another shape."""
    return (call.x.size if call.axis is None else call.x.shape[call.axis]) == 0 and call.indices.ndim != 1


def takes_out_of_range(call: Arguments) -> bool:
    return is_out_of_range(call.indices, call.x.size if call.axis is None else call.x.shape[call.axis])


def updates_again(call: Arguments) -> bool:
    """Some element is given several updates, to be combined."""
    places = call.indices.reshape(-1, call.indices.shape[-1])
    places = np.where(places < 0, places + np.array(call.inputs.shape[: places.shape[-1]]), places)
    return call.reduction is not None and len(np.unique(places, axis=0)) < len(places)


def is_impossible(call: Arguments) -> bool:
    """Some target of CTC is longer than its output allows: one step a label, and one between equal labels."""

    def steps(labels: np.ndarray[Any, Any]) -> int:
        return len(labels) + int((labels[1:] == labels[:-1]).sum())

    lengths = zip(call.target, call.target_length, call.output_length, strict=True)
    return any(steps(labels[:length]) > available for labels, length, available in lengths)
