"""Batches of generators, loaders and other iterables."""

from __future__ import annotations

import gc
import importlib.util
import itertools
import threading

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.layers import Dense
from kcore_train.data import adapter


def numbered(stop=None, log=None):
    for i in itertools.count() if stop is None else range(stop):
        if log is not None:
            log.append(i)
        yield np.full((2, 1), i), np.full(2, i)


class Loader:
    """An iterable that can be read again, as a `DataLoader` or a `tf.data.Dataset` can."""

    def __init__(self, length):
        self.length = length
        self.num_reads = 0

    def __iter__(self):
        self.num_reads += 1
        return numbered(self.length)


def numbers(epoch) -> list[int]:
    return [int(batch[0].ravel()[0]) for batch in epoch]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    gc.collect()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("kcore-")]


def test_a_generator_is_read_once():
    data = adapter(numbered(4))
    assert (data.num_batches, data.batch_size, data.has_partial_batch) == (None, None, False)
    assert numbers(data.epoch()) == [0, 1, 2, 3]
    assert numbers(data.epoch()) == []


def test_an_endless_generator_is_read_a_number_of_steps_at_a_time():
    log = []
    data = adapter(numbered(log=log), steps_per_epoch=3)
    assert [numbers(data.epoch()) for _ in range(2)] == [[0, 1, 2], [3, 4, 5]]
    assert log == [0, 1, 2, 3, 4, 5], "nothing is read that no epoch asked for"


def test_a_generator_that_runs_out_ends_the_epoch_early():
    data = adapter(numbered(4), steps_per_epoch=3)
    assert [numbers(data.epoch()) for _ in range(3)] == [[0, 1, 2], [3], []]


@pytest.mark.parametrize("steps", [None, 2])
def test_the_batch_peeked_at_is_not_lost(steps):
    data = adapter(numbered(2), steps_per_epoch=steps)
    assert numbers([data.peek(), data.peek()]) == [0, 0]
    assert numbers(data.epoch()) == [0, 1]


def test_a_loader_is_read_again_for_each_epoch():
    loader = Loader(3)
    data = adapter(loader)
    data.peek()
    assert [numbers(data.epoch()) for _ in range(2)] == [[0, 1, 2]] * 2
    assert loader.num_reads == 2


def test_a_loader_goes_on_across_epochs_of_fewer_steps():
    data = adapter(Loader(5), steps_per_epoch=3)
    assert [numbers(data.epoch()) for _ in range(3)] == [[0, 1, 2], [3, 4, 0], [1, 2, 3]]


def test_a_loader_with_fewer_batches_than_steps_gives_one_pass():
    data = adapter(Loader(2), steps_per_epoch=3)
    assert [numbers(data.epoch()) for _ in range(2)] == [[0, 1]] * 2


def test_starting_over_reads_a_loader_anew_and_lets_a_generator_go_on():
    loader, generator = adapter(Loader(9), steps_per_epoch=2), adapter(numbered(), steps_per_epoch=2)
    for data in (loader, generator):
        data.epoch()
        data.start_at(0)
    assert numbers(loader.epoch()) == [0, 1]
    generator.peek()
    generator.start_at(0)
    assert [numbers(generator.epoch()), numbers(generator.epoch())] == [[0, 1], [2, 3]]


def test_the_length_and_batch_size_of_a_loader_are_its_own():
    class Sized(Loader):
        batch_size = 2

        def __len__(self):
            return self.length

    data = adapter(Sized(3))
    assert (data.num_batches, data.batch_size) == (3, 2)


def test_a_loader_without_a_known_length_has_none():
    class Endless(Loader):
        def __len__(self):
            raise TypeError("endless")

    assert adapter(Endless(3)).num_batches is None


def test_batches_may_be_inputs_alone():
    assert [len(batch) for batch in adapter(iter([np.ones(3), (np.ones(3),), {"a": np.ones(3)}])).epoch()] == [1, 1, 1]


def test_floats_become_the_default_float_and_lists_arrays():
    ((x, y),) = adapter(iter([({"a": np.ones((2, 1))}, [1.5, 2.5])])).epoch()
    assert (x["a"].dtype, y.dtype) == ("float32", "float32")
    np.testing.assert_array_equal(y, [1.5, 2.5])


def test_tensors_of_the_current_backend_stay_as_they_are(backend):
    tensor = ops.convert_to_tensor([1.0, 2.0])
    ((x,),) = adapter(iter([tensor])).epoch()
    assert x is tensor


def test_tensors_of_another_backend_become_arrays(backend, other_backend):
    with ops.use_backend(other_backend.name):
        tensor = ops.convert_to_tensor([1.0, 2.0])
    ((x,),) = adapter(iter([tensor])).epoch()
    assert isinstance(x, np.ndarray)
    np.testing.assert_array_equal(x, np.array([1, 2], "float32"))


