"""Weights in one HDF5 file, as Keras 3 lays them out: either reads what the other wrote.

Each layer and optimizer has a group `PLACE/vars`, with an attribute `name` and a dataset "0", "1", ... for each
variable of its own; see weight_paths.py for the places.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.files.atomic import atomic_write
from kcore_layers.files.hdf5 import (
    check_dataset,
    dataset_dtype,
    find_datasets,
    open_hdf5,
    read_dataset,
    recorded_format,
    reporting_damage,
)
from kcore_layers.files.stored import FORMAT, Entry, Places, as_array, check_format
from kcore_layers.files.weight_paths import join

if TYPE_CHECKING:
    import h5py

__all__ = [
    "Hdf5Sink", "new_hdf5", "places_in", "read_hdf5_weights", "reporting_failed_writes", "write_dataset",
    "write_hdf5_weights",
]  # fmt: skip


@contextmanager
def read_hdf5_weights(path: str) -> Iterator[Places]:
    """Open a file of weights, `.weights.h5`, for reading.

    Args:
        path: the file's name.

    Raises:
        ArgumentError: if there is none, or it is not such a file.
    """
    with open_hdf5(path, repr(path)) as file:
        yield places_in(file)


@contextmanager
def write_hdf5_weights(path: str, overwrite: bool) -> Iterator[Hdf5Sink]:
    """Make a file of weights, `.weights.h5`, which is there once the block ends without an error.

    Args:
        path: the file's name.
        overwrite: whether there may be such a file.

    Raises:
        ArgumentError: if the directory is missing, or there is a file that is not to be overwritten.
    """
    with atomic_write(path, overwrite) as temporary, reporting_failed_writes(path), new_hdf5(temporary) as file:
        yield Hdf5Sink(file)


def new_hdf5(path: str) -> h5py.File:
    """Return a new HDF5 file of kcore's, open for writing.

    Args:
        path: the file's name.
    """
    import h5py

    file = h5py.File(path, "x")
    file.attrs["kcore_format"] = FORMAT
    return file


@contextmanager
def reporting_failed_writes(path: str) -> Iterator[None]:
    """Let what HDF5 says when the disk is full, say, in errors of several kinds, be an `OSError` as others are.

    Args:
        path: the file that is written.

    Raises:
        OSError: with the system's number of the error.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        number = re.search(r"errno = (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), path) from error


@reporting_damage
def places_in(file: h5py.File) -> Places:
    """Return the weights in an open file, each read when it is asked for.

    Args:
        file: the file, open for reading.

    Raises:
        ArgumentError: if anything but weights is in it, or it is of a later format.
    """
    datasets = find_datasets(file)
    check_format(recorded_format(file), "the file")
    places: Places = {}
    for path, dataset in datasets.items():
        place, is_found, key = f"/{path}".rpartition("/vars/")
        if not is_found:
            raise ArgumentError(
                f"{path!r} belongs to no layer: the file has another layout than that of Keras 3's weights",
                fix="pass a file that save_weights wrote",
            )
        entry = Entry(
            dataset.shape, dataset_dtype(dataset) or "", partial(read_dataset, dataset), partial(check_dataset, dataset)
        )
        places.setdefault(place.removeprefix("/"), {})[key] = entry
    return places


class Hdf5Sink:
    """What weights are written to: an HDF5 file.

    Args:
        file: the file, open for writing.
    """

    def __init__(self, file: h5py.File) -> None:
        self._file = file

    def store(self, place: str, name: str) -> MutableMapping[str, Any]:
        """Return what the variables of one object are put into; see `WeightsSink`.

        Args:
            place: the object's place in the file.
            name: the name of the layer or optimizer.
        """
        group = self._file.create_group(join(place, "vars"))
        group.attrs["name"] = name
        return _Group(group)


class _Group(MutableMapping[str, Any]):
    """The group of one object in a file that is being written."""

    def __init__(self, group: h5py.Group) -> None:
        self._group = group

    def __setitem__(self, key: str, value: Any) -> None:
        write_dataset(self._group, key, as_array(value))

    def __getitem__(self, key: str) -> Any:
        return read_dataset(self._group[key])

    def __delitem__(self, key: str) -> None:
        del self._group[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)


def write_dataset(group: h5py.Group, key: str, array: np.ndarray[Any, Any]) -> None:
    """Write an array of any of kcore's dtypes as a dataset.

    Args:
        group: the group that it is to be in, open for writing.
        key: its name there.
        array: the numbers.
    """
    # What HDF5 has no type for, bfloat16 for one, lies there as bytes, and an attribute says what they are.
    is_known_to_hdf5 = array.dtype.isbuiltin == 1
    stored = array if is_known_to_hdf5 else array.view(np.dtype((np.void, array.dtype.itemsize)))
    dataset = group.create_dataset(key, data=stored)
    if not is_known_to_hdf5:
        dataset.attrs["dtype"] = array.dtype.name
