"""Batches of generators, and of loaders and datasets that are iterated."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

from kcore_train.data.batches import to_batch
from kcore_train.data.data_adapter import Batch, DataAdapter, Pass, close, made_of
from kcore_train.data.random_state import random_state, set_random_state

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
        # Where the generators were as the pass began, how many were begun; and of an iterator, which goes on where it
        # is, how many batches were read, and how many before the epoch.
        self._random: dict[str, Any] | None = None
        self._num_begun = self._num_read = self._num_read_before = self._num_peeked = 0
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
        if isinstance(self._source, Iterator):
            # It belongs to who gave it, and may be read on.
            return self._counted(made_of(self._source, self._to_batch, is_ours=False))
        return self._begun()

    def _begun(self) -> Iterator[Batch]:
        """Begin a pass: the order that a loader draws for it follows from where the generators are now."""
        self._random = random_state()
        self._num_begun += 1
        yield from made_of(self._source, self._to_batch)

    def _counted(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        try:
            for batch in batches:
                self._num_read += 1
                yield batch
        finally:
            close(batches)

    def peek(self) -> Batch:
        """Return the first batch of the next epoch, which will come again in the epoch."""
        first = super().peek()
        self._num_peeked = 1
        return first

    def epoch(self) -> Iterator[Batch]:
        """Return an iterator over the batches of the next epoch; what is left of them, where that is restored."""
        if not self._num_done:
            self._num_read_before = self._num_read - self._num_peeked
        self._num_peeked = 0
        return super().epoch()

    def state(self) -> dict[str, Any]:
        """Return where the source is, as plain data; for one that draws an order, how it drew that of this pass."""
        return {
            **super().state(),
            "num_read": self._num_read - self._num_peeked,
            "num_read_before": self._num_read_before,
            "random": self._random,
        }

    def restore(self, state: Mapping[str, Any], num_done: int | None = None) -> None:
        """Go to where the source was: batches that were seen before are read, and left out.

        The order of a loader is the same again, as the generators are put where they were when its pass began; of a
        `tf.data.Dataset` as many passes are begun as there had been.

        Args:
            state: dict, what `state` returned.
            num_done: int or None, how many batches of the epoch had been worked through, None between two epochs;
                None.
        """
        held, self._held = self._held, None
        is_iterator, counts_passes = isinstance(self._source, Iterator), hasattr(self._source, "element_spec")
        if held is not None and not is_iterator and not counts_passes:
            close(held.batches)
            held = None
        super().restore(state, num_done)  # which leaves `_held` to a pass that nothing was read from
        place, self._held = self._held, None
        number, taken = (self._num_passes, 0) if place is None else (place.number, place.taken)
        if is_iterator:
            self._num_read_before = state["num_read"] if num_done is None else state["num_read_before"]
            taken = self._num_read_before + (num_done or 0)
            self._num_read = self._num_peeked  # the others are counted anew as they are left out
        elif counts_passes:
            while self._num_begun < number:
                iter(self._source)
                self._num_begun += 1
        if not taken and held is None:
            return
        if held is None:
            if state["random"] is not None and not is_iterator:
                set_random_state(state["random"])
            held = Pass(iter(self.one_pass(number)), number, 0)
        for _ in range(taken):
            next(held.batches, None)
            self._num_peeked = 0
        held.number, held.taken = number, taken
        self._num_passes, self._held = number + 1, held

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
