"""A file of a training run's state: one HDF5 file of numbers and of text, whole or absent, read without trust."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from kcore_layers.files.atomic import atomic_write
from kcore_layers.files.hdf5 import find_datasets, open_hdf5, read_dataset
from kcore_layers.files.hdf5_weights import new_hdf5, reporting_failed_writes, write_dataset
from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError, located

__all__ = ["VERSION", "read_state", "remove_state", "write_state"]

# Of what is in the file; a reader refuses later ones.
VERSION = 1
_TEXT, _ARRAYS = "state", "arrays"


def write_state(path: str, state: Any) -> None:
    """Write a state, which takes the place of what was there once it is whole.

    Args:
        path: the file's name.
        state: numbers, strings, None, arrays and variables, and lists, tuples and dicts of these. Variables are read
            one at a time.

    Raises:
        ArgumentError: if something in it is no plain data; what was there stays.
        OSError: if it can not be written; what was there stays.
    """
    with atomic_write(path, overwrite=True) as temporary, reporting_failed_writes(path), new_hdf5(temporary) as file:
        arrays = file.create_group(_ARRAYS)
        count = 0

        def encoded(value: Any) -> Any:
            nonlocal count
            if isinstance(value, Variable | np.ndarray | np.generic):
                array = value.numpy() if isinstance(value, Variable) else np.asarray(value)
                write_dataset(arrays, str(count), array)
                count += 1
                return {"array": count - 1, "is_scalar": isinstance(value, np.generic)}
            if isinstance(value, dict):
                return {"items": [[encoded(key), encoded(each)] for key, each in value.items()]}
            if isinstance(value, tuple | list):
                return {type(value).__name__: [encoded(each) for each in value]}
            if isinstance(value, complex):
                return {"complex": [value.real, value.imag]}
            if isinstance(value, bytes):
                return {"bytes": base64.b64encode(value).decode()}
            if value is None or isinstance(value, bool | int | float | str):
                return value
            raise ArgumentError(
                f"the state of the run holds a {type(value).__name__}, which is no plain data: {value!r:.80}",
                fix="let get_state return numbers, strings, arrays, and lists, tuples and dicts of these",
            )

        text = json.dumps({"version": VERSION, "state": encoded(state)})
        write_dataset(file, _TEXT, np.frombuffer(text.encode(), "uint8"))


def read_state(path: str) -> Any:
    """Return the state in a file.

    Args:
        path: the file's name.

    Raises:
        ArgumentError: if it is not a whole file of a state, or one of a later version.
    """
    with located(f"file {path!r}"), open_hdf5(path, repr(path)) as file:
        datasets = find_datasets(file)
        if _TEXT not in datasets:
            raise ArgumentError("it holds no state of a training run", fix=_FIX)
        with _reporting_damage():
            found = json.loads(read_dataset(datasets[_TEXT]).tobytes())
            if found["version"] > VERSION:
                raise ArgumentError(
                    f"it is of version {found['version']}, and this kcore reads up to {VERSION}",
                    fix="go on with the kcore that wrote it, or a later one",
                )
            return _decoded(found["state"], {name: datasets[name] for name in datasets})


_FIX = "remove it, to begin anew"


@contextmanager
def _reporting_damage() -> Iterator[None]:
    try:
        yield
    except (ValueError, LookupError, TypeError, RecursionError, AttributeError) as error:
        if isinstance(error, ArgumentError):
            raise
        raise ArgumentError(f"it is damaged: {type(error).__name__}: {error}", fix=_FIX) from error


def _decoded(value: Any, datasets: dict[str, Any]) -> Any:
    if not isinstance(value, dict):
        return value
    if "array" in value:
        array = read_dataset(datasets[f"{_ARRAYS}/{value['array']}"])
        return array[()] if value["is_scalar"] else array
    ((kind, inner),) = value.items()
    if kind == "items":
        return {_decoded(key, datasets): _decoded(each, datasets) for key, each in inner}
    if kind == "complex":
        return complex(*inner)
    if kind == "bytes":
        return base64.b64decode(inner)
    return {"list": list, "tuple": tuple}[kind](_decoded(each, datasets) for each in inner)


def remove_state(path: str) -> None:
    """Remove a file of a state, if it is there.

    Args:
        path: the file's name.
    """
    if os.path.lexists(path):
        os.remove(path)
