"""Batches made several at a time, in threads or in processes, and given in order."""

from __future__ import annotations

import contextvars
import functools
import itertools
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, Protocol

__all__ = ["Indexed", "map_in_processes", "map_in_threads"]


class Indexed(Protocol):
    """What has an item for each index, as a `PyDataset`."""

    def __getitem__(self, index: int, /) -> Any: ...


def map_in_threads(function: Callable[[int], Any], indices: Iterable[int], workers: int, ahead: int) -> Iterator[Any]:
    """Yield what a function returns for the indices, in their order, computed by threads.

    Args:
        function: function, from index to item; it sees the context variables, the current backend among them, of
            whoever asks.
        indices: iterable of ints, the indices.
        workers: int, the number of threads; they end with the iterator, also when it is closed.
        ahead: int, how many items may be begun before they are asked for.

    >>> list(map_in_threads(lambda index: index**2, range(4), workers=2, ahead=3))
    [0, 1, 4, 9]
    """

    def submit(pool: Executor, index: int) -> Future[Any]:
        # A copy for each, since a context can not be entered twice at a time.
        return pool.submit(contextvars.copy_context().run, function, index)

    return _in_order(functools.partial(ThreadPoolExecutor, workers, "kcore-dataset"), submit, indices, ahead)


def map_in_processes(dataset: Indexed, indices: Iterable[int], workers: int, ahead: int) -> Iterator[Any]:
    """Yield `dataset[index]` for the indices, in their order, read by processes that have a copy of the dataset.

    Args:
        dataset: `PyDataset`, or what can be indexed, the dataset, which can be pickled.
        indices: iterable of ints, the indices.
        workers: int, the number of processes; they end with the iterator, also when it is closed.
        ahead: int, how many items may be begun before they are asked for.
    """
    # Forking a process in which a framework runs threads can leave its locks closed for ever.
    spawn = multiprocessing.get_context("spawn")
    start = functools.partial(ProcessPoolExecutor, workers, spawn, initializer=_keep, initargs=(dataset,))
    return _in_order(start, lambda pool, index: pool.submit(_read, index), indices, ahead)


def _in_order(
    start: Callable[[], Executor], submit: Callable[[Executor, int], Future[Any]], indices: Iterable[int], ahead: int
) -> Iterator[Any]:
    left = iter(indices)
    with start() as pool:
        waiting = deque(submit(pool, index) for index in itertools.islice(left, ahead))
        try:
            while waiting:
                item = waiting.popleft().result()
                waiting.extend(submit(pool, index) for index in itertools.islice(left, 1))
                yield item
                del item  # or it would live until the next one comes
        finally:
            pool.shutdown(cancel_futures=True)


# The dataset of a worker process, which has no other purpose than to read it.
_dataset: Any = None


def _keep(dataset: Any) -> None:
    global _dataset
    _dataset = dataset


def _read(index: int) -> Any:
    return _dataset[index]
