"""Weights in a file of safetensors, by the names that `state_dict()` has for them on PyTorch (tensor_names.py).

The library `safetensors` writes it, and judges what is read: it refuses a header that is not whole, or does not account
for each byte of the file. Numbers are read one tensor at a time, straight from the file, of every dtype.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from kcore_ops import Variable
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.foundation.errors import ArgumentError, MissingDependency

from kcore_layers._version import __version__
from kcore_layers.files.atomic import atomic_write
from kcore_layers.files.stored import Entry
from kcore_layers.files.tensors import Tensors

__all__ = ["read_safetensors", "write_safetensors"]

_DTYPES = {
    "BOOL": "bool",
    **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "C64": "complex64",
}
_FIX = "pass a whole file that save_weights or safetensors wrote"


def _library() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise MissingDependency(
            "files of safetensors need the library safetensors, which is not installed", fix="pip install safetensors"
        ) from error
    return safetensors


def write_safetensors(variables: Mapping[str, Variable], path: str, overwrite: bool) -> None:
    """Write variables to a file of safetensors, which is there when it is complete.

    Args:
        variables: the variables by name.
        path: the file's name.
        overwrite: whether there may be such a file.

    Raises:
        ArgumentError: if there is a file that is not to be overwritten, or the format has not the dtype of a variable.
        MissingDependency: if the library is not installed.
    """
    library = _library()
    unknown = [f"{name} ({v._dtype})" for name, v in variables.items() if v._dtype not in _DTYPES.values()]
    if unknown:
        raise ArgumentError(
            f"safetensors has no such dtype: {', '.join(unknown)}", fix="save them in a file that ends in '.weights.h5'"
        )
    with atomic_write(path, overwrite) as temporary:
        with open(temporary, "xb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        arrays = {name: np.asarray(v.numpy(), order="C") for name, v in variables.items()}
        # "pt" is what the names are of, and what readers of PyTorch's models ask for.
        library.numpy.save_file(arrays, temporary, metadata={"format": "pt", "kcore_version": __version__})
        os.chmod(temporary, mode)  # safetensors 0.8 lets only the owner read what it writes


@contextmanager
def read_safetensors(path: str) -> Iterator[Tensors]:
    """Open a file of safetensors for reading.

    Args:
        path: the file's name.

    Raises:
        ArgumentError: if there is none, or it is not such a file, or not whole.
        MissingDependency: if the library is not installed.
    """
    library = _library()
    try:
        with library.safe_open(path, framework="numpy"):
            pass
    except FileNotFoundError as error:
        raise ArgumentError(f"there is no file {path!r}", fix="check the path") from error
    except (library.SafetensorError, OSError) as error:
        raise ArgumentError(f"it is not a whole file of safetensors: {error}", fix=_FIX) from error
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size), object_pairs_hook=_without_doubles)
        header.pop("__metadata__", None)
        unknown = [f"{name!r} ({entry['dtype']})" for name, entry in header.items() if entry["dtype"] not in _DTYPES]
        if unknown:
            raise ArgumentError(
                f"kcore has not the dtype of {', '.join(unknown)}", fix="cast them before they are saved"
            )
        yield {name: _entry(file, 8 + size, entry) for name, entry in header.items()}


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((name, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ArgumentError(f"its header has {name!r} twice", fix=_FIX)
    return found


def _entry(file: BinaryIO, start: int, header: Mapping[str, Any]) -> Entry:
    first, last = header["data_offsets"]
    shape, dtype = tuple(header["shape"]), _DTYPES[header["dtype"]]

    def read() -> np.ndarray[Any, Any]:
        file.seek(start + first)
        data = bytearray(file.read(last - first))
        if len(data) < last - first:
            raise ArgumentError("the file has become shorter while it was read", fix="load it again")
        array = np.frombuffer(data, numpy_dtype(dtype))
        return (array if sys.byteorder == "little" else array.byteswap()).reshape(shape)

    return Entry(shape, dtype, read)
