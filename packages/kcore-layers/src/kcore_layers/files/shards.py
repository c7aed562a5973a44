"""Weights in several files, as Keras 3 lays them out: an index `NAME.weights.json`, shards `NAME_00000.weights.h5`, ...

A shard is a file of weights by itself, with a part of the variables; the index says where those of each object are. The
variables of one object may lie in several shards.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import secrets
from collections.abc import Collection, Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.files.atomic import atomic_write, check_target, flush_directory, flush_to_disk
from kcore_layers.files.hdf5 import open_hdf5, read_dataset
from kcore_layers.files.hdf5_weights import new_hdf5, places_in, reporting_failed_writes, write_dataset
from kcore_layers.files.own_files import check_file_names, own_file
from kcore_layers.files.stored import FORMAT, Places, as_array, check_format
from kcore_layers.files.weight_paths import join

if TYPE_CHECKING:
    import h5py

__all__ = ["INDEX_ENDING", "ShardsSink", "read_shards", "write_shards"]

INDEX_ENDING = ".weights.json"
_FIX = "pass an index that save_weights wrote"


@contextmanager
def read_shards(path: str) -> Iterator[Places]:
    """Open weights in shards for reading.

    Args:
        path: the name of the index.

    Raises:
        ArgumentError: if there is none; if it names files elsewhere, or that are not there; or if what the shards hold
            is not what it says.
    """
    shards = _read_index(path)
    names = list(dict.fromkeys(name for those in shards.values() for name in those))
    check_file_names(names, are_bare=True)
    places: Places = {}
    with contextlib.ExitStack() as stack:
        for name in names:
            shard = own_file(os.path.dirname(path), name)
            for place, entries in places_in(stack.enter_context(open_hdf5(shard, repr(name)))).items():
                known = places.setdefault(place, {})
                if name not in shards.get(place, ()) or known.keys() & entries:
                    what = join(place, "vars", min(known.keys() & entries or entries))
                    raise ArgumentError(f"{name!r} holds {what!r}, which the index says it does not", fix=_FIX)
                known.update(entries)
        yield places


def _read_index(path: str) -> dict[str, list[str]]:
    """Return what an index says: by the place of each object, the names of the shards with its variables."""
    try:
        with open(path, encoding="utf-8") as file:
            index = json.load(file)
    except FileNotFoundError as error:
        raise ArgumentError(f"there is no file {path!r}", fix="check the path") from error
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"the index is not JSON that can be read: {error}", fix=_FIX) from error
    found: dict[str, list[str]] = {}
    weights = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(weights, dict):
        raise ArgumentError("the index has no weight_map, which says where weights are", fix=_FIX)
    check_format(index.get("kcore_format"), "the index")
    for key, value in weights.items():
        names = [value] if isinstance(value, str) else value  # as Keras has it for variables of the model's own
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ArgumentError(f"the index has {value!r} for {key!r}, and not the names of shards", fix=_FIX)
        found[f"/{key}".removesuffix("/vars").strip("/")] = names
    return found


@contextmanager
def write_shards(path: str, overwrite: bool, max_size: int) -> Iterator[ShardsSink]:
    """Write weights in shards, which are there, with their index, once the block ends without an error.

    Shards get names that the index there is does not have, so that it stays true until it is replaced, as the last;
    what it named is removed after that.

    Args:
        path: the name of the index, which ends in `.weights.json`.
        overwrite: whether there may be such files.
        max_size: how many bytes of variables a shard may hold.

    Raises:
        ArgumentError: if the directory is missing, there are files that are not to be overwritten, or a variable is
            larger than a shard may be.
    """
    check_target(path, overwrite)
    stem = path.removesuffix(INDEX_ENDING)
    sink = ShardsSink(stem, max_size)
    old = _shards_of(path)
    try:
        with reporting_failed_writes(path):
            yield sink
            sink.move_into_place(old, overwrite)
        with atomic_write(path, overwrite) as temporary, open(temporary, "x", encoding="utf-8") as file:
            json.dump(sink.index(), file, indent=4)
    finally:
        sink.remove_all_but(_shards_of(path))
    first = _shard_name(stem, 0)
    with contextlib.suppress(OSError):  # then something is left, and nothing is missing
        if first not in sink.names:  # Keras opens it, whatever the index says
            with atomic_write(first, overwrite=True) as temporary, new_hdf5(temporary):
                pass
        for name in old - {first, *sink.names}:
            os.remove(name)


def _shard_name(stem: str, number: int) -> str:
    return f"{stem}_{number:05}.weights.h5"


def _shards_of(path: str) -> set[str]:
    """Return the shards that an index names, of those that are called as its shards are; none if there is no index."""
    try:
        named = {name for names in _read_index(path).values() for name in names}
    except (ArgumentError, OSError):
        return set()
    stem = path.removesuffix(INDEX_ENDING)
    pattern = re.compile(rf"{re.escape(os.path.basename(stem))}_\d{{5,}}\.weights\.h5")
    return {os.path.join(os.path.dirname(path), name) for name in named if pattern.fullmatch(name)}


class ShardsSink:
    """What weights are written to: files under temporary names, a new one wherever the last would be too large.

    Args:
        stem: what the names of shards begin with.
        max_size: how many bytes of variables a shard may hold.
    """

    def __init__(self, stem: str, max_size: int) -> None:
        self.names: list[str] = []
        self._stem, self._max_size = stem, max_size
        self._suffix = f"{secrets.token_hex(4)}.tmp"
        self._files: list[h5py.File] = []
        self._sizes: list[int] = []
        self._numbers: dict[str, list[int]] = {}  # by place, those of the shards with something of it

    def store(self, place: str, name: str) -> MutableMapping[str, Any]:
        """Return what the variables of one object are put into; see `WeightsSink`.

        Args:
            place: the object's place in the file.
            name: the name of the layer or optimizer.
        """
        return _ShardedStore(self, place, name)

    def group(self, place: str, name: str, size: int) -> h5py.Group:
        """Return a group for one variable of an object, in the last shard or a new one.

        Args:
            place: the object's place in the file.
            name: the name of the layer or optimizer.
            size: the variable's bytes.

        Raises:
            ArgumentError: if there are more than a shard may hold.
        """
        if size > self._max_size:
            raise ArgumentError(
                f"a variable of {name!r} has {size} bytes, and a shard may have {self._max_size}",
                fix=f"pass a max_shard_size of at least {size / 2**30:.2g}",
            )
        if not self._files or self._sizes[-1] + size > self._max_size:
            self._start()
        self._sizes[-1] += size
        numbers = self._numbers.setdefault(place, [])
        if len(self._files) - 1 not in numbers:
            numbers.append(len(self._files) - 1)
        group = self._files[-1].require_group(join(place, "vars"))
        group.attrs["name"] = name
        return group

    def _start(self) -> None:
        self._files.append(new_hdf5(f"{self._stem}_{len(self._files):05}.{self._suffix}"))
        self._sizes.append(0)

    def move_into_place(self, taken: Collection[str], overwrite: bool) -> None:
        """Give all shards their names, the first that are not taken.

        Args:
            taken: names that they can not have.
            overwrite: whether there may be files of their names.

        Raises:
            ArgumentError: if there is one that is not to be overwritten.
        """
        free = (name for name in map(partial(_shard_name, self._stem), itertools.count()) if name not in taken)
        for file, name in zip(self._files, free, strict=False):
            temporary = file.filename
            file.close()
            flush_to_disk(temporary)
            check_target(name, overwrite)
            self.names.append(name)
            os.replace(temporary, name)
        flush_directory(os.path.dirname(self._stem))

    def index(self) -> dict[str, Any]:
        """Return the index, for shards that have their names."""
        names = [os.path.basename(name) for name in self.names]
        weights = {f"/{join(place, 'vars')}": [names[i] for i in numbers] for place, numbers in self._numbers.items()}
        return {"kcore_format": FORMAT, "metadata": {"total_size": sum(self._sizes)}, "weight_map": weights}

    def remove_all_but(self, kept: Collection[str]) -> None:
        """Remove the shards written, but for those kept.

        Args:
            kept: names, which an index there is has.
        """
        for i, file in enumerate(self._files):
            temporary = f"{self._stem}_{i:05}.{self._suffix}"
            with contextlib.suppress(OSError, RuntimeError):  # it can not be written, say, as the disk is full
                file.close()
            for name in (temporary, *self.names[i : i + 1]):
                if name not in kept:
                    with contextlib.suppress(OSError):
                        os.remove(name)


class _ShardedStore(MutableMapping[str, Any]):
    """The variables of one object, wherever there is room for them."""

    def __init__(self, sink: ShardsSink, place: str, name: str) -> None:
        self._sink, self._place, self._name = sink, place, name
        self._groups: dict[str, h5py.Group] = {}

    def __setitem__(self, key: str, value: Any) -> None:
        array = as_array(value)
        group = self._sink.group(self._place, self._name, array.nbytes)
        write_dataset(group, key, array)
        self._groups[key] = group

    def __getitem__(self, key: str) -> Any:
        return read_dataset(self._groups[key][key])

    def __delitem__(self, key: str) -> None:
        del self._groups.pop(key)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)
