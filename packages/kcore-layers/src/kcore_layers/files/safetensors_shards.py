"""Weights in several files of safetensors, as Hugging Face lays them out: an index and the shards that it names.

The index of `NAME-00001-of-00002.safetensors` and so on is `NAME.safetensors.index.json`; it says which shard has which
tensor.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kcore_ops import Variable
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.files.atomic import atomic_write, check_target
from kcore_layers.files.own_files import check_file_names, own_file
from kcore_layers.files.safetensors_file import read_safetensors, write_safetensors
from kcore_layers.files.stored import Entry
from kcore_layers.files.tensors import Tensors

__all__ = ["SAFETENSORS_ENDING", "SAFETENSORS_INDEX", "read_index", "write_file_or_shards"]

SAFETENSORS_ENDING = ".safetensors"
SAFETENSORS_INDEX = f"{SAFETENSORS_ENDING}.index.json"
_FIX = "pass an index that save_weights or a library of Hugging Face's wrote, with all shards that it names"


@contextmanager
def read_index(path: str) -> Iterator[Tensors]:
    """Open an index and its shards for reading.

    Args:
        path: the name of the index.

    Raises:
        ArgumentError: if there is none; if it names files elsewhere, or that are not there; or if the shards hold
            other tensors than it says.
        MissingDependency: if the library is not installed.
    """
    shards = _weight_map(path)
    names = list(dict.fromkeys(shards.values()))
    check_file_names(names, are_bare=True)
    found: dict[str, Entry] = {}
    with contextlib.ExitStack() as stack:
        for name in names:
            shard = own_file(os.path.dirname(path), name)
            tensors = stack.enter_context(read_safetensors(shard))
            held, listed = set(tensors), {key for key, place in shards.items() if place == name}
            if held != listed:
                what = f"lacks {min(listed - held)!r}" if listed - held else f"holds {min(held - listed)!r}"
                raise ArgumentError(f"{name!r} {what}, and the index says otherwise", fix=_FIX)
            found.update(tensors)
        yield found


def _weight_map(path: str) -> dict[str, str]:
    """Return what an index says: by the name of each tensor, that of its shard."""
    try:
        with open(path, encoding="utf-8") as file:
            index = json.load(file)
    except FileNotFoundError as error:
        raise ArgumentError(f"there is no file {path!r}", fix="check the path") from error
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"the index is not JSON that can be read: {error}", fix=_FIX) from error
    shards = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(shards, dict) or not all(isinstance(name, str) for name in shards.values()):
        raise ArgumentError("the index has no weight_map from names of tensors to those of shards", fix=_FIX)
    return shards


def write_file_or_shards(
    variables: Mapping[str, Variable], path: str, overwrite: bool, max_size: int | None = None
) -> None:
    """Write variables to one file of safetensors, or with a size to several, which are there when all are complete.

    Args:
        variables: the variables by name.
        path: the name of the file, or that of the index.
        overwrite: whether there may be such a file.
        max_size: how many bytes of variables a shard may hold; None, the default, writes one file.

    Raises:
        ArgumentError: if there is a file that is not to be overwritten, the format has not the dtype of a variable, a
            variable is larger than a shard may be, or an index is named and no size given.
        MissingDependency: if the library is not installed.
    """
    if max_size is not None:
        index = path if path.endswith(SAFETENSORS_INDEX) else path.removesuffix(SAFETENSORS_ENDING) + SAFETENSORS_INDEX
        if index != path:
            warnings.warn(f"with max_shard_size there are several files, with an index: {index!r}", stacklevel=4)
        _write_shards(variables, index, overwrite, max_size)
    elif path.endswith(SAFETENSORS_INDEX):
        raise ArgumentError(
            f"{path!r} is the name of an index of several files", fix="pass max_shard_size, or name it .safetensors"
        )
    else:
        write_safetensors(variables, path, overwrite)


def _write_shards(variables: Mapping[str, Variable], path: str, overwrite: bool, max_size: int) -> None:
    """Write shards, and an index as the last; until it is there, a former one is true, whose shards then go."""
    check_target(path, overwrite)
    parts = _parts(variables, max_size)
    stem = path.removesuffix(SAFETENSORS_INDEX)
    names = _free_names(stem, len(parts))
    old = _shards_of(path, stem)
    size = sum(_size(v) for v in variables.values())
    shards = {key: os.path.basename(name) for name, part in zip(names, parts, strict=True) for key in part}
    index: dict[str, Any] = {"metadata": {"total_size": size}, "weight_map": shards}
    written = []
    try:
        for name, part in zip(names, parts, strict=True):
            write_safetensors(part, name, overwrite=False)
            written.append(name)
        with atomic_write(path, overwrite) as temporary, open(temporary, "x", encoding="utf-8") as file:
            json.dump(index, file, indent=2)
        written = old
    finally:
        for name in written:
            with contextlib.suppress(OSError):  # then something is left, and nothing is missing
                os.remove(name)


def _parts(variables: Mapping[str, Variable], max_size: int) -> list[dict[str, Variable]]:
    """Return variables in order, in as many parts as it takes for each to have no more than so many bytes."""
    parts: list[dict[str, Variable]] = [{}]
    room = max_size
    for name, variable in variables.items():
        size = _size(variable)
        if size > max_size:
            raise ArgumentError(
                f"{name!r} has {size} bytes, and a shard may have {max_size}",
                fix=f"pass a max_shard_size of at least {size / 2**30:.2g}",
            )
        if size > room and parts[-1]:
            parts.append({})
            room = max_size
        parts[-1][name] = variable
        room -= size
    return parts


def _size(variable: Variable) -> int:
    return numpy_dtype(variable._dtype).itemsize * math.prod(variable.shape)


def _free_names(stem: str, count: int) -> list[str]:
    """Return names of shards, none of which a file has: no shard that another index needs is written over."""
    for edition in itertools.count():
        start = f"{stem}-{edition}" if edition else stem
        names = [f"{start}-{i:05}-of-{count:05}{SAFETENSORS_ENDING}" for i in range(1, count + 1)]
        if not any(map(os.path.lexists, names)):
            return names
    raise AssertionError


def _shards_of(path: str, stem: str) -> list[str]:
    """Return the shards that an index names, of those that are called as its shards are; none if there is no index."""
    try:
        named = set(_weight_map(path).values())
    except (ArgumentError, OSError):
        return []
    ending = re.escape(SAFETENSORS_ENDING)
    pattern = re.compile(rf"{re.escape(os.path.basename(stem))}(-\d+)?-\d{{5,}}-of-\d{{5,}}{ending}")
    return [os.path.join(os.path.dirname(path), name) for name in named if pattern.fullmatch(name)]
