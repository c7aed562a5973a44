"""Read ahead of the consumer, in a thread of its own."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from kcore_ops.foundation.errors import ArgumentError

__all__ = ["prefetch"]

T = TypeVar("T")

# A source that hangs must not hang the one who has stopped listening to it.
_PATIENCE = 5.0  # seconds


def prefetch(source: Iterable[T], buffer: int = 2) -> Iterator[T]:
    """Yield the items of a source, in their order, read ahead by a background thread.

    The thread starts with the first item asked for. It ends with the source, and also when the iterator returned is
    closed or forgotten, as by `break`; what it had read ahead is then lost. It sees the context variables, the current
    backend among them, of whoever asked for the first item.

    Args:
        source: iterable, what to read. An error in it is raised where the item would have come, with its own traceback.
        buffer: int, how many items may wait, at least 1; 2.

    Raises:
        ArgumentError: if `buffer` is less than 1.

    >>> list(prefetch(range(3)))
    [0, 1, 2]
    """
    if buffer < 1:
        raise ArgumentError(f"buffer={buffer} leaves no room to read ahead", fix="pass at least 1").at("prefetch")
    return _prefetched(source, buffer)


def _prefetched(source: Iterable[T], buffer: int) -> Iterator[T]:
    waiting: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(buffer)
    stopped = threading.Event()
    run = contextvars.copy_context().run
    # The thread knows the queue and not this generator, which can therefore be collected while it runs.
    thread = threading.Thread(
        target=run, args=(_read, source, waiting.put, stopped), name="kcore-prefetch", daemon=True
    )
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if isinstance(error, _End):
                return
            if error is not None:
                raise error
            yield item
            del item  # or it would live until the next one comes
    finally:
        error = None  # it holds this frame by its traceback
        stopped.set()
        # A `put` that waits for room gets it, and is the thread's last.
        while not waiting.empty():
            waiting.get_nowait()
        if thread is not threading.current_thread():
            thread.join(_PATIENCE)


class _End(Exception):
    """Stands in the queue where the source ended."""


def _read(
    source: Iterable[Any], put: Callable[[tuple[Any, BaseException | None]], None], stop: threading.Event
) -> None:
    try:
        for item in source:
            if stop.is_set():
                return
            put((item, None))
            if stop.is_set():
                return
            del item  # or the thread would hold one more than the buffer
        put((None, _End()))
    except BaseException as error:  # whatever it is, it belongs to the consumer
        put((None, error))
