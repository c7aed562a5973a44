"""Batches of arrays in memory: contents, order, dtype, views."""

from __future__ import annotations

import importlib.util
from collections import namedtuple

import kcore_ops as ops
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kcore_ops import config
from kcore_ops.ops.random.seeds import set_seed
from kcore_train.data import adapter, arrays


def rows(batches) -> list[int]:
    return np.concatenate([batch[0] for batch in batches]).ravel().tolist()


@given(length=st.integers(1, 50), size=st.integers(1, 60))
def test_batches_in_order_are_the_array_cut_in_pieces(length, size):
    x = np.arange(length)
    data = adapter(x, batch_size=size, shuffle=False)
    batches = list(data.epoch())
    assert rows(batches) == x.tolist()
    assert len(batches) == data.num_batches
    lengths = [len(batch[0]) for batch in batches]
    assert lengths[:-1] == [size] * (len(lengths) - 1)
    assert lengths[-1] == (data.partial_batch_size or size)
    assert data.has_partial_batch == (length % size != 0)


@given(length=st.integers(1, 50), size=st.integers(1, 60), shuffle=st.sampled_from([True, "batch"]))
def test_a_shuffled_pass_has_every_sample_once_with_its_target_and_weight(length, size, shuffle):
    x = np.arange(length)
    batches = list(adapter(x, x * 2, x * 3.0, batch_size=size, shuffle=shuffle).epoch())
    assert sorted(rows(batches)) == x.tolist()
    for a, b, c in batches:
        np.testing.assert_array_equal(b, a * 2)
        np.testing.assert_array_equal(c, a * 3)


def test_each_epoch_has_an_order_of_its_own():
    data = adapter(np.arange(40), batch_size=8)
    orders = [tuple(rows(data.epoch())) for _ in range(4)]
    assert len(set(orders)) == 4


def test_the_order_follows_from_the_seed_alone(backend, other_backend):
    orders = []
    for name in (backend.name, other_backend.name):
        with ops.use_backend(name):
            set_seed(3)
            data = adapter(ops.convert_to_tensor(np.arange(20)), batch_size=6)
            orders.append([rows(data.epoch()), rows(data.epoch())])
    assert orders[0] == orders[1]
    set_seed(4)
    assert rows(adapter(np.arange(20), batch_size=6).epoch()) != orders[0][0]


def test_data_that_is_not_shuffled_draws_no_seed():
    set_seed(3)
    adapter(np.arange(3), shuffle=False)
    first = rows(adapter(np.arange(20)).epoch())
    set_seed(3)
    assert rows(adapter(np.arange(20)).epoch()) == first


def test_shuffling_by_batch_keeps_batches_whole_and_the_partial_one_last():
    data = adapter(np.arange(23), batch_size=5, shuffle="batch")
    orders = []
    for _ in range(5):
        batches = [batch[0].tolist() for batch in data.epoch()]
        assert sorted(batches[:-1]) == [list(range(i, i + 5)) for i in range(0, 20, 5)]
        assert batches[-1] == [20, 21, 22]
        orders.append(str(batches))
    assert len(set(orders)) > 1


@pytest.mark.parametrize("shuffle", [False, "batch"])
def test_batches_that_are_contiguous_share_memory_with_the_array(shuffle):
    x = np.ones((10, 3), "float32")
    assert all(np.shares_memory(batch[0], x) for batch in adapter(x, batch_size=4, shuffle=shuffle).epoch())


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
@pytest.mark.parametrize("block", [1, 150, 2**17])
@pytest.mark.parametrize("taken", [0, 2])
def test_batches_are_the_same_however_many_are_read_at_once(shuffle, block, taken, monkeypatch):
    x, y = np.arange(23.0, dtype="float32"), np.arange(23)[:, None]

    def batches(size):
        monkeypatch.setattr(arrays, "_BLOCK_SIZE", size)
        set_seed(3)
        data = adapter(x, y, batch_size=4, shuffle=shuffle)
        return [[part.tolist() for part in batch] for batch in data.pass_from(0, taken)]

    found = batches(block)
    assert found == batches(0)
    assert len(found) == 6 - taken


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
@pytest.mark.parametrize("block", [0, 2**17])
def test_memory_that_is_said_to_be_nobody_elses_is(shuffle, block, monkeypatch):
    monkeypatch.setattr(arrays, "_BLOCK_SIZE", block)
    x, y = np.zeros((40, 3), "float32"), np.zeros(40, "int32")
    data = adapter(x, y, batch_size=4, shuffle=shuffle)
    first = data.peek()
    told = []

    def place(batch, is_ours):
        told.append(is_ours)
        for part in batch:
            assert not part.any()  # no batch has part in another
            if is_ours:
                part += 1
        return batch

    data.place_by(place, False)
    batches = list(data.epoch())
    assert batches[0] is first
    assert set(told) == {bool(shuffle is True or (block and shuffle is False))}
    assert len(told) == 9
    assert not x.any()
    assert not y.any()


