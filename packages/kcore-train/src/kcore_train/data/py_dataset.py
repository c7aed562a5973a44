"""Datasets written in Python: one batch for each index."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

from kcore_train.data.batches import to_batch
from kcore_train.data.data_adapter import Batch, DataAdapter, made_of
from kcore_train.data.shuffling import permutation

__all__ = ["PyDataset", "PyDatasetAdapter", "Sequence"]


class PyDataset:
    """Base class of datasets that make one batch for each index, whichever order the indices come in.

    A subclass defines `__getitem__`, which returns batch number `index` as `(x,)`, `(x, y)` or `(x, y, sample_weight)`
    (a list is taken as a tuple), and `__len__`, their number; one without end has `num_batches = None` instead. One
    that changes as training goes on, in `on_epoch_end` for one, may define `get_state`, which returns plain data, and
    `set_state`, so that a run that was cut off goes on with the same batches; otherwise it is told anew of the epochs
    that were.

    Args:
        workers: int, how many batches are made at a time, in threads or processes; with 1 they are made ahead by a
            single background thread, with 0 by whoever asks for them; 1.
        use_multiprocessing: bool, whether the workers are processes. They get a copy of the dataset, which has to be
            picklable, and the main module needs its `if __name__ == "__main__"`. They are started anew for each pass,
            so that what `on_epoch_end` changed reaches them; False.
        max_queue_size: int, how many batches the workers may be ahead; 10.

    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, index):
    ...         return np.array([index]), np.array([index**2])
    >>> Squares(workers=4).num_batches
    2
    """

    # On the class, for subclasses that do not call `__init__`.
    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10
    # Whether the order is the dataset's own, and the batches of a pass are read in that of their indices.
    has_own_order: bool = False

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__}.__getitem__")

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches in the order of their indices, as many as `num_batches` says."""
        count = self.num_batches
        return map(self.__getitem__, itertools.count() if count is None else range(count))

    @property
    def num_batches(self) -> int | None:
        """How many batches there are; None for no end."""
        if not hasattr(self, "__len__"):
            raise ArgumentError(
                f"the dataset {type(self).__name__} has no length",
                fix="define __len__, or num_batches = None for no end",
            )
        return len(self)

    def on_epoch_begin(self) -> None:
        """Run when an epoch begins."""

    def on_epoch_end(self) -> None:
        """Run when an epoch has ended."""


# Keras's name for it before version 3.
Sequence = PyDataset


class PyDatasetAdapter(DataAdapter):
    """Yield the batches of a `PyDataset`.

    Args:
        dataset: `PyDataset`, the dataset.
        shuffle: bool, whether the batches of a pass come in a random order; False.
        class_weight: dict or None, the weight of the samples of each class; a class that is not in it weighs 1; None
            for no such weights; None.
        steps_per_epoch: int or None, the number of batches in an epoch, None for one pass over the data; None.

    Raises:
        ArgumentError: if the dataset is empty, or has no end and `steps_per_epoch` is None.
    """

    def __init__(
        self,
        dataset: PyDataset,
        shuffle: bool = False,
        class_weight: Mapping[int, float] | None = None,
        steps_per_epoch: int | None = None,
    ) -> None:
        name = type(dataset).__name__
        self.num_batches = dataset.num_batches
        if self.num_batches == 0:
            raise ArgumentError(f"the dataset {name} has no batches", fix="check its __len__")
        if self.num_batches is None and steps_per_epoch is None:
            raise ArgumentError(
                f"the dataset {name} has no end, and steps_per_epoch is None", fix="pass a number of steps"
            )
        super().__init__(steps_per_epoch, is_shuffled=shuffle)
        self._dataset, self._shuffle = dataset, shuffle
        self._to_batch = functools.partial(
            to_batch, source=f"the dataset {name}", class_weight=class_weight, is_list_a_tuple=True
        )
        self._num_workers = max(dataset.workers, 1) if dataset.use_multiprocessing else dataset.workers
        self._has_pool = dataset.use_multiprocessing or dataset.workers > 1
        self.reads_ahead = self._num_workers == 1 and not self._has_pool

    def peek(self) -> Batch:
        """Return the first batch, made only for this purpose, between `on_epoch_begin` and `on_epoch_end`."""
        self.on_epoch_begin()
        first = self._to_batch(self._dataset[next(self._indices(self._num_passes))])
        self.on_epoch_end()
        return first

    def one_pass(self, number: int) -> Iterator[Batch]:
        """Return an iterator over the batches of one pass.

        Args:
            number: int, the number of the pass, from 0; the order of the samples follows from it and the seed.
        """
        return self._batches(self._indices(number))

    def _batches(self, indices: Iterator[int]) -> Iterator[Batch]:
        make = self._dataset.__getitem__
        if not self._has_pool:
            return made_of(map(make, indices), self._to_batch)
        from kcore_train.data import workers  # pools take long to import, and few datasets use them

        count, ahead = self._num_workers, max(self._dataset.max_queue_size, self._num_workers)
        if self._dataset.use_multiprocessing:
            return made_of(workers.map_in_processes(self._dataset, indices, count, ahead), self._to_batch)
        return workers.map_in_threads(lambda index: self._to_batch(make(index)), indices, count, ahead)

    def pass_from(self, number: int, taken: int) -> Iterator[Batch]:
        """Return an iterator over what is left of a pass; batches that are left out are not made.

        Args:
            number: int, the number of the pass, from 0.
            taken: int, how many batches to leave out.
        """
        return self._batches(itertools.islice(self._indices(number), taken, None))

    def state(self) -> dict[str, Any]:
        """Return where the data is, with the dataset's own state if it has a `get_state`."""
        own = self._dataset.get_state() if hasattr(self._dataset, "get_state") else None
        return {**super().state(), "dataset": own}

    def restore(self, state: Mapping[str, Any], num_done: int | None = None) -> None:
        """Go to where the data was. A dataset without `set_state` is told of the epochs that were, one by one.

        Args:
            state: dict, what `state` returned.
            num_done: int or None, how many batches of the epoch had been worked through, None between two epochs;
                None.
        """
        if state["dataset"] is not None and hasattr(self._dataset, "set_state"):
            self._dataset.set_state(state["dataset"])
        else:
            for _ in range(state["num_epochs"] - (num_done is not None)):
                self.on_epoch_begin()
                self.on_epoch_end()
        super().restore(state, num_done)

    def on_epoch_begin(self) -> None:
        """Call `on_epoch_begin` of the dataset."""
        self._dataset.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Call `on_epoch_end` of the dataset."""
        self._dataset.on_epoch_end()

    def _indices(self, number: int) -> Iterator[int]:
        if self.num_batches is None:
            return itertools.count()
        if self._shuffle:
            return iter(permutation(self.num_batches, self.seed, number).tolist())
        return iter(range(self.num_batches))
