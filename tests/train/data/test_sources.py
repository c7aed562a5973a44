"""Which data is taken, and what is said of the rest."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_train.data import DataAdapter, PyDataset, adapter


class Dataset(PyDataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return np.ones(2), np.ones(2)


class Own(DataAdapter):
    def one_pass(self, number):
        return iter([(np.ones(2),)])


X, Y = np.ones((100, 2)), np.ones(90)

LENGTHS = {
    "x and y": ((X, Y), "x has 100 samples, y has 90"),
    "dicts": (({"image": X, "text": Y}, Y), r'x\["image"\] has 100 samples, x\["text"\] has 90, y has 90'),
    "weights": ((X, X, [1.0]), "x has 100 samples, y has 100, sample_weight has 1"),
    "lists": (([X, (X, Y)],), r"x\[0\] has 100 samples, x\[1\]\[0\] has 100, x\[1\]\[1\] has 90"),
    "a number": ((3.0,), "x is a single number"),
    "ragged": (([[1.0], [2.0, 3.0]],), "the rows of x differ in length"),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_lengths_that_do_not_fit_are_told_by_path(name):
    arguments, message = LENGTHS[name]
    with pytest.raises(ops.ShapeError, match=message):
        adapter(*arguments)


NOT_DATA = {
    "nothing": ((None,), "there is no x"),
    "an object": ((object(),), "x has type object, which is no data"),
    "a text": (("cat",), "x has type str, which is no data"),
    "a set": (({1, 2},), "x has type set, which is no data"),
    "an object inside": (({"a": X, "b": object()},), r'x\["b"\] has type object, which is no data'),
    "a generator for y": ((X, iter([Y])), "y has type list_iterator, which is no data"),
    "no samples": ((X[:0], Y[:0]), "x has no samples"),
    "no arrays": (({},), "x holds no arrays"),
    "an empty list": (([],), "x holds no arrays"),
}


@pytest.mark.parametrize("name", NOT_DATA)
def test_what_is_no_data_is_refused(name):
    arguments, message = NOT_DATA[name]
    with pytest.raises(ops.ArgumentError, match=message):
        adapter(*arguments)


@pytest.mark.parametrize("values", [np.array([None, 1]), np.array(["2020-01-01"], "M8[D]")])
def test_inputs_that_are_neither_numbers_nor_texts_are_refused(values):
    with pytest.raises(ops.DTypeError, match=r'x\["a"\] has dtype .*, which is not one of numbers'):
        adapter({"a": values})


@pytest.mark.parametrize("values", [np.array(["a", "b"]), ["a", "b"], np.array([b"a", b"b"], object)])
def test_targets_that_are_not_numbers_are_refused(values):
    with pytest.raises(ops.DTypeError, match=r'y\["a"\] has dtype .*, which is not one of numbers'):
        adapter(np.ones(2), {"a": values})


def test_inputs_may_be_texts():
    ((x,),) = adapter({"a": ["a", "b"]}, shuffle=False).epoch()
    assert x["a"].dtype == object and x["a"].tolist() == ["a", "b"]


@pytest.mark.parametrize("source", [Dataset(), iter([X]), Own()], ids=["dataset", "iterator", "adapter"])
@pytest.mark.parametrize("extra", [{"y": Y}, {"sample_weight": Y}, {"batch_size": 3}])
def test_sources_of_batches_are_passed_alone(source, extra):
    (name,) = extra
    with pytest.raises(
        ops.ArgumentError, match=f"{name} was given, but x has type {type(source).__name__}, whose batches"
    ):
        adapter(source, **extra)


def test_everything_that_is_too_much_is_named_together():
    with pytest.raises(ops.ArgumentError, match="y and batch_size were given, but x has type Dataset"):
        adapter(Dataset(), Y, batch_size=3)


def test_an_adapter_is_used_as_it_is():
    own = Own()
    assert adapter(own) is own
    with pytest.raises(ops.ArgumentError, match="steps_per_epoch was given, but x has type Own"):
        adapter(own, steps_per_epoch=3)


@pytest.mark.parametrize("name", ["batch_size", "steps_per_epoch"])
@pytest.mark.parametrize("value", [0, -1, 2.5, True, "many"])
def test_counts_are_positive_integers(name, value):
    with pytest.raises(ops.ArgumentError, match=f"{name}={value!r} is not a count"):
        adapter(X, **{name: value})


def test_counts_may_be_of_numpy():
    data = adapter(X, batch_size=np.int64(30))
    assert (data.num_batches, type(data.batch_size)) == (4, int)


def test_other_ways_to_shuffle_are_refused():
    with pytest.raises(ops.ArgumentError, match="shuffle='rows' is no way to shuffle"):
        adapter(X, shuffle="rows")


def test_class_weights_and_sample_weights_do_not_go_together():
    with pytest.raises(ops.ArgumentError, match="class_weight and sample_weight were both given"):
        adapter(X, np.ones(100), np.ones(100), class_weight={0: 1.0})


def test_the_default_batch_has_32_samples():
    assert (adapter(X).batch_size, adapter(X).num_batches) == (32, 4)
