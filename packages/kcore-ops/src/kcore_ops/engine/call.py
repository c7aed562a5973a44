"""One call of an op: its arguments, the tensors among them, and the backend these belong to."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from kcore_ops import dtypes
from kcore_ops.backends import registry
from kcore_ops.backends.current import current_backend
from kcore_ops.backends.interface import Backend
from kcore_ops.dtypes import check_fits, standardize_dtype
from kcore_ops.dtypes.promotion import COMPARING
from kcore_ops.engine.op import Op, all_ops
from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import ArgumentError, DTypeError, MixedBackends, ShapeError
from kcore_ops.specs.shapes import show_shape
from kcore_ops.specs.spec import TensorSpec

__all__ = [
    "HOST_NUMBERS",
    "HOST_TYPES",
    "Call",
    "SymbolicShape",
    "answers_ops",
    "backend_of",
    "beside",
    "describe",
    "dtype_of",
    "stands_for_value",
    "unwrapped",
]

# Values that belong to no backend: they follow the tensors they come with.
HOST_NUMBERS = (bool, int, float, complex)
HOST_TYPES = (*HOST_NUMBERS, np.ndarray, np.generic, list, tuple)


class SymbolicShape(tuple[Any, ...]):
    """A shape some of whose sizes stand for ones that are not known: no plan is for it."""


class Call:
    """The arguments of one call, with every tensor among them found.

    Attributes:
        args: the arguments, in the order of the op's parameters, variables replaced by their values.
        original: what was passed for each tensor parameter.
        values: every tensor, number and list passed for a tensor parameter.
        listed: which of the values were lists of numbers, and are arrays by now.
        groups: for each tensor parameter, its position and where its values stand in `values`.
    """

    def __init__(self, op: Op, args: tuple[Any, ...]) -> None:
        self.op = op
        self.args = list(args)
        self.original = [args[position] for position, _, _ in op.tensor_parameters]
        self.values: list[Any] = []
        self.listed: set[int] = set()
        self.groups: dict[str, tuple[int, slice]] = {}
        for position, name, kind in op.tensor_parameters:
            start = len(self.values)
            value = unwrapped(self.args[position])
            if kind == "sequence":
                if not isinstance(value, list | tuple):
                    problem = f"{name} must be a list or tuple of tensors and is a {type(value).__name__}"
                    raise ArgumentError(problem, fix="put it into a list").at(op.name)
                self.listed |= {start + i for i, item in enumerate(value) if isinstance(item, list | tuple)}
                value = [self._one(item, name) for item in value]
                self.values += value
            elif kind == "tree":
                value = tree.map_structure(unwrapped, value)
                self.values += [leaf for leaf in tree.flatten(value) if leaf is not None]
            elif value is None and kind == "tensor":
                raise ArgumentError(f"{name} is None, and a tensor is needed", fix=f"pass {name}").at(op.name)
            elif value is not None:
                self.listed |= {start} if isinstance(value, list | tuple) else set()
                value = self._one(value, name)
                self.values.append(value)
            self.args[position] = value
            self.groups[name] = (position, slice(start, len(self.values)))
        self.is_symbolic = any(isinstance(value, TensorSpec) for value in self.values) or any(
            isinstance(arg, SymbolicShape) for arg in self.args
        )

    def _one(self, value: Any, name: str) -> Any:
        value = unwrapped(value)
        if isinstance(value, list | tuple):
            leaves = tree.flatten(value)
            if any(not isinstance(leaf, (*HOST_NUMBERS, np.ndarray, np.generic)) for leaf in leaves):
                return _stacked([self._one(item, name) for item in value])
            try:
                return _array_of(value, leaves)
            except ValueError as error:
                problem = f"{name} is a list whose parts differ in shape"
                raise ShapeError(problem, fix="pad them to one shape").at(self.op.name) from error
        if isinstance(value, HOST_TYPES) or isinstance(value, TensorSpec) or registry.owner(type(value)) is not None:
            return value
        if hasattr(value, "__array__"):
            return np.asarray(value)
        problem = f"{name} is a {type(value).__module__}.{type(value).__qualname__}, which no installed backend knows"
        raise DTypeError(problem, fix="pass a tensor, a NumPy array, a number or a list of numbers").at(self.op.name)

    def backend(self) -> Backend:
        """Return the backend that the tensors belong to; the current one if there are only numbers and arrays."""
        return backend_of(self.values)

    def specs(self, backend: Backend | None) -> list[tuple[str, tuple[Any, ...]]]:
        """Dtype, weak for Python numbers, and shape of each value."""
        return [describe(value, backend) for value in self.values]

    def target_dtypes(self, described: list[str], backend: Backend | None) -> list[str]:
        """Return the dtype each value is to be cast to, by the op's rules.

        Raises:
            DTypeError: if a rule has none.
            RangeError: if a Python number does not fit its dtype, and the op does more than compare.
        """
        targets = [dtypes.concrete(dtype) for dtype in described]
        checked = set(range(len(targets)))
        for names, rule in self.op.rules:
            spots = [i for name in names for i in range(len(self.values))[self.groups[name][1]]]
            if spots:
                target = rule([described[i] for i in spots])
                for i in spots:
                    targets[i] = target
                checked -= set(spots) if rule in COMPARING else set()
        targets = [backend.canonical_dtype(target) for target in targets] if backend else targets
        for i in checked:
            if self.values[i].__class__ is int or i in self.listed:
                check_fits(self.values[i], targets[i])
        return targets

    def compares(self, name: str) -> bool:
        """Return whether the op does no more than compare what is passed for a parameter."""
        return any(name in names and rule in COMPARING for names, rule in self.op.rules)

    def replaced(self, values: Sequence[Any]) -> list[Any]:
        """Return the arguments with other values in place of the tensors."""
        args = list(self.args)
        for name, (position, spots) in self.groups.items():
            kind = self.op.parameters[name]
            if kind == "sequence":
                args[position] = list(values[spots])
            elif kind == "tree":
                rest = iter(values[spots])
                args[position] = tree.map_structure(lambda x, r=rest: x if x is None else next(r), args[position])
            elif spots.start < spots.stop:
                args[position] = values[spots.start]
        return args

    def received(self) -> list[str]:
        """One line per tensor parameter: name, dtype and shape."""
        lines = []
        for name, (_, spots) in self.groups.items():
            shown = []
            for value in self.values[spots]:
                owner = registry.owner(type(value)) if not isinstance(value, HOST_TYPES + (TensorSpec,)) else None
                dtype, shape = describe(value, owner)
                shown.append(f"{dtype} {show_shape(shape)}" if shape or dtype not in dtypes.WEAK else repr(value))
            if shown:
                lines.append(f"{name.lstrip('*')} " + (f"[{', '.join(shown)}]" if len(shown) > 1 else shown[0]))
        return lines


# Classes are asked only for what their objects answer to: a class of a framework takes eight times as long to say no.


def stands_for_value(value: Any) -> bool:
    """Return whether an object stands for a tensor, as a variable does: whether its class has `__kcore_value__`."""
    return hasattr(value, "__kcore_value__") and hasattr(value.__class__, "__kcore_value__")


def answers_ops(value: Any) -> bool:
    """Return whether an object may run ops itself: whether its class has `__kcore_op__`."""
    return hasattr(value, "__kcore_op__") and hasattr(value.__class__, "__kcore_op__")


def unwrapped(value: Any) -> Any:
    """Return the tensor that an object stands for, or what is one as it is."""
    while stands_for_value(value):
        value = value.__kcore_value__()
    return value


def _stacked(values: list[Any]) -> Any:
    return all_ops()["stack"].function(values)


def _array_of(value: Any, leaves: list[Any]) -> np.ndarray[Any, Any]:
    """Make an array of nested lists of numbers: Python numbers get the default dtype of their kind.

    Integers of which int32 can not hold one become int64.
    """
    if all(type(leaf) in HOST_NUMBERS for leaf in leaves):
        kind = dtypes.result_type(*{type(leaf) for leaf in leaves})
        try:
            return np.array(value, dtypes.numpy_dtype(kind))
        except OverflowError:
            for leaf in leaves:
                check_fits(leaf, "int64")
            return np.array(value, np.int64)
    return np.array(value)


def describe(value: Any, backend: Backend | None) -> tuple[str, tuple[Any, ...]]:
    """Return the dtype, weak for Python numbers, and the shape of a tensor, an array or a number."""
    if isinstance(value, TensorSpec):
        return value.dtype if value.dtype in _KNOWN else standardize_dtype(value.dtype), value.shape
    if isinstance(value, np.ndarray | np.generic):
        return standardize_dtype(value.dtype), value.shape
    if isinstance(value, bool):
        return "bool", ()
    if isinstance(value, HOST_NUMBERS):
        return "int" if isinstance(value, int) else type(value).__name__, ()
    assert backend is not None
    return backend.dtype(value), tuple(value.shape)


# Definitions ask for the dtypes of arrays many times: the way through `standardize_dtype` takes twice as long.
_ARRAY = np.ndarray
_KNOWN = frozenset(dtypes.ALLOWED_DTYPES)
_NAMES = {dtypes.numpy_dtype(name): name for name in dtypes.ALLOWED_DTYPES}


def dtype_of(x: Any) -> str:
    """Return the name of the dtype of a tensor, an array, a variable or a spec.

    That of a tensor is what its backend calls it: a framework may have names of its own for dtypes.

    >>> dtype_of(np.ones(2, "float16"))
    'float16'
    """
    if x.__class__ is _ARRAY:
        name = _NAMES.get(x.dtype)
        return _name_of(x.dtype) if name is None else name
    backend = registry.owner(x.__class__)
    return _name_of(x.dtype) if backend is None else backend.dtype(x)


def _name_of(dtype: Any) -> str:
    return dtypes.STRING if dtypes.is_string_dtype(dtype) else standardize_dtype(dtype)


def backend_of(values: Sequence[Any]) -> Backend:
    """Return the backend whose tensors these are, numbers and NumPy arrays aside; the current one if there are none.

    Raises:
        MixedBackends: if they belong to more than one.
    """
    found: dict[str, tuple[Backend, type]] = {}
    for value in values:
        if isinstance(value, HOST_TYPES) or value is None:
            continue
        backend = registry.owner(type(value))
        if backend is not None:
            found[backend.name] = (backend, type(value))
    if not found:
        return current_backend()
    if len(found) > 1:
        first, second = sorted(found)[:2]
        raise MixedBackends(
            f"tensors of {' and '.join(sorted(found))} in one call",
            fix=f"convert one of them: kcore_ops.to_backend(x, {first!r}) or kcore_ops.to_backend(x, {second!r})",
        )
    return next(iter(found.values()))[0]


def beside(x: Any) -> AbstractContextManager[Any]:
    """Make tensors in the place of `x` inside the `with` block: for what is made of sizes, to go with it."""
    x = unwrapped(x)
    if x is None or isinstance(x, (*HOST_TYPES, TensorSpec)):
        return nullcontext()
    backend = backend_of([x])
    place = backend.elsewhere(x)
    return nullcontext() if place is None else backend.place_scope(place)
