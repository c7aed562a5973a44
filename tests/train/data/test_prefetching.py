"""Reading ahead in a thread: order, errors, and no thread left over."""

from __future__ import annotations

import gc
import itertools
import threading
import time
import traceback
import weakref

import kcore_ops as ops
import pytest
from kcore_train.data import prefetch, prefetching


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("kcore-prefetch")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    assert threads() == []
    yield
    assert threads() == []


@pytest.mark.parametrize("buffer", [1, 2, 7])
def test_items_come_in_the_order_of_the_source(buffer):
    assert list(prefetch(iter(range(50)), buffer)) == list(range(50))


def test_an_empty_source_gives_nothing():
    assert list(prefetch([])) == []


def test_the_source_is_read_ahead_by_the_size_of_the_buffer_and_one_in_hand(until):
    read = []
    items = prefetch((read.append(i) or i for i in itertools.count()), buffer=3)
    assert next(items) == 0
    assert until(lambda: len(read) == 5)
    time.sleep(0.02)
    assert read == [0, 1, 2, 3, 4]
    items.close()


def test_no_thread_starts_before_the_first_item_is_asked_for():
    prefetch(range(3))
    assert threads() == []


def test_an_error_of_the_source_comes_after_the_items_before_it_with_its_own_traceback():
    def faulty_source():
        yield 1
        raise LookupError("file 2 is missing")

    items = prefetch(faulty_source())
    assert next(items) == 1
    with pytest.raises(LookupError, match="file 2 is missing") as caught:
        next(items)
    assert "faulty_source" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert threads() == []


def test_a_break_ends_the_thread(until):
    for item in prefetch(itertools.count()):
        if item == 3:
            break
    assert until(lambda: not threads())


def test_an_error_of_the_consumer_ends_the_thread(until):
    def consume():
        for _ in prefetch(itertools.count()):
            raise ValueError("of the consumer")

    with pytest.raises(ValueError, match="of the consumer"):
        consume()
    gc.collect()  # the traceback held the iterator
    assert until(lambda: not threads())


def test_closing_ends_the_thread_before_it_returns():
    items = prefetch(itertools.count(), buffer=1)
    next(items)
    items.close()
    assert threads() == []


def test_a_forgotten_iterator_ends_its_thread(until):
    items = prefetch(itertools.count())
    next(items)
    assert len(threads()) == 1
    del items
    gc.collect()
    assert until(lambda: not threads())


def test_a_generator_can_be_read_on_by_others_once_closed():
    source = itertools.count()
    numbers = (next(source) for _ in itertools.count())
    items = prefetch(numbers)
    next(items)
    items.close()
    assert next(numbers) > 0


def test_the_source_runs_with_the_backend_of_the_consumer(backend):
    assert next(prefetch(ops.current_backend().name for _ in range(1))) == backend.name


def test_waiting_items_are_not_kept_once_given():
    class Item:
        pass

    items = prefetch(Item() for _ in range(3))
    first = next(items)
    second = next(items)
    assert first is not second
    gone = weakref.ref(first)
    del first
    gc.collect()
    assert gone() is None
    items.close()


def test_a_source_that_hangs_does_not_hang_who_stops_listening(monkeypatch, until):
    monkeypatch.setattr(prefetching, "_PATIENCE", 0.01)
    released = threading.Event()

    def hanging():
        yield 1
        released.wait(5)

    items = prefetch(hanging())
    next(items)
    items.close()
    assert len(threads()) == 1
    released.set()
    assert until(lambda: not threads())


def test_a_buffer_without_room_is_refused():
    with pytest.raises(ops.ArgumentError, match="buffer=0 leaves no room to read ahead"):
        prefetch([], buffer=0)
