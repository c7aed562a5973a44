"""Texts in the attributes of HDF5 files: read within bounds from files that may come from anywhere, and written.

HDF5 keeps attributes in headers of at most 64 kB. A list of names that has no room in one is split among several,
called `name0`, `name1`, ..., as Keras does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.files.hdf5 import reporting_damage

if TYPE_CHECKING:  # and else in the functions that need it: it takes as long to import as all layers
    import h5py

__all__ = ["read_text", "read_texts", "write_texts"]

# The characters of one text, a model's config for one, and the number of names in one list.
MAX_LENGTH = 2**26
MAX_COUNT = 2**17
# HDF5 has this much for an attribute, its own description included; a text that lies elsewhere takes 16 bytes.
_HEADER_SIZE = 64512
_REFERENCE_SIZE = 16

_FIX = "pass a whole file that save_model or Keras wrote"


@reporting_damage
def read_text(item: h5py.Group, name: str) -> str | None:
    """Return the text in an attribute, or None if there is no such attribute.

    Args:
        item: the file or group that has it.
        name: its name.

    Raises:
        ArgumentError: if it is no text, too long, or not UTF-8.
    """
    if name not in item.attrs:
        return None
    attribute = item.attrs.get_id(name)
    if attribute.shape != () or not _is_text(attribute):
        raise _refused(item, name, "is no text")
    return _checked(item, name, _stored_text(item, attribute, name))


@reporting_damage
def read_texts(item: h5py.Group, name: str) -> list[str] | None:
    """Return the list of texts in an attribute, or in several that it is split among; None if there is none.

    Args:
        item: the file or group that has them.
        name: the attribute's name.

    Raises:
        ArgumentError: if it is no list of texts, too long, or not UTF-8.
    """
    if name in item.attrs:
        return _part(item, name)
    if f"{name}0" not in item.attrs:
        return None
    found: list[str] = []
    number = 0
    while f"{name}{number}" in item.attrs:
        found += _part(item, f"{name}{number}")
        if len(found) > MAX_COUNT:
            raise _refused(item, name, f"has more than {MAX_COUNT} entries")
        number += 1
    return found


def write_texts(item: h5py.Group, name: str, texts: list[str]) -> None:
    """Write a list of texts as an attribute, or as several if one has no room for it.

    Args:
        item: the file or group that is to have it, open for writing.
        name: the attribute's name.
        texts: the texts.
    """
    import h5py

    size = _HEADER_SIZE // _REFERENCE_SIZE
    parts = [texts[i : i + size] for i in range(0, len(texts), size)]
    for number, part in enumerate(parts or [[]]):
        own_name = f"{name}{number}" if len(parts) > 1 else name
        item.attrs.create(own_name, np.array(part, object), dtype=h5py.string_dtype())


def _part(item: h5py.Group, name: str) -> list[str]:
    attribute = item.attrs.get_id(name)
    shape = attribute.shape
    if shape == (0,):
        return []  # of numbers, as NumPy has it for an empty list
    if shape is None or len(shape) != 1 or not _is_text(attribute):
        raise _refused(item, name, "is no list of texts")
    if shape[0] > MAX_COUNT:
        raise _refused(item, name, f"has more than {MAX_COUNT} entries")
    return [_checked(item, name, text) for text in _stored_text(item, attribute, name)]


def _is_text(attribute: Any) -> bool:
    import h5py

    return isinstance(attribute.get_type(), h5py.h5t.TypeStringID)


def _stored_text(item: h5py.Group, attribute: Any, name: str) -> Any:
    """Return what an attribute holds, unless it claims to be longer than a text may be."""
    kind = attribute.get_type()
    if not kind.is_variable_str() and attribute.get_storage_size() > MAX_LENGTH:
        raise _refused(item, name, f"claims {attribute.get_storage_size()} bytes, more than {MAX_LENGTH}")
    return item.attrs[name]


def _checked(item: h5py.Group, name: str, text: Any) -> str:
    try:
        # h5py gives what is not UTF-8 in a text of any length as lone surrogates.
        found = text.decode("utf-8") if isinstance(text, bytes) else str(text)
        found.encode("utf-8")
    except UnicodeError as error:
        raise _refused(item, name, "is not UTF-8") from error
    if len(found) > MAX_LENGTH:
        raise _refused(item, name, f"has {len(found)} characters, more than {MAX_LENGTH}")
    return found


def _refused(item: h5py.Group, name: str, what: str) -> ArgumentError:
    return ArgumentError(f"the attribute {name!r} of {item.name!r} {what}", fix=_FIX)
