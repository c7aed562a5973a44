"""Sequences, series and parts of datasets as Keras makes them."""

from __future__ import annotations

import itertools

import kcore.utils
import numpy as np
import pytest

rng = np.random.default_rng(0)


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("maxlen", [None, 1, 3, 9])
@pytest.mark.parametrize("step", [(), (2,), (2, 3)])
def test_sequences_are_filled_up_as_in_keras(keras, padding, truncating, maxlen, step):
    for dtype, value in (("int32", 0.0), ("float32", 0.5), ("uint8", 7)):
        x = [rng.integers(0, 99, (n, *step)) for n in (3, 1, 5, 0)]
        arguments = {"maxlen": maxlen, "dtype": dtype, "padding": padding, "truncating": truncating, "value": value}
        for given in (x, [each.tolist() for each in x[:3]], x[:1]):
            wanted = keras.utils.pad_sequences(given, **arguments)
            found = kcore.utils.pad_sequences(given, **arguments)
            assert found.dtype == wanted.dtype
            np.testing.assert_array_equal(found, wanted)


def test_texts_are_filled_up_as_in_keras(keras):
    for dtype in (object, str, "U3"):
        given = [["a", "bb"], ["c"]]
        wanted = keras.utils.pad_sequences(given, dtype=dtype, value="z")
        found = kcore.utils.pad_sequences(given, dtype=dtype, value="z")
        assert (found.dtype, found.tolist()) == (wanted.dtype, wanted.tolist())


def test_windows_are_those_of_keras(keras):
    x = rng.normal(size=(23, 2)).astype("float32")
    y = np.arange(23)
    options = itertools.product((1, 4), (3,), (1, 2), (4, None), (None, 3), (None, 17), (False, True))
    for length, stride, rate, batch_size, start, end, has_targets in options:
        arguments = {
            "sequence_length": length, "sequence_stride": stride, "sampling_rate": rate, "batch_size": batch_size,
            "start_index": start, "end_index": end, "targets": y if has_targets else None,
        }  # fmt: skip
        wanted = list(keras.utils.timeseries_dataset_from_array(x, **arguments).as_numpy_iterator())
        for format in ("tf", "py_dataset"):
            found = kcore.utils.timeseries_dataset_from_array(x, **arguments, format=format)
            found = list(found.as_numpy_iterator() if format == "tf" else found)
            assert len(found) == len(wanted)
            for a, b in zip(keras.tree.flatten(found), keras.tree.flatten(wanted), strict=True):
                assert a.dtype == b.dtype
                np.testing.assert_array_equal(a, b)


def test_parts_have_the_sizes_and_items_of_keras_s(keras):
    tf = pytest.importorskip("tensorflow")
    sizes = [None, 1, 3, 6, 0.05, 0.3, 0.5, 0.6, 0.7]
    num_compared = 0
    for left, right in itertools.product(sizes, sizes):
        dataset = tf.data.Dataset.range(7)
        try:
            wanted = keras.utils.split_dataset(dataset, left, right)
        except ValueError:
            fractions = [size for size in (left, right) if isinstance(size, float)]
            if len(fractions) == 2 and sum(fractions) <= 1 and min(fractions) > 0.1:
                continue  # Keras refuses fractions that are both rounded up; here the second part has one item less
            with pytest.raises(ValueError, match="split_dataset"):
                kcore.utils.split_dataset(dataset, left, right)
            continue
        found = kcore.utils.split_dataset(dataset, left, right)
        for a, b in zip(found, wanted, strict=True):
            assert [int(x) for x in a] == [int(x) for x in b]
        num_compared += 1
    assert num_compared > 20
