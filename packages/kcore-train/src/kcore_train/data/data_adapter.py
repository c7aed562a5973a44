"""What the trainer knows of data: how many batches there are, and the batches of one epoch."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from kcore_ops import tree
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.random.seeds import draw_seed

from kcore_train.data.prefetching import prefetch

__all__ = ["Batch", "BatchSource", "DataAdapter", "InputsOnly", "Pass", "close", "made_of", "share_of_rows"]

# (x,), (x, y) or (x, y, sample_weight)
Batch: TypeAlias = tuple[Any, ...]


class InputsOnly(tuple[Any]):
    """Mark a batch `(x,)` of a source that yielded `x`; a step is to get that."""

    __slots__ = ()


class DataAdapter:
    """Yield the batches of one epoch after another; a subclass says in `one_pass` where they come from.

    An epoch is one pass over the data, or `steps_per_epoch` batches. Where it is fewer batches than a pass has, the
    next epoch goes on where this one ended, and into a new pass when the data ends. Where it is more, an epoch is one
    pass all the same, and so shorter than asked for: the trainer warns.

    Args:
        steps_per_epoch: int or None, the number of batches in an epoch, None for one pass over the data; None.
        is_shuffled: bool, whether `one_pass` needs a seed; False.

    Attributes:
        num_batches: how many a pass has, or None if that is not known beforehand.
        batch_size: how many samples a batch has, or None if that is not known.
        partial_batch_size: how many samples the last batch has if it is smaller, or None.
        reads_ahead: whether batches are worth a thread that prefetches them.
        seed: what the order of samples follows from, together with the number of the pass; drawn from the seeds of the
            process, hence the same on every backend.

    >>> class Countdown(DataAdapter):
    ...     num_batches = 3
    ...     def one_pass(self, number):
    ...         yield from ((3 - i,) for i in range(3))
    >>> list(Countdown(steps_per_epoch=2).epoch())
    [(3,), (2,)]
    """

    num_batches: int | None = None
    batch_size: int | None = None
    partial_batch_size: int | None = None
    reads_ahead: bool = False
    # What brings a batch to where it is used; it is told whether nobody else reads or writes the arrays' memory.
    _place: Callable[[Batch, bool], Batch] | None = None
    # Whether `one_pass` calls it.
    _places: bool = False
    # Which of how many shares of each batch is taken.
    _share: tuple[int, int] | None = None
    # Whether `one_pass` reads no more of a batch than that.
    _reads_share: bool = False

    def __init__(self, steps_per_epoch: int | None = None, is_shuffled: bool = False) -> None:
        self.steps_per_epoch = steps_per_epoch
        self.seed = 0
        if is_shuffled:
            low, high = draw_seed(None).tolist()
            self.seed = low + (high << 32)
        self._num_passes = 0
        # The pass to go on with.
        self._held: Pass | None = None
        # The number of the pass that the epoch began in, and how many batches had been taken from that.
        self._epoch_start = (0, 0)
        # How many batches of the epoch that comes next are done.
        self._num_done = 0
        self._num_epochs = 0

    @property
    def has_partial_batch(self) -> bool:
        """Whether the last batch of a pass is smaller than the others."""
        return bool(self.partial_batch_size)

    def one_pass(self, number: int) -> Iterator[Batch]:
        """Return an iterator over the batches of one pass over the data.

        Args:
            number: int, the number of the pass, from 0; the order of the samples follows from it and the seed.
        """
        raise NotImplementedError(f"{type(self).__name__}.one_pass")

    def epoch(self) -> Iterator[Batch]:
        """Return an iterator over the batches of the next epoch; what is left of them, where that is restored."""
        if not self._num_done:
            self._epoch_start = self._next_place()
        done, self._num_done = self._num_done, 0
        self._num_epochs += 1
        batches = self._pass().batches if self.steps_per_epoch is None else self._steps(self.steps_per_epoch - done)
        if self._share is not None and not self._reads_share:
            batches = made_of(batches, functools.partial(_share_of, self._share))
        if self._place is not None and not self._places:
            batches = made_of(batches, functools.partial(_placed_by, self._place))
        return _read_ahead(batches) if self.reads_ahead else batches

    def shard(self, index: int, count: int) -> None:
        """Let each batch be one of several shares of it, in order, which together are the batch.

        So processes that train one model on equal shares see together what one alone would see. Where the samples of a
        batch do not divide evenly, shares differ by one, and may be empty. Batches keep their number.

        Args:
            index: int, which share, from 0.
            count: int, how many there are.

        Raises:
            ArgumentError: if there is no such share.
        """
        if count < 1 or not 0 <= index < count:
            raise ArgumentError(f"there is no share {index} of {count}", fix="pass an index from 0 to count - 1").at(
                "shard"
            )
        self._share = None if count == 1 else (index, count)

    def place_by(self, place: Callable[[Batch, bool], Batch], reads_ahead: bool) -> None:
        """Let a function bring the batches of epochs to where they are used; the first may have been drawn before.

        Args:
            place: function, from a batch, and `is_ours`, whether nobody else reads or writes the memory of its arrays,
                to a batch.
            reads_ahead: bool, whether it is worth a thread.
        """
        self._place = place
        self.reads_ahead = self.reads_ahead or reads_ahead

    def peek(self) -> Batch:
        """Return the first batch of the next epoch, which will come again in the epoch.

        Raises:
            ArgumentError: if there is none.
        """
        held = self._pass()
        first = next(held.batches, None)
        if first is None and held.taken:
            held = self._pass()
            first = next(held.batches, None)
        if first is None:
            raise ArgumentError("the data is at its end: it gave no batch", fix="pass data that is not used up")
        held.batches = _with_first(first, held.batches)
        self._held = held
        return first

    def has_more(self) -> bool:
        """Return whether another epoch would have a batch; False only of what can be read once, and was."""
        return True

    def start_at(self, epoch: int) -> None:
        """Go to the beginning of an epoch, so that a run that resumes there sees the batches it would have seen.

        With `steps_per_epoch`, `start_at(0)` before each evaluation makes it see the same batches. A generator can not
        be moved: it goes on where it is.

        Args:
            epoch: int, the number of the epoch, from 0.
        """
        steps, num_batches = self.steps_per_epoch, self.num_batches
        if steps is not None and num_batches is not None and steps < num_batches:
            self._go_to(*divmod(epoch * steps, num_batches))
        else:
            self._go_to(epoch, 0)

    def state(self) -> dict[str, Any]:
        """Return where the data is, as plain data: between two epochs, or in one whose batches the trainer counts."""
        return {
            "seed": self.seed,
            "num_epochs": self._num_epochs,
            "epoch_start": self._epoch_start,
            "next": self._next_place(),
        }

    def restore(self, state: Mapping[str, Any], num_done: int | None = None) -> None:
        """Go to where the data was.

        Args:
            state: dict, what `state` returned.
            num_done: int or None, how many batches of the epoch had been worked through, None between two epochs;
                None.
        """
        self.seed = state["seed"]
        number, taken = state["next"] if num_done is None else state["epoch_start"]
        self._epoch_start = number, taken
        self._num_done = num_done or 0
        self._num_epochs = state["num_epochs"] - (num_done is not None)
        taken += self._num_done
        if self.steps_per_epoch is not None and self.num_batches is not None:
            further, taken = divmod(taken, self.num_batches)
            number += further
        self._go_to(number, taken)

    def pass_from(self, number: int, taken: int) -> Iterator[Batch]:
        """Return an iterator over what is left of a pass.

        Args:
            number: int, the number of the pass, from 0.
            taken: int, how many batches to leave out.
        """
        return _without_first(taken, iter(self.one_pass(number)))

    def _go_to(self, number: int, taken: int) -> None:
        """Let the next epoch begin in a pass, after some of its batches."""
        held, self._held = self._held, None
        if held is not None:
            close(held.batches)
        self._num_passes = number
        if taken:
            self._num_passes += 1
            self._held = Pass(self.pass_from(number, taken), number, taken)

    def _next_place(self) -> tuple[int, int]:
        held = self._held
        return (self._num_passes, 0) if held is None else (held.number, held.taken)

    def on_epoch_begin(self) -> None:
        """Run when an epoch begins."""

    def on_epoch_end(self) -> None:
        """Run when an epoch has ended."""

    def close(self) -> None:
        """Release what was opened to read the data: end the threads and processes that do, and its iterators."""
        held, self._held = self._held, None
        if held is not None:
            close(held.batches)

    def _pass(self) -> Pass:
        """Return the pass that is held, or begin one."""
        if self._held is not None:
            held, self._held = self._held, None
            return held
        self._num_passes += 1
        number = self._num_passes - 1
        return Pass(iter(self.one_pass(number)), number, 0)

    def _steps(self, num_steps: int) -> Iterator[Batch]:
        """Yield one epoch's share, from one pass or, if it ends, also from the next."""
        held = self._pass()
        began_here = not held.taken
        for _ in range(num_steps):
            batch = next(held.batches, None)
            if batch is None:
                if began_here:
                    return
                held, began_here = self._pass(), True
                batch = next(held.batches, None)
                if batch is None:
                    return
            held.taken += 1
            self._held = held
            yield batch
            self._held = None
        self._held = held


