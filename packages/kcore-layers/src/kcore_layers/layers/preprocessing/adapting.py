"""The data that layers adapt to before training: batches of arrays, read once, as many as there are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from kcore_ops.backends import registry
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError

from kcore_layers.layers.preprocessing.on_host import as_array

__all__ = ["array_batches", "num_batches_of"]

Array = np.ndarray[Any, Any]
_FIX = "pass an array, a list, a column of a data frame, or a dataset or an iterator of batches of them"


def array_batches(data: Any, steps: int | None = None) -> Iterator[Array]:
    """Yield data as arrays whose first axis is the examples; from datasets and iterators, what they give.

    An array or a list is one batch, each element of the first axis an example: an axis is added to one of a single
    axis. So are the rows of a list of lists, however long each is.

    Args:
        data: array, tensor, list, data frame or column of one; or a dataset or an iterator of batches, or of tuples
            that begin with one.
        steps: int, at most so many batches are read; None, the default, is all.

    Raises:
        ArgumentError: if a dataset has no end.
        ArgumentTypeError: if it is no data.
    """
    if isinstance(data, list | tuple) and not any(_is_array(_inputs_of(each)) for each in data):
        rows = [each for each in data if isinstance(each, list | tuple)]
        if len({len(row) for row in rows}) > 1 and len(rows) == len(data):
            yield from (as_array(row)[None] for row in data if row)
            return
        data = as_array(data)
    if _is_array(data) or isinstance(data, str | bytes | int | float):
        x = as_array(data)
        yield x.reshape(*x.shape, *(1,) * (2 - x.ndim)) if x.ndim else x.reshape(1, 1)
        return
    if not hasattr(data, "__iter__") and not hasattr(data, "__getitem__") or isinstance(data, dict):
        raise ArgumentTypeError(f"adapt can not take data of class {type(data).__name__}", fix=_FIX)
    for batch in itertools.islice(data, num_batches_of(data) if steps is None else steps):
        x = _inputs_of(batch)
        if isinstance(x, dict) or x is None:
            raise ArgumentTypeError(f"a batch is of class {type(x).__name__}, which is no array", fix=_FIX)
        yield as_array(x)


def num_batches_of(data: Any) -> int | None:
    """Return the number of batches of a dataset or a list, or None where only the end of the data tells it.

    Args:
        data: the dataset, list or iterator.

    Raises:
        ArgumentError: if it says that it has no end.
    """
    if hasattr(data, "num_batches"):
        if data.num_batches is None:
            raise ArgumentError(f"the {type(data).__name__} has no end", fix="adapt to a part of it")
        return int(data.num_batches)
    try:
        return len(data)
    except TypeError:  # no __len__, or one that does not know
        return None


def _inputs_of(batch: Any) -> Any:
    """Return the inputs of a batch that has targets and weights as well."""
    return batch[0] if isinstance(batch, tuple) and batch and _is_array(batch[0]) else batch


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray) or hasattr(x, "__array__") or registry.owner(type(x)) is not None
