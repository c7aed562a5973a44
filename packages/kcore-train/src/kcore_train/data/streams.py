"""Batches of generators, and of loaders and datasets that are iterated."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

from kcore_train.data.batches import to_batch
from kcore_train.data.data_adapter import Batch, DataAdapter, made_of

__all__ = ["StreamAdapter"]


class StreamAdapter(DataAdapter):
    """Yield the batches that a source yields, read ahead in the background.

    A source that can be iterated again (a `tf.data.Dataset`, a `DataLoader`) is, for each pass. A generator goes on
    where it is; when it is used up there are no more batches.

    Args:
        source: iterable, what yields `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`.
        class_weight: dict or None, the weight of the samples of each class; a class that is not in it weighs 1; None
            for no such weights; None.
        steps_per_epoch: int or None, the number of batches in an epoch, None for one pass over the data; None.
    """

    reads_ahead = True

    def __init__(
        self,
        source: Iterable[Any],
        class_weight: Mapping[int, float] | None = None,
        steps_per_epoch: int | None = None,
    ) -> None:
        super().__init__(steps_per_epoch)
        self._source = source
        self.num_batches = _length(source)
        size = getattr(source, "batch_size", None)
        self.batch_size = size if isinstance(size, int) else None
        self._to_batch = functools.partial(
            to_batch,
            source=f"the {type(source).__name__}",
            class_weight=class_weight,
            # Only a loader that says how it collates is known to turn tuples into lists.
            is_list_a_tuple=hasattr(source, "collate_fn"),
        )

    def one_pass(self, number: int) -> Iterator[Batch]:
        """Return an iterator over the batches of one pass.

        Args:
            number: int, the number of the pass, from 0; the order of the samples follows from it and the seed.
        """
        # An iterator that was given belongs to who gave it, and may be read on.
        return made_of(self._source, self._to_batch, is_ours=not isinstance(self._source, Iterator))

    def has_more(self) -> bool:
        """Return whether the source can be read again, or has another batch."""
        if not isinstance(self._source, Iterator):
            return True
        try:
            self.peek()
        except ArgumentError:
            return False
        return True

    def start_at(self, epoch: int) -> None:
        """Go to the beginning of an epoch; a generator goes on where it is, with what was peeked at.

        Args:
            epoch: int, the number of the epoch, from 0.
        """
        if not isinstance(self._source, Iterator):
            super().start_at(epoch)


def _length(source: Any) -> int | None:
    """Return the number of batches of a source that knows it; those that may not know raise TypeError."""
    try:
        return len(source)
    except TypeError:
        return None