class Pass:
    """A pass over the data that is under way.

    Args:
        batches: iterator, what is left of it.
        number: int, its number, from 0.
        taken: int, how many batches were taken from it.
    """

    __slots__ = ("batches", "number", "taken")

    def __init__(self, batches: Iterator[Batch], number: int, taken: int) -> None:
        self.batches, self.number, self.taken = batches, number, taken


# A generator, a `PyDataset`, a `tf.data.Dataset`, a `DataLoader`, any other iterable of batches.
BatchSource: TypeAlias = Iterable[Any] | DataAdapter


# Iterators that close what they iterate over once they are closed themselves, where it is theirs.


def close(iterator: object) -> None:
    """Close an iterator that can be closed, and is not being read by a thread that hangs.

    Args:
        iterator: iterator, what to close, if it can be.
    """
    if hasattr(iterator, "close"):
        try:
            iterator.close()
        except ValueError:  # a generator that is running: whoever reads it has been told to stop
            pass


def made_of(source: Iterable[Any], make: Callable[[Any], Any], *, is_ours: bool = True) -> Iterator[Any]:
    """Yield what a function makes of each item.

    Args:
        source: iterable, the items.
        make: function, from an item to what is yielded.
        is_ours: bool, whether the source is closed in the end; True.
    """
    items = iter(source)
    try:
        for item in items:
            yield make(item)
    finally:
        if is_ours:
            close(items)
        del items, source  # or an error's traceback would keep what they hold, as the workers of a loader


