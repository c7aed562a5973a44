"""Tensors of TensorFlow's graphs: `len(x)` and `for row in x`, as on every other framework."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.ops import SymbolicTensor

__all__ = ["know_their_rows"]


def know_their_rows() -> None:
    """Let a tensor of a graph be counted and iterated over where the size of its first axis is known.

    TensorFlow (2.21) raises for every tensor of a graph, whatever is known of it. Where the size is not known it still
    does. Eager tensors are of another class, `tf.Tensor` itself stays as it is, and autograph turns loops over tensors
    into loops of the graph before Python would ask for their rows. Done when the backend is loaded.
    """
    SymbolicTensor.__len__ = _length
    SymbolicTensor.__iter__ = _rows


def _length(x: Any) -> int:
    size = _known_size(x)
    length: int = tf.Tensor.__len__(x) if size is None else size  # TensorFlow's says what is wrong
    return length


def _rows(x: Any) -> Iterator[Any]:
    size = _known_size(x)
    rows: Iterator[Any] = tf.Tensor.__iter__(x) if size is None else iter(tf.unstack(x, size))
    return rows


def _known_size(x: Any) -> int | None:
    sizes = x.shape
    return None if not sizes.rank or sizes[0] is None else int(sizes[0])
