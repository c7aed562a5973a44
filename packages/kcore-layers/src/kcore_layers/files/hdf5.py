"""Reading HDF5 files that may come from anywhere: numbers that lie in the file itself, and nothing else.

HDF5 can name other files to read from, claim more data than there is, and load code that unpacks it. A file of weights
needs none of that, so a file that does any of it is refused.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, ParamSpec, TypeVar

import numpy as np
from kcore_ops.dtypes import ALLOWED_DTYPES, numpy_dtype
from kcore_ops.foundation.errors import ArgumentError, KcoreError

if TYPE_CHECKING:  # and else in the functions that need it: it takes as long to import as all layers
    import h5py

__all__ = [
    "MAX_COMPRESSION_RATIO",
    "find_datasets",
    "check_dataset",
    "dataset_dtype",
    "open_hdf5",
    "read_dataset",
    "recorded_format",
    "reporting_damage",
]

# The filters that come with HDF5 and h5py: deflate, shuffle, fletcher32, szip, nbit, scale-offset, lzf.
_KNOWN_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})
# Deflate, the best of these, packs at most this many bytes into one. What claims more was made to exhaust the memory.
MAX_COMPRESSION_RATIO = 1032

# Two for each model inside another. Paths grow with the depth, so that deeper files take ever longer to look through.
_MOST_LEVELS = 1000

_FIX = "pass a whole file that save_weights wrote"

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def open_hdf5(source: str | BinaryIO, what: str) -> Iterator[h5py.File]:
    """Open a file for reading: one by its path, or the contents of one. `what` says which, for messages.

    Args:
        source: the path of a file, or its contents.
        what: what the file is called in messages.

    Raises:
        ArgumentError: if there is none, or it is not a whole HDF5 file.
    """
    import h5py

    try:
        file = h5py.File(source, "r")
    except FileNotFoundError as error:
        raise ArgumentError(f"there is no file {what}", fix="check the path") from error
    except OSError as error:
        raise ArgumentError(
            f"{what} can not be read as an HDF5 file: it is of another format, or not whole",
            fix="pass a file that save_weights wrote",
        ) from error
    with file:
        yield file


def reporting_damage(function: Callable[P, R]) -> Callable[P, R]:
    """Let what HDF5 says of a damaged file, in errors of many kinds, be one error of ours.

    Args:
        function: function that reads in a file.
    """

    @functools.wraps(function)
    def refusing(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except KcoreError:
            raise
        except (OSError, RuntimeError, LookupError, TypeError, ValueError) as error:
            raise ArgumentError(f"the file is damaged: {' '.join(str(error).split())}", fix=_FIX) from error

    return refusing


@reporting_damage
def find_datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    """Return all datasets of a file by their paths.

    Args:
        file: the open file.

    Raises:
        ArgumentError: if the file holds links, or anything but plain numbers of its own.
    """
    import h5py

    found: dict[str, h5py.Dataset] = {}
    seen = {h5py.h5o.get_info(file.id).addr}
    rest = [("", file["/"], 0)]
    while rest:
        prefix, group, depth = rest.pop()
        if depth > _MOST_LEVELS:
            raise ArgumentError(f"{prefix!r} lies more than {_MOST_LEVELS} groups deep", fix=_FIX)
        for name in group:
            _check_name(name, prefix)
            path = f"{prefix}{name}"
            link = group.get(name, getlink=True)
            if link is None:
                raise ArgumentError(f"the file is damaged: it lists {path!r}, and has no such entry", fix=_FIX)
            if not isinstance(link, h5py.HardLink):
                raise _refused(path, f"is a link to {_target(link)}")
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                raise _refused(path, "is a second link to something in the file")
            seen.add(address)
            if isinstance(item, h5py.Group):
                rest.append((f"{path}/", item, depth + 1))
            elif isinstance(item, h5py.Dataset):
                _check(path, item)
                found[path] = item
            else:
                raise _refused(path, f"is a {type(item).__name__}")
    return found


def _check_name(name: Any, prefix: str) -> None:
    if isinstance(name, bytes):  # h5py gives a name as a string where it is one
        place = f" under {prefix!r}" if prefix else ""
        raise ArgumentError(f"a name in it is not UTF-8: {name!r}{place}", fix=_FIX)


def _target(link: Any) -> str:
    import h5py

    return f"{link.path!r} in {link.filename!r}" if isinstance(link, h5py.ExternalLink) else repr(link.path)


def _refused(path: str, what: str) -> ArgumentError:
    return ArgumentError(
        f"{path!r} {what}; a file of weights has groups and numbers of its own, and nothing else",
        fix="do not load files from a source you do not trust",
    )


def _check(path: str, dataset: h5py.Dataset) -> None:
    if dataset.external:
        raise _refused(path, f"keeps its data in another file, {dataset.external[0][0]!r}")
    if dataset.is_virtual:
        raise _refused(path, "is put together from other datasets")
    if dataset_dtype(dataset) is None:
        raise _refused(path, f"holds {dataset.dtype}, not numbers of a dtype that is known")
    if dataset.shape is None:
        raise _refused(path, "holds nothing")
    properties = dataset.id.get_create_plist()
    filters = {properties.get_filter(i)[0] for i in range(properties.get_nfilters())}
    if filters - _KNOWN_FILTERS:
        raise _refused(path, f"is packed with the HDF5 filters {sorted(filters)}, of which not all come with h5py")
    stored = dataset.id.get_storage_size()
    if dataset.nbytes > stored * (MAX_COMPRESSION_RATIO if filters else 1):
        raise _refused(path, f"claims {dataset.nbytes} bytes of numbers, where the file has {stored}")


@reporting_damage
def dataset_dtype(dataset: h5py.Dataset) -> str | None:
    """Return the name of a dataset's dtype, or None if kcore has no such dtype.

    Args:
        dataset: the dataset.
    """
    import h5py

    dtype = dataset.dtype
    if dtype.kind == "V" and dtype.names is None and dtype.subdtype is None:
        # What HDF5 has no type for, bfloat16 for one, lies there as bytes, and an attribute says what they are.
        name = _short_attribute(dataset, "dtype")
        is_known = isinstance(name, str) and name in ALLOWED_DTYPES and numpy_dtype(name).itemsize == dtype.itemsize
        return name if is_known else None
    if h5py.check_ref_dtype(dtype) is not None or h5py.check_enum_dtype(dtype) is not None:
        return None
    return dtype.name if dtype.kind in "biufc" and dtype.name in ALLOWED_DTYPES else None


def _short_attribute(item: h5py.HLObject, name: str) -> Any:
    """Return an attribute; None if there is none, or it claims to be more than one number or short string."""
    if name not in item.attrs:
        return None
    attribute = item.attrs.get_id(name)
    return item.attrs[name] if attribute.shape == () and attribute.get_storage_size() <= 64 else None


@reporting_damage
def recorded_format(file: h5py.File) -> Any:
    """Return what a file says its format is: the attribute `kcore_format`, None if it says nothing.

    Args:
        file: the open file.
    """
    if "kcore_format" not in file.attrs:
        return None
    found = _short_attribute(file, "kcore_format")
    return "unknown" if found is None else found


@reporting_damage
def read_dataset(dataset: h5py.Dataset) -> np.ndarray[Any, Any]:
    """Return the numbers of a dataset that `find_datasets` found, in the byte order of this machine.

    Args:
        dataset: the dataset.
    """
    array = np.asarray(dataset[()])
    if array.dtype.kind == "V":
        return array.view(numpy_dtype(_short_attribute(dataset, "dtype")))
    return array.astype(array.dtype.newbyteorder("="), copy=False)


@reporting_damage
def check_dataset(dataset: h5py.Dataset) -> None:
    """Raise an error if the numbers of a dataset can not be read; no more than a part of them is held at a time.

    Args:
        dataset: the dataset.

    Raises:
        ArgumentError: if the file ends before they do, or they can not be unpacked.
    """
    if dataset.chunks is not None:
        for part in dataset.iter_chunks():
            dataset[part]
    elif (offset := dataset.id.get_offset()) is not None:
        if offset + dataset.nbytes > dataset.file.id.get_filesize():
            raise ArgumentError(f"the file ends before the numbers of {dataset.name!r} do", fix=_FIX)
    else:  # none, or so few that they lie beside their description
        dataset[()]
