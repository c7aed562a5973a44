"""Weights by name, from wherever they are, into a model: by names of ours, or by those of a plain PyTorch module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import kcore_ops as ops
import numpy as np
from kcore_ops import Variable
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.foundation.errors import ArgumentError, KcoreError

from kcore_layers.base.layer import Layer
from kcore_layers.files.faults import fault_of, refuse_faults, warn_of_faults
from kcore_layers.files.stored import Entry
from kcore_layers.files.tensor_names import named_layers, named_variables, names_of_states
from kcore_layers.files.torch_names import Match, match_modules
from kcore_layers.files.weight_paths import find_paths

__all__ = ["Tensors", "TensorsFormat", "load_tensors", "opened_values", "tensors_of"]

# Entries by name: {"encoder.fc1.weight": Entry(...)}.
Tensors: TypeAlias = Mapping[str, Entry]


class TensorsFormat(NamedTuple):
    """A format of files that have weights by name, rather than by the places of layers.

    Attributes:
        read: function of a path that opens a file: a context whose value is what stands in it.
        write: function that writes variables by name: of these, a path, whether a file there may be replaced, and how
            many bytes each of several files may have, None for one file.
    """

    read: Callable[[str], AbstractContextManager[Tensors]]
    write: Callable[[Mapping[str, Variable], str, bool, int | None], None]


@contextmanager
def opened_values(values: Mapping[str, Any]) -> Iterator[Tensors]:
    """Give arrays and tensors by name as if they were in a file.

    Args:
        values: the arrays, or tensors of any framework, by name.

    Raises:
        ArgumentError: if a name is no string, or a value no array of numbers.
    """
    found = {}
    for name, value in values.items():
        if not isinstance(name, str):
            raise ArgumentError(f"the key {name!r} is not the name of a weight", fix="pass a dict from names to arrays")
        try:
            array = value.numpy() if isinstance(value, Variable) else ops.convert_to_numpy(value)
            # A copy: some backends keep the array they are given, and what was given may be trained on.
            found[name] = Entry(array.shape, ops.dtype(array), partial(np.array, array))
        except (KcoreError, TypeError, ValueError) as error:
            raise ArgumentError(
                f"{name!r} is a {type(value).__name__}, not an array of numbers",
                fix="pass a dict from names to arrays, as state_dict() gives it",
            ) from error
    yield found


def tensors_of(model: Layer, skip: Iterable[Any] = ()) -> dict[str, Variable]:
    """Return the weights of a model by name, but for those of objects to skip.

    Args:
        model: a built model.
        skip: layers of the model, or its optimizer, to leave out; () by default.

    Raises:
        ArgumentError: if the model does not hold one of them.
    """
    skipped = _weights_in(model, list(skip))
    return {name: v for name, v in named_variables(model).items() if id(v) not in skipped}


def _weights_in(model: Layer, objects: Sequence[Any]) -> set[int]:
    find_paths(model, objects)  # all of them there are
    return {id(v) for each in objects if isinstance(each, Layer) for v in each.weights}


def load_tensors(
    model: Layer,
    tensors: Tensors,
    skip_mismatch: bool = False,
    skip: Iterable[Any] = (),
    source: str = "the file",
) -> None:
    """Set the weights of a model from tensors by name; see `load_weights`.

    A name is that of a weight of the model (tensor_names.py), or else of a tensor of a PyTorch module that stands for a
    layer (torch_names.py).

    Args:
        model: a built model.
        tensors: what there is.
        skip_mismatch: as for `load_weights`; False by default.
        skip: layers of the model, or its optimizer, that keep what they have; () by default.
        source: what they are in, for messages; "the file" by default.
    """
    skip = list(skip)
    kept = _weights_in(model, skip)
    variables = named_variables(model)
    found: dict[int, _Found] = {}
    for name, variable in variables.items():
        if name in tensors and id(variable) not in found:
            fault = fault_of(variable, tensors[name], source)
            found[id(variable)] = _Found(variable, tensors[name], fault and f"{name}: {fault}")
    rest = [key for key in tensors if key not in variables]
    modules = match_modules(model, rest, [v for v in variables.values() if id(v) not in found])
    found.update({id(match.variable): _turned(match, tensors, source) for match in modules.matches})
    faults = [each.fault for key, each in found.items() if each.fault and key not in kept]
    first_names = {id(v): name for name, v in reversed(variables.items()) if id(v) not in found}
    faults += [
        f"{name}: missing in {source}; it is {v.path!r}"
        for name, v in variables.items()
        if first_names.get(id(v)) == name and id(v) not in kept
    ]
    known = {*modules.ignored, *names_of_states(model), *(key for match in modules.matches for key in match.keys)}
    prefixes = tuple(f"{named.name}." for named in named_layers(model) if any(named.layer is each for each in skip))
    faults += [
        f"{key}: {modules.ambiguous.get(key, f'only in {source}')}"
        for key in rest
        if key not in known and not key.startswith(prefixes)
    ]
    if not skip_mismatch:
        refuse_faults(faults)
    fitting = [each for key, each in found.items() if not each.fault and key not in kept]
    for each in fitting:
        each.entry.check()
    for each in fitting:
        each.variable.assign(each.entry.read())
    warn_of_faults({"weights": faults}, stacklevel=5)


class _Found(NamedTuple):
    """What there is for a variable, and what keeps it from being its value."""

    variable: Variable
    entry: Entry
    fault: str | None


def _turned(match: Match, tensors: Tensors, source: str) -> _Found:
    """Return what a module's tensors give; how they are turned is tried without reading them."""
    variable, parts = match.variable, [tensors[key] for key in match.keys]

    def turn(*arrays: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return match.turn(variable.shape, *arrays)

    def check() -> None:
        for part in parts:
            part.check()

    shapes = " and ".join(str(part.shape) for part in parts)
    what = f"{' and '.join(match.keys)}: shape {shapes} in {source}"
    try:
        shape = turn(*(np.broadcast_to(np.zeros((), numpy_dtype(part.dtype)), part.shape) for part in parts)).shape
    except (ValueError, IndexError):
        shape = None
    entry = Entry(variable.shape, parts[0].dtype, lambda: turn(*(part.read() for part in parts)), check)
    if shape != variable.shape:
        here = "" if shape is None else f", which are {shape} here"
        return _Found(variable, entry, f"{what}{here}; {variable.shape} in the model: {variable.path!r}")
    fault = fault_of(variable, entry, source)
    return _Found(variable, entry, fault and f"{' and '.join(match.keys)}: {fault}")
