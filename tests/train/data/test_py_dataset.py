"""Datasets written in Python: order, workers, epochs."""

from __future__ import annotations

import gc
import itertools
import subprocess
import sys
import threading
import time

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.ops.random.seeds import set_seed
from kcore_train.data import PyDataset, adapter


class Numbered(PyDataset):
    def __init__(self, length=6, **options):
        super().__init__(**options)
        self.length = length
        self.log = []
        self.threads = set()

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        self.log.append(index)
        self.threads.add(threading.current_thread())
        return np.full((2, 1), index), np.full(2, index)

    def on_epoch_begin(self):
        self.log.append("begin")

    def on_epoch_end(self):
        self.log.append("end")


def numbers(epoch) -> list[int]:
    return [int(batch[0][0, 0]) for batch in epoch]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    gc.collect()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("kcore-")]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_batches_come_in_the_order_of_the_indices(workers):
    data = adapter(Numbered(40, workers=workers, max_queue_size=5), shuffle=False)
    assert data.num_batches == 40
    assert [numbers(data.epoch()) for _ in range(2)] == [list(range(40))] * 2


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_shuffled_epochs_follow_from_the_seed_whatever_the_workers(workers):
    orders = []
    for options in ({"workers": workers}, {"workers": 0}):
        set_seed(5)
        data = adapter(Numbered(20, **options))
        orders.append([numbers(data.epoch()) for _ in range(2)])
    assert orders[0] == orders[1]
    assert orders[0][0] != orders[0][1]
    assert sorted(orders[0][0]) == list(range(20))


def test_several_workers_make_batches_at_a_time():
    class Meeting(PyDataset):
        """No batch is ready before another is begun."""

        barrier = threading.Barrier(2, timeout=30)

        def __len__(self):
            return 4

        def __getitem__(self, index):
            self.barrier.wait()
            return np.full((1, 1), index)

    assert numbers(adapter(Meeting(workers=2), shuffle=False).epoch()) == [0, 1, 2, 3]


def test_workers_are_ahead_by_no_more_than_the_queue(until):
    dataset = Numbered(100, workers=2, max_queue_size=4)
    batches = adapter(dataset, shuffle=False).epoch()
    next(batches)
    assert until(lambda: max(dataset.log) == 4)
    time.sleep(0.05)
    assert max(dataset.log) == 4
    batches.close()


def test_without_workers_batches_are_made_where_they_are_asked_for():
    dataset = Numbered(workers=0)
    list(adapter(dataset).epoch())
    assert dataset.threads == {threading.current_thread()}


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_see_the_backend_of_the_reader(backend, workers):
    class Named(PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return np.array([ops.current_backend().name == backend.name])

    assert [bool(x.all()) for (x,) in adapter(Named(workers=workers)).epoch()] == [True] * 3


@pytest.mark.parametrize("workers", [1, 3])
def test_stopping_early_stops_the_workers(workers):
    dataset = Numbered(1000, workers=workers)
    for _ in adapter(dataset).epoch():
        break
    gc.collect()
    num_made = len(dataset.log)
    time.sleep(0.02)
    assert len(dataset.log) == num_made < 50


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_an_error_of_the_dataset_reaches_the_reader(workers):
    class Faulty(Numbered):
        def __getitem__(self, index):
            if index == 2:
                raise OSError("file 2 is gone")
            return super().__getitem__(index)

    batches = adapter(Faulty(workers=workers), shuffle=False).epoch()
    assert numbers(itertools.islice(batches, 2)) == [0, 1]
    with pytest.raises(OSError, match="file 2 is gone"):
        next(batches)


# As Keras 3.15.1 does before `fit`, to build the model.
def test_peeking_makes_one_batch_between_the_beginning_and_the_end_of_an_epoch():
    dataset = Numbered(workers=0)
    data = adapter(dataset, shuffle=False)
    assert numbers([data.peek()]) == [0]
    assert dataset.log == ["begin", 0, "end"]
    data.on_epoch_begin()
    assert numbers(data.epoch()) == list(range(6))
    data.on_epoch_end()
    assert dataset.log[3:] == ["begin", *range(6), "end"]


def test_an_endless_dataset_gives_as_many_batches_as_steps():
    class Endless(Numbered):
        num_batches = None

    data = adapter(Endless(workers=0), steps_per_epoch=3)
    assert data.num_batches is None
    assert [numbers(data.epoch()) for _ in range(2)] == [[0, 1, 2], [3, 4, 5]]


def test_a_dataset_need_not_call_the_init_of_its_base():
    class Bare(Numbered):
        def __init__(self):
            self.length, self.log, self.threads = 2, [], set()

    assert numbers(adapter(Bare(), shuffle=False).epoch()) == [0, 1]


def test_iterating_gives_the_batches_that_there_are():
    class Endless(Numbered):
        num_batches = None

    assert numbers(Numbered(3)) == numbers(iter(Numbered(3))) == [0, 1, 2]
    assert numbers(itertools.islice(Endless(), 9)) == list(range(9))


def test_a_list_is_taken_as_a_tuple():
    class Listing(Numbered):
        def __getitem__(self, index):
            return list(super().__getitem__(index))

    assert [len(batch) for batch in adapter(Listing()).epoch()] == [2] * 6


def test_class_weights_become_sample_weights():
    data = adapter(Numbered(3), shuffle=False, class_weight={1: 4.0})
    weights = [weight.tolist() for _, _, weight in data.epoch()]
    assert weights == [[1, 1], [4, 4], [1, 1]]


def test_a_dataset_without_length_is_refused():
    class Unsized(PyDataset):
        def __getitem__(self, index):
            return np.ones(2)

    with pytest.raises(ops.ArgumentError, match="the dataset Unsized has no length"):
        adapter(Unsized())


def test_a_dataset_without_batches_is_refused():
    with pytest.raises(ops.ArgumentError, match="the dataset Numbered has no batches"):
        adapter(Numbered(0))


def test_an_endless_dataset_needs_a_number_of_steps():
    class Endless(Numbered):
        num_batches = None

    with pytest.raises(ops.ArgumentError, match="the dataset Endless has no end, and steps_per_epoch is None"):
        adapter(Endless())


PROCESSES = """
import os
import numpy as np
from kcore_train.data import PyDataset, adapter

class Far(PyDataset):
    scale = 1

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return np.array([index * self.scale]), np.array([os.getpid()])

    def on_epoch_end(self):
        self.scale = 10

if __name__ == "__main__":
    data = adapter(Far(workers=2, use_multiprocessing=True), shuffle=False)
    for _ in range(2):
        batches = list(data.epoch())
        print([int(x[0]) for x, _ in batches], any(int(y[0]) == os.getpid() for _, y in batches))
        data.on_epoch_end()
"""


def test_worker_processes_make_the_batches_and_see_what_an_epoch_changed(tmp_path, backend_name):
    script = tmp_path / "far.py"
    script.write_text(PROCESSES, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[0, 1, 2, 3, 4] False", "[0, 10, 20, 30, 40] False"]