def share_of_rows(share: tuple[int, int], start: int, stop: int) -> tuple[int, int]:
    """Return where a share of some rows begins and ends.

    Args:
        share: tuple of two ints, which share, and of how many.
        start: int, the first row.
        stop: int, the row after the last.
    """
    index, count = share
    length = stop - start
    return start + index * length // count, start + (index + 1) * length // count


def _placed_by(place: Callable[[Batch, bool], Batch], batch: Batch) -> Batch:
    return place(batch, False)


def _share_of(share: tuple[int, int], batch: Batch) -> Batch:
    def rows(leaf: Any) -> Any:
        if leaf is None or not getattr(leaf, "shape", ()):
            return leaf
        start, stop = share_of_rows(share, 0, len(leaf))
        return leaf[start:stop]

    found = tuple(tree.map_structure(rows, part) for part in batch)
    return InputsOnly(found) if batch.__class__ is InputsOnly else found


def _with_first(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    try:
        yield first
        yield from rest
    finally:
        close(rest)


def _without_first(count: int, batches: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from itertools.islice(batches, count, None)
    finally:
        close(batches)


def _read_ahead(batches: Iterator[Any]) -> Iterator[Any]:
    ahead = prefetch(batches)
    try:
        yield from ahead
    finally:
        close(ahead)
        close(batches)