def test_an_error_of_the_generator_reaches_the_reader():
    def faulty():
        yield np.ones(2)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(adapter(faulty()).epoch())


def test_stopping_early_ends_the_reading():
    log = []
    for _ in adapter(numbered(log=log)).epoch():
        break
    gc.collect()
    assert len(log) <= 4


def test_class_weights_become_sample_weights():
    ((_, _, weight), *_) = adapter(iter([(np.ones(3), np.array([0, 2, 1]))]), class_weight={0: 5.0, 2: 7.0}).epoch()
    np.testing.assert_array_equal(weight, np.array([5, 7, 1], "float32"))


BAD_BATCHES = {
    "a list of 2": ([np.ones(2), np.ones(2)], "the list_iterator gave a list of 2 for a batch"),
    "a tuple of 4": ((np.ones(2),) * 4, "the list_iterator gave a tuple of 4 for a batch"),
    "an empty tuple": ((), "the list_iterator gave a tuple of 0 for a batch"),
    "None": (None, "the list_iterator gave a NoneType for a batch"),
    "a number": (3.0, "the list_iterator gave a float for a batch"),
    "a text": ("cat", "the list_iterator gave a str for a batch"),
    "texts": ((np.ones(1), np.array(["cat"])), "y has dtype <U3, which is not one of numbers"),
    "an object": (({"a": object()},), r'x\["a"\] has type object, which is no data'),
    "ragged rows": (([[1], [2, 3]],), "the rows of x differ in length"),
}


@pytest.mark.parametrize("name", BAD_BATCHES)
def test_what_is_no_batch_is_refused(name):
    item, message = BAD_BATCHES[name]
    data = adapter(iter([item]))
    with pytest.raises(ops.KcoreError, match=message):
        data.peek()


def test_a_used_up_generator_has_nothing_to_peek_at():
    with pytest.raises(ops.ArgumentError, match="the data is at its end: it gave no batch"):
        adapter(iter([])).peek()


def test_class_weights_need_targets_and_no_other_weights():
    with pytest.raises(ops.ArgumentError, match="class_weight needs targets, and the list_iterator gave none"):
        adapter(iter([np.ones(2)]), class_weight={0: 1.0}).peek()
    with pytest.raises(ops.ArgumentError, match="the list_iterator gave sample weights too"):
        adapter(iter([(np.ones(2), np.ones(2), np.ones(2))]), class_weight={0: 1.0}).peek()


if importlib.util.find_spec("torch"):

    @pytest.mark.parametrize("num_workers", [0, 1])
    def test_a_data_loader_gives_its_batches(num_workers):
        import torch
        from torch.utils.data import DataLoader, TensorDataset

        samples = TensorDataset(torch.arange(10.0)[:, None], torch.arange(10))
        # Forking is not safe where another framework's threads run, as they may in this process.
        how = "spawn" if num_workers else None
        data = adapter(DataLoader(samples, batch_size=4, num_workers=num_workers, multiprocessing_context=how))
        assert (data.num_batches, data.batch_size) == (3, 4)
        for _ in range(2):
            batches = list(data.epoch())
            assert [ops.shape(x) for x, y in batches] == [(4, 1), (4, 1), (2, 1)]
            labels = [ops.convert_to_numpy(y) for _, y in batches]
            np.testing.assert_array_equal(np.concatenate(labels), np.arange(10))


if importlib.util.find_spec("tensorflow"):

    def test_a_tensorflow_dataset_gives_its_batches():
        import tensorflow as tf

        dataset = tf.data.Dataset.from_tensor_slices((np.ones((10, 3)), np.arange(10))).batch(4)
        data = adapter(dataset)
        assert data.num_batches == 3
        for _ in range(2):
            labels = [ops.convert_to_numpy(y) for _, y in data.epoch()]
            np.testing.assert_array_equal(np.concatenate(labels), np.arange(10))
        endless = adapter(dataset.repeat(), steps_per_epoch=2)
        assert endless.num_batches is None
        sizes = [[ops.shape(y)[0] for _, y in endless.epoch()] for _ in range(3)]
        assert sizes == [[4, 4], [2, 4], [4, 2]]


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("size", [1, 2])
def test_an_error_in_the_data_names_the_batch(backend, size):
    def batches():
        yield from [(np.ones((2, 3), "float32"), np.ones((2, 1), "float32"))] * 5
        raise OSError("the disk is gone")

    model = Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=size)
    with pytest.raises(OSError, match="the disk is gone") as caught:
        model.fit(batches(), steps_per_epoch=8, verbose=0)
    which = "batch 5" if size == 1 else "one of the batches 4 to 5"
    assert caught.value.__notes__[-1] == f"this happened as {which} of an epoch was made, counted from 0"