# As Keras 3.15.1, run on torch and fed each dtype, hands them to its model.
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "int8", "uint8", "bool", "complex64"])
@pytest.mark.parametrize("limit", [0, 2**26])
def test_floats_become_the_default_float_and_others_keep_their_dtype(dtype, limit, monkeypatch):
    monkeypatch.setattr(arrays, "_COPY_LIMIT", limit)
    x = np.ones((10, 3), dtype)
    for shuffle in (True, False, "batch"):
        for (batch,) in adapter(x, batch_size=4, shuffle=shuffle).epoch():
            assert batch.dtype == ("float32" if dtype.startswith("float") else dtype)


def test_the_default_float_is_that_of_the_settings():
    try:
        config.set_floatx("float64")
        assert adapter([1.0]).peek()[0].dtype == "float64"
        config.set_floatx("bfloat16")
        assert adapter([1.0]).peek()[0].dtype.name == "bfloat16"
    finally:
        config.set_floatx("float32")


@pytest.mark.parametrize("limit", [0, 2**26])
def test_layout_and_byte_order_of_an_array_do_not_matter(limit, monkeypatch):
    monkeypatch.setattr(arrays, "_COPY_LIMIT", limit)
    x = np.arange(60, dtype="float32").reshape(20, 3)
    seeds = []
    for form in (x, np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], x.astype(">f4"), x.astype("float64")):
        set_seed(1)
        batches = [batch[0] for batch in adapter(form, batch_size=6).epoch()]
        assert all(batch.dtype.isnative for batch in batches)
        seeds.append(np.concatenate(batches))
    for other in seeds[1:]:
        np.testing.assert_array_equal(other, seeds[0])


def test_a_tuple_has_as_many_parts_as_were_given():
    x, y, w = np.ones(4), np.zeros(4), np.ones(4)
    assert [len(adapter(*parts).peek()) for parts in ((x,), (x, y), (x, y, w), (x, None, w))] == [1, 2, 3, 3]
    assert adapter(x, None, w).peek()[1] is None


def test_trees_keep_their_form_and_order():
    Pair = namedtuple("Pair", "left right")
    a, b = np.arange(5), np.arange(5) * 10
    x = {"z": a, "list": [a, (b, None)], "pair": Pair(a, b)}
    ((batch, target),) = adapter(x, [a, b], shuffle=False).epoch()
    assert list(batch) == ["z", "list", "pair"]
    assert isinstance(batch["pair"], Pair)
    assert isinstance(batch["list"], list)
    assert isinstance(batch["list"][1], tuple)
    assert batch["list"][1][1] is None
    np.testing.assert_array_equal(batch["list"][1][0], b)
    np.testing.assert_array_equal(target[1], b)


def test_lists_of_numbers_are_arrays_and_lists_of_arrays_are_several_inputs():
    ((x, y),) = adapter([[1.0, 2.0], [3.0, 4.0]], [0, 1], shuffle=False).epoch()
    np.testing.assert_array_equal(x, np.array([[1, 2], [3, 4]], "float32"))
    np.testing.assert_array_equal(y, [0, 1])
    (x,) = adapter([np.ones((3, 2)), np.ones((3, 4))]).peek()
    assert [part.shape for part in x] == [(3, 2), (3, 4)]


