"""The few messages of event files, in protocol buffers' encoding: those of TensorFlow's event.proto, summary.proto,
tensor.proto and tensor_shape.proto.

A field is its number and the kind of its value in one integer, and then the value; what is of any length (text, bytes,
messages) has its length before it. Fields that are left out are zero or empty.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Summaries", "event", "file_version", "histogram", "images", "keras_model", "scalar", "text"]

_VARINT, _DOUBLE, _BYTES = 0, 1, 2  # kinds of values
_FLOAT32, _FLOAT64, _STRING = 1, 2, 7  # of types.proto
_NUM_BINS = 30  # what TensorBoard draws

# Values of a summary by tag, each as one of the functions below returns it.
Summaries = Mapping[str, bytes]


def event(wall_time: float, step: int, summaries: Summaries) -> bytes:
    """Return the event that some values were found at a step.

    Args:
        wall_time: seconds since 1970.
        step: the number of the step.
        summaries: the values by tag.
    """
    values = [_bytes(1, _text(1, tag) + value) for tag, value in summaries.items()]
    return _double(1, wall_time) + _integer(2, step) + _bytes(5, b"".join(values))


def file_version(wall_time: float) -> bytes:
    """Return the event that every file begins with.

    Args:
        wall_time: seconds since 1970.
    """
    return _double(1, wall_time) + _text(3, "brain.Event:2")


def scalar(value: float) -> bytes:
    """Return a number as a value of a summary.

    Args:
        value: the number, which is rounded to float32.
    """
    with np.errstate(over="ignore"):
        content = np.float32(value).astype("<f4").tobytes()
    return _value("scalars", _tensor(_FLOAT32, (), content))


def histogram(values: npt.ArrayLike) -> bytes:
    """Return how numbers are spread as a value of a summary: 30 bins as wide as one another, and what is in each.

    If all numbers are the same, they are in the last bin; those that are infinite or NaN are in none.

    Args:
        values: numbers, an array of any shape.
    """
    numbers = np.asarray(values).astype(np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    counts = np.zeros(_NUM_BINS)
    edges = np.zeros(_NUM_BINS + 1)
    if numbers.size:
        low, high = numbers.min(), numbers.max()
        edges = np.linspace(low, high, _NUM_BINS + 1)
        if low == high:
            counts[-1] = numbers.size
        else:
            counts, edges = np.histogram(numbers, _NUM_BINS, (low, high))
    bins = np.stack([edges[:-1], edges[1:], counts], axis=1)
    return _value("histograms", _tensor(_FLOAT64, bins.shape, bins.astype("<f8").tobytes()))


def images(pngs: Sequence[bytes], width: int, height: int) -> bytes:
    """Return images of one size as a value of a summary.

    Args:
        pngs: each image, as the contents of a PNG file.
        width: their width in pixels.
        height: their height in pixels.
    """
    return _value("images", _strings([str(width).encode(), str(height).encode(), *pngs]))


def text(value: str) -> bytes:
    """Return text, which may have Markdown in it, as a value of a summary.

    Args:
        value: the text.
    """
    return _value("text", _strings([value.encode()], shape=()))


def keras_model(json: str) -> bytes:
    """Return a model's configuration, for a graph of its layers, as a value of a summary.

    Args:
        json: what the model's `to_json` returned.
    """
    return _value("graph_keras_model", _strings([json.encode()], shape=()), version=b"1")


def _value(plugin: str, tensor: bytes, version: bytes = b"") -> bytes:
    """Return all of a value but its tag: which part of TensorBoard shows it, and the tensor."""
    plugin_data = _text(1, plugin) + _bytes(2, version)
    return _bytes(8, tensor) + _bytes(9, _bytes(1, plugin_data))


def _tensor(dtype: int, shape: Iterable[int], content: bytes) -> bytes:
    sizes = [_bytes(2, _integer(1, size)) for size in shape]
    return _integer(1, dtype) + _bytes(2, b"".join(sizes)) + _bytes(4, content)


def _strings(values: Sequence[bytes], shape: Sequence[int] | None = None) -> bytes:
    sizes = [_bytes(2, _integer(1, size)) for size in ((len(values),) if shape is None else shape)]
    each = [_integer(8, len(value), _BYTES) + value for value in values]
    return _integer(1, _STRING) + _bytes(2, b"".join(sizes)) + b"".join(each)


def _varint(number: int) -> bytes:
    """Return an integer in groups of 7 bits, the lowest first; a bit on each says whether there are more."""
    number &= 0xFFFFFFFFFFFFFFFF
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _integer(field: int, number: int, kind: int = _VARINT) -> bytes:
    return _varint(field << 3 | kind) + _varint(number)


def _double(field: int, number: float) -> bytes:
    return _varint(field << 3 | _DOUBLE) + struct.pack("<d", number)


def _bytes(field: int, content: bytes) -> bytes:
    return _integer(field, len(content), _BYTES) + content


def _text(field: int, content: str) -> bytes:
    return _bytes(field, content.encode())
