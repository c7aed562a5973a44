"""Orbax, which reads and writes checkpoints: arrays in directories, by TensorStore.

It comes with JAX, whatever the backend is, and is imported when it is needed. Reading runs no code of a checkpoint's:
what its metadata call a handler is looked up among those that Orbax has.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from kcore_ops.foundation.errors import ArgumentError, MissingDependency, one_line

__all__ = ["find_step", "orbax", "read_arrays", "read_metadata", "read_text"]

_FIX = "pass a whole checkpoint, that OrbaxCheckpoint wrote"
_METADATA, _STATE = "_CHECKPOINT_METADATA", "pytree"


def orbax() -> Any:
    """Return the library.

    Raises:
        MissingDependency: if it is not installed.
    """
    try:
        import orbax.checkpoint.experimental.v1 as library
    except ImportError as error:
        raise MissingDependency(
            "checkpoints of Orbax need the library orbax-checkpoint 0.12, which is not installed",
            fix="pip install 'orbax-checkpoint>=0.12.8'",
        ) from error
    return library


def find_step(path: str) -> str | None:
    """Return the directory of a checkpoint: one itself, or the latest of those in it; None if there is none.

    Args:
        path: the directory's name.
    """
    if _is_step(path):
        return path
    steps = [name for name in os.listdir(path) if name.isdecimal() and _is_step(os.path.join(path, name))]
    return os.path.join(path, max(steps, key=int)) if steps else None


def _is_step(path: str) -> bool:
    return os.path.isfile(os.path.join(path, _METADATA)) and os.path.isdir(os.path.join(path, _STATE))


@dataclass
class _Numbers:
    """What Orbax is told of an array that is to be read as one of NumPy's, wherever it was when it was written."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def read_metadata(step: str) -> dict[str, dict[str, Any]]:
    """Return what is in a checkpoint: `pytree`, and it may be `model_config` and `assets`, each with what is in it.

    Args:
        step: its directory.

    Returns:
        By name, dicts of dicts, and at last what has the `shape` and `dtype` of an array, or a number.

    Raises:
        ArgumentError: if it can not be read.
        MissingDependency: if Orbax is not installed.
    """
    library = orbax()
    try:
        found: dict[str, Any] = dict(library.checkpointables_metadata(os.path.abspath(step)).metadata)
    except Exception as error:  # whatever stands in the files
        raise _damaged(error) from error
    for name, tree in found.items():
        if not isinstance(tree, dict):
            raise ArgumentError(f"it can not be read: its {one_line(name)} is no dict of arrays, or damaged", fix=_FIX)
    return found


def read_arrays(step: str, name: str, tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return arrays of a checkpoint.

    Args:
        step: its directory.
        name: which part of it.
        tree: dicts of dicts, and at last what has the `shape` and `dtype` of the array there: a part of what
            `read_metadata` returned.

    Raises:
        ArgumentError: if they can not be read.
    """
    library = orbax()
    options = library.options.PyTreeOptions
    try:
        with library.Context(pytree_options=options(loading=options.Loading(partial_load=True))):
            found: dict[str, Any] = library.load_checkpointables(os.path.abspath(step), {name: _wanted(tree)})[name]
    except Exception as error:
        raise _damaged(error) from error
    return found


def read_text(step: str, name: str, key: str) -> str:
    """Return a text in a checkpoint.

    Args:
        step: its directory.
        name: which part of it.
        key: its key there.

    Raises:
        ArgumentError: if there is none.
    """
    library = orbax()
    try:
        text = library.load_checkpointables(os.path.abspath(step), {name: None})[name][key]
    except Exception as error:
        raise _damaged(error) from error
    if not isinstance(text, str):
        raise ArgumentError(f"its {name} is a {type(text).__name__}, and no text", fix=_FIX)
    return text


def _wanted(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _wanted(each) for name, each in tree.items()}
    return tree if isinstance(tree, bool | int | float) else _Numbers(tuple(tree.shape), tree.dtype)


def _damaged(error: Exception) -> ArgumentError:
    return ArgumentError(f"it can not be read: {type(error).__name__}: {one_line(str(error))}", fix=_FIX)