def test_tensors_are_read_as_arrays(backend):
    x = ops.convert_to_tensor(np.arange(6).reshape(3, 2).astype("float32"))
    ((a, b),) = adapter(x, {"out": x}, shuffle=False).epoch()
    assert isinstance(a, np.ndarray)
    np.testing.assert_array_equal(a, ops.convert_to_numpy(x))
    np.testing.assert_array_equal(b["out"], a)


def test_memory_maps_are_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "_COPY_LIMIT", 0)
    x = np.arange(12, dtype="float64").reshape(6, 2)
    np.save(tmp_path / "x.npy", x)
    data = adapter(np.load(tmp_path / "x.npy", mmap_mode="r"), batch_size=4, shuffle=False)
    first, last = (batch[0] for batch in data.epoch())
    assert type(first) is np.ndarray
    np.testing.assert_array_equal(np.concatenate([first, last]), x)


def test_an_array_that_already_fits_is_not_copied():
    x = np.ones((100, 3), "float32")
    assert np.shares_memory(adapter(x, shuffle=False).peek()[0], x)


def test_peeking_changes_nothing():
    orders = []
    for peeks in (0, 2):
        set_seed(8)
        data = adapter(np.arange(20), batch_size=6)
        peeked = [data.peek()[0].tolist() for _ in range(peeks)]
        orders.append([rows(data.epoch()), rows(data.epoch())])
    assert orders[0] == orders[1]
    assert peeked == [orders[0][0][:6]] * 2


def test_epochs_of_fewer_steps_than_a_pass_go_on_where_the_last_ended():
    data = adapter(np.arange(10), batch_size=2, shuffle=False, steps_per_epoch=3)
    assert [rows(data.epoch()) for _ in range(3)] == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 0, 1], [2, 3, 4, 5, 6, 7]]


def test_epochs_of_fewer_steps_still_see_every_sample_equally_often():
    data = adapter(np.arange(10), batch_size=2, steps_per_epoch=3)
    seen = [row for _ in range(5) for row in rows(data.epoch())]
    assert sorted(seen) == sorted(list(range(10)) * 3)


def test_an_epoch_of_more_steps_than_a_pass_is_one_pass():
    data = adapter(np.arange(6), batch_size=2, shuffle=False, steps_per_epoch=5)
    assert [rows(data.epoch()) for _ in range(2)] == [list(range(6))] * 2


@pytest.mark.parametrize("steps", [None, 3, 5, 9])
def test_a_run_that_starts_at_an_epoch_sees_what_it_would_have_seen(steps):
    set_seed(2)
    data = adapter(np.arange(10), batch_size=2, steps_per_epoch=steps)
    orders = [rows(data.epoch()) for _ in range(5)]
    resumed = adapter(np.arange(10), batch_size=2, steps_per_epoch=steps)
    assert resumed.seed != data.seed
    resumed.seed = data.seed
    resumed.start_at(2)
    assert [rows(resumed.epoch()) for _ in range(3)] == orders[2:]
    resumed.start_at(0)
    assert rows(resumed.epoch()) == orders[0]


def test_arrays_are_not_read_by_a_thread():
    assert not adapter(np.arange(3)).reads_ahead


if importlib.util.find_spec("pandas"):
    # Shapes and dtypes are those that Keras 3.15.1 makes of the same frames.
    def test_a_frame_is_a_matrix_and_a_series_a_matrix_of_one_column():
        import pandas as pd

        frame = pd.DataFrame({"a": [1.0, 2, 3], "b": [1, 2, 3]})
        ((x, y),) = adapter(frame, frame["b"], shuffle=False).epoch()
        assert (x.shape, x.dtype, y.shape, y.dtype) == ((3, 2), "float32", (3, 1), "int64")
        np.testing.assert_array_equal(x, frame.to_numpy())
        (x,) = adapter(dict(frame)).peek()
        assert (x["a"].shape, x["b"].dtype) == ((3, 1), "int64")
