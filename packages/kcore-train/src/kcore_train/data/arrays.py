"""Batches of arrays that are in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
from kcore_ops import Tree
from kcore_ops.foundation.errors import ArgumentError, ShapeError

from kcore_train.data.conversion import batch_dtype, leaves_with_paths, to_arrays
from kcore_train.data.data_adapter import Batch, DataAdapter, InputsOnly, share_of_rows
from kcore_train.data.shuffling import permutation
from kcore_train.data.tables import Rows, SparseRows

__all__ = ["ArrayAdapter", "num_samples"]

_DEFAULT_BATCH_SIZE = 32

# Up to this size, an array whose dtype or layout has to change is changed once, and above it batch by batch.
_COPY_LIMIT = 2**26  # bytes

# Small batches are read several at once, as many as fit into this: it is to stay in a core's own cache.
_BLOCK_SIZE = 2**17  # bytes


def num_samples(x: Tree, y: Tree | None = None, sample_weight: Tree | None = None) -> int:
    """Count the samples in trees of arrays: their common length along axis 0.

    Args:
        x: array, tensor, or tree of these, the inputs.
        y: like `x`, or None, the targets, None for none; None.
        sample_weight: like `x`, or None, the weights of the samples, None for ones; None.

    Raises:
        ShapeError: if the lengths differ, or an array has no axes.
        ArgumentError: if there are no samples.

    >>> num_samples(np.ones((3, 2)), np.ones(3))
    3
    """
    parts = {"x": x, "y": y, "sample_weight": sample_weight}
    leaves = [leaf for name, part in parts.items() for leaf in leaves_with_paths(part, name)]
    if not leaves_with_paths(x, "x"):
        raise ArgumentError("x holds no arrays", fix="pass the samples as x")
    for path, array in leaves:
        if array.ndim == 0:
            raise ShapeError(f"{path} is a single number", fix="pass an array whose first axis is that of the samples")
    lengths = {path: len(array) for path, array in leaves}
    if len(set(lengths.values())) > 1:
        first, *others = lengths.items()
        counts = ", ".join(f"{path} has {length}" for path, length in others)
        raise ShapeError(f"{first[0]} has {first[1]} samples, {counts}", fix="pass one of each for every sample")
    (length,) = set(lengths.values())
    if length == 0:
        raise ArgumentError("x has no samples", fix="check what loaded or filtered the data")
    return length


class ArrayAdapter(DataAdapter):
    """Yield batches of arrays: views of them where the order is theirs, copies of rows where it is shuffled.

    Where the arrays are not in trees and batches are small, several are read at once, and are views of a copy.

    Args:
        x: array, tensor, or tree of these, the inputs.
        y: like `x`, or None, the targets, None for none; None.
        sample_weight: like `x`, or None, the weights of the samples, None for ones; None.
        batch_size: int or None, the number of samples in a batch, None for 32; the last batch has what is left; None.
        shuffle: bool or "batch", whether samples are put in a new order before each pass; "batch" moves entire batches,
            which stay views; False.
        steps_per_epoch: int or None, the number of batches in an epoch, None for one pass over the data; None.

    Raises:
        ShapeError: if the lengths differ.
        ArgumentError: if there are no samples, or what is passed is not data.
        DTypeError: if it is not of numbers.
    """

    num_batches: int
    _reads_share = True
    _places = True

    def __init__(
        self,
        x: Tree,
        y: Tree | None = None,
        sample_weight: Tree | None = None,
        batch_size: int | None = None,
        shuffle: bool | Literal["batch"] = False,
        steps_per_epoch: int | None = None,
    ) -> None:
        parts = [to_arrays(x, "x"), to_arrays(y, "y"), to_arrays(sample_weight, "sample_weight")]
        self.num_samples = num_samples(*parts)
        super().__init__(steps_per_epoch, is_shuffled=bool(shuffle))
        while parts[-1] is None:
            parts.pop()
        self._readers = [_reader(part) for part in parts]
        # Inputs in a list or tuple might be taken for inputs and targets.
        self._is_packed = len(parts) > 1 or isinstance(parts[0], list | tuple)
        self.shuffle = shuffle
        self.batch_size: int = _DEFAULT_BATCH_SIZE if batch_size is None else batch_size
        self.num_batches = -(-self.num_samples // self.batch_size)
        self.partial_batch_size = self.num_samples % self.batch_size or None
        is_plain = all(part is None or hasattr(part, "dtype") for part in parts)
        # How many batches are read at once.
        self._block = max(1, _BLOCK_SIZE // self._bytes_of_batch(parts)) if is_plain else 1

    def one_pass(self, number: int) -> Iterator[Batch]:
        """Return an iterator over the batches of one pass.

        Args:
            number: int, the number of the pass, from 0; the order of the samples follows from it and the seed.
        """
        return self.pass_from(number, 0)

    def pass_from(self, number: int, taken: int) -> Iterator[Batch]:
        """Yield what is left of a pass; what is left out is not read.

        Args:
            number: int, the number of the pass, from 0.
            taken: int, how many batches to leave out.
        """
        length, size, share = self.num_samples, self.batch_size, self._share
        starts: Any = range(0, length, size)
        order = None
        if self.shuffle == "batch":
            num_full = length // size
            starts = [*(permutation(num_full, self.seed, number) * size).tolist(), *starts[num_full:]]
        elif self.shuffle:
            order = permutation(length, self.seed, number)
        starts = starts[taken:]
        if share is None and self.shuffle != "batch" and self._block > 1:
            yield from self._in_blocks(starts, order)
            return

        def rows_from(start: int) -> Rows:
            stop = min(start + size, length)
            if share is not None:
                start, stop = share_of_rows(share, start, stop)
            return slice(start, stop) if order is None else order[start:stop]

        kind, readers = self._kind, self._readers
        for start in starts:
            rows = rows_from(start)
            batch = kind([read(rows) for read in readers])
            yield batch if self._place is None else self._place(batch, order is not None)

    @property
    def _kind(self) -> type[tuple[Any, ...]]:
        return InputsOnly if len(self._readers) == 1 and not self._is_packed else tuple

    def _in_blocks(self, starts: range, order: np.ndarray[Any, Any] | None) -> Iterator[Batch]:
        """Yield the batches that begin at some samples: the first alone, in case no other is wanted, then many at once.

        Args:
            starts: the first sample of each.
            order: the order of the samples, None for their own.
        """
        length, size, kind = self.num_samples, self.batch_size, self._kind
        first, count = starts.start, 1
        while first < length:
            last = min(length, first + count * size)
            rows = slice(first, last) if order is None else order[first:last]
            parts = [read(rows) for read in self._readers]
            if order is None and self._place is not None:
                parts = [None if part is None else part.copy() for part in parts]
            cuts = [slice(start, start + size) for start in range(0, last - first, size)]
            batches = [kind([None if part is None else part[cut] for part in parts]) for cut in cuts]
            if self._place is not None:
                batches = [self._place(batch, True) for batch in batches]
            yield from batches
            first, count = last, self._block

    def _bytes_of_batch(self, parts: list[Any]) -> int:
        """Return how many bytes the arrays of a batch have at most: no number has more than 8."""
        numbers: int = sum([math.prod(part.shape[1:]) for part in parts if part is not None])
        return max(1, 8 * numbers * self.batch_size)


def _reader(data: Tree | None) -> Callable[[Rows], Any]:
    """Return the function that takes rows out of a tree of arrays; its form is studied here, once."""
    if data is None:
        return lambda rows: None
    if isinstance(data, dict):
        items = [(key, _reader(part)) for key, part in data.items()]
        return lambda rows: {key: read(rows) for key, read in items}
    if isinstance(data, list | tuple):
        readers = [_reader(part) for part in data]
        if isinstance(data, list):
            return lambda rows: [read(rows) for read in readers]
        make: Callable[..., Any] = type(data)
        if hasattr(data, "_fields"):
            return lambda rows: make(*[read(rows) for read in readers])
        return lambda rows: tuple([read(rows) for read in readers])
    return _array_reader(data)


def _array_reader(array: np.ndarray[Any, Any] | SparseRows) -> Callable[[Rows], np.ndarray[Any, Any]]:
    wanted = batch_dtype(array, "x")
    if isinstance(array, SparseRows):
        to_dense = array.to_dense
        return lambda rows: to_dense(rows).astype(wanted)
    if array.nbytes <= _COPY_LIMIT:
        array = np.ascontiguousarray(array, wanted)
    # `take` is faster than an index, but copies all of an array that is not contiguous; rows are in bounds.
    take = array.take if array.flags.c_contiguous else None

    def read(rows: Rows) -> np.ndarray[Any, Any]:
        return array[rows] if take is None or type(rows) is slice else take(rows, 0, None, "clip")

    if array.dtype == wanted:
        return read
    return lambda rows: read(rows).astype(wanted)
