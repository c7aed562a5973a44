"""Windows of a series."""

from __future__ import annotations

import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.layers import Dense, Flatten
from kcore_ops.foundation.errors import ArgumentError
from kcore_train.datasets import timeseries_dataset_from_array


def windows(*args, format="py_dataset", **kwargs):
    return timeseries_dataset_from_array(*args, format=format, **kwargs)


def test_every_window_has_the_target_of_its_first_step():
    x = np.arange(40.0).reshape(20, 2)
    dataset = windows(
        x, np.arange(20), 3, sequence_stride=2, sampling_rate=4, batch_size=4, start_index=1, end_index=18
    )
    rows = [(window, target) for batch in dataset for window, target in zip(*batch, strict=True)]
    assert [int(target) for _, target in rows] == [1, 3, 5, 7, 9]
    for window, target in rows:
        np.testing.assert_array_equal(window, x[target : target + 9 : 4])


def test_windows_past_the_end_of_the_targets_are_left_out():
    assert [y.tolist() for _, y in windows(np.arange(9), np.arange(4), 2, start_index=1)] == [[1, 2, 3]]


def test_a_series_shorter_than_a_window_has_none():
    assert list(windows(np.arange(3), None, 5)) == []


def test_each_pass_is_shuffled_anew_and_follows_from_the_seed():
    passes = [[], []]
    for each in passes:
        dataset = windows(np.arange(60), None, 1, batch_size=None, shuffle=True, seed=4)
        each += [[int(x[0]) for x in dataset] for _ in range(2)]
    assert passes[0] == passes[1]
    first, second = passes[0]
    assert first != second != sorted(second)
    assert sorted(first) == sorted(second) == list(range(60))


def test_single_windows_are_batched_later():
    dataset = windows(np.arange(5), None, 2, batch_size=None)
    assert (len(dataset), dataset[-1].tolist()) == (4, [3, 4])
    assert [x.tolist() for x in dataset.batch(3, drop_remainder=True)] == [[[0, 1], [1, 2], [2, 3]]]


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("format", ["py_dataset", "tf", "grain"])
def test_a_model_learns_from_windows_in_every_format(backend, format):
    if format == "grain":
        pytest.importorskip("grain")
    series = np.arange(20.0, dtype="float32") / 20
    dataset = windows(series[:-3], series[3:], 3, batch_size=4, shuffle=True, seed=0, format=format)
    model = Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse")
    losses = model.fit(dataset, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_tensorflow_s_dataset_has_the_same_windows_and_known_shapes():
    tf = pytest.importorskip("tensorflow")
    x = np.arange(12.0).reshape(6, 2)
    dataset = windows(x, np.arange(6), 2, batch_size=2, format="tf")
    assert isinstance(dataset, tf.data.Dataset)
    assert dataset.element_spec[0].shape.as_list() == [None, 2, 2]
    assert int(dataset.cardinality()) == 3
    for got, wanted in zip(dataset.as_numpy_iterator(), windows(x, np.arange(6), 2, batch_size=2), strict=True):
        for a, b in zip(got, wanted, strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype


def test_fit_keeps_the_order_that_a_dataset_has(backend):
    seen = []

    class Noting(Flatten):
        def call(self, x):
            seen.append(float(np.asarray(x).ravel()[0]))
            return super().call(x)

    model = Sequential([Noting()])
    model.compile(run_eagerly=True)
    model.predict(windows(np.arange(9.0), None, 1, batch_size=1), verbose=0)
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sampling_rate": 0}, "sampling_rate=0 is out of range"),
        ({"sampling_rate": 10}, "sampling_rate=10 is out of range"),
        ({"sequence_stride": 1.5}, "sequence_stride=1.5 is out of range"),
        ({"sequence_length": 0}, "sequence_length=0 is out of range\n  fix: pass an integer at least 1"),
        ({"start_index": -1}, "start_index=-1 is out of range"),
        ({"end_index": 11}, "end_index=11 is out of range\n  fix: pass an integer from 1 to 10, by the length"),
        ({"start_index": 5, "end_index": 5}, "end_index=5 is not after start_index=5"),
        ({"batch_size": 0}, "batch_size=0 is not a count"),
        ({"format": "csv"}, "there is no format 'csv'"),
    ],
)
def test_what_is_out_of_range_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        timeseries_dataset_from_array(**{"data": np.arange(10), "targets": None, "sequence_length": 2, **arguments})
