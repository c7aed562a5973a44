"""A dataset split in two."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import tree
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, ShapeError
from kcore_train.data import PyDataset
from kcore_train.datasets import readers, split_dataset


def listed(part):
    """The items of a part, as numbers of Python's."""
    return [tree.map_structure(lambda leaf: np.asarray(leaf).tolist(), item) for item in part]


@pytest.fixture
def as_py_datasets(monkeypatch, backend):
    """As where no framework has datasets of its own."""
    monkeypatch.setattr(readers, "datasets_of_framework", lambda name: None)
    monkeypatch.setattr("kcore_train.datasets.splitting.datasets_of_framework", lambda name: None)
    monkeypatch.setattr(backend, "datasets", None)


@pytest.mark.parametrize(
    ("sizes", "left", "right"),
    [
        ((2, None), [0, 1], [2, 3, 4]),
        ((None, 2), [0, 1, 2], [3, 4]),
        ((0.5, None), [0, 1], [2, 3, 4]),
        ((None, 0.3), [0, 1, 2], [3, 4]),
        ((1, 0.2), [0], [4]),
        ((0.7, 0.3), [0, 1, 2, 3], [4]),
    ],
)
def test_the_first_part_is_what_comes_first_and_the_second_what_comes_last(as_py_datasets, sizes, left, right):
    first, last = split_dataset(np.arange(5), *sizes)
    assert (listed(first), listed(last)) == (left, right)


def test_trees_of_arrays_are_split_along_their_first_axes(as_py_datasets, backend):
    x = {"a": np.arange(4), "b": ops.convert_to_tensor(np.arange(8.0).reshape(4, 2))}
    first, last = split_dataset((x, [1, 2, 3, 4]), 1)
    assert listed(first) == [({"a": 0, "b": [0.0, 1.0]}, 1)]
    assert [batch[1].tolist() for batch in last.batch(2)] == [[2, 3], [4]]


def test_a_list_of_arrays_is_a_tuple_of_them(as_py_datasets):
    first, _ = split_dataset([np.arange(3), np.arange(3)], 1)
    assert listed(first) == [(0, 0)]


def test_datasets_are_split_by_their_items(as_py_datasets):
    class Batches(PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return np.full(2 if index < 2 else 1, index), index

    first, last = split_dataset(Batches(), 2)
    assert listed(first) == [([0, 0], 0), ([1, 1], 1)]
    assert listed(last) == [([2], 2)]
    assert last.samples.elements[0].shape == (None,)


def test_items_are_shuffled_once_as_the_seed_says(as_py_datasets):
    parts = [[listed(part) for part in split_dataset(np.arange(20), 8, shuffle=True, seed=3)] for _ in range(2)]
    assert parts[0] == parts[1]
    first, last = parts[0]
    assert sorted(first + last) == list(range(20))
    assert first != sorted(first)


def test_parts_are_datasets_of_the_preferred_framework(backend):
    tf, torch = pytest.importorskip("tensorflow"), pytest.importorskip("torch")
    left, right = split_dataset((np.arange(5), np.arange(5.0)), 2, preferred_backend="tensorflow")
    assert isinstance(left, tf.data.Dataset)
    assert listed(left.batch(2)) == [([0, 1], [0.0, 1.0])]
    assert len(right) == 3
    left, right = split_dataset(np.arange(5), 2, preferred_backend="torch")
    assert isinstance(left, torch.utils.data.Dataset)
    assert listed(right) == [(2,), (3,), (4,)]


def test_parts_are_of_the_kind_of_the_dataset(backend):
    tf, torch = pytest.importorskip("tensorflow"), pytest.importorskip("torch")
    left, right = split_dataset(tf.data.Dataset.range(5).batch(2), 2)
    assert isinstance(left, tf.data.Dataset)
    assert (listed(left), listed(right)) == ([[0, 1], [2, 3]], [[4]])
    left, right = split_dataset(torch.utils.data.TensorDataset(torch.arange(3), torch.arange(3)), 2)
    assert isinstance(left, torch.utils.data.Dataset)
    assert (listed(left), listed(right)) == ([(0, 0), (1, 1)], [(2, 2)])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ArgumentError, "neither left_size nor right_size was given"),
        ({"left_size": 5}, ArgumentError, "left_size=5 is no part of 5 items"),
        ({"left_size": 1.0}, ArgumentError, "left_size=1.0 is no part of 5 items"),
        ({"right_size": 0}, ArgumentError, "right_size=0 is no part of 5 items"),
        ({"right_size": "a"}, ArgumentTypeError, "right_size has type str"),
        ({"left_size": True}, ArgumentTypeError, "left_size has type bool"),
        ({"left_size": 3, "right_size": 3}, ArgumentError, "are more than the 5 items there are"),
        ({"left_size": 0.1}, ArgumentError, "left_size=0.1 and right_size=None of 5 items leave a part empty"),
        ({"dataset": 3.5, "left_size": 1}, ShapeError, "is a single number"),
        ({"dataset": (i for i in range(3)), "left_size": 1}, ArgumentTypeError, "dataset has type generator"),
        ({"dataset": "text", "left_size": 1}, ArgumentTypeError, "dataset has type str"),
        ({"dataset": [], "left_size": 1}, ArgumentError, "the dataset holds nothing"),
        ({"dataset": (np.arange(3), np.arange(4)), "left_size": 1}, ShapeError, "3"),
    ],
)
def test_what_can_not_be_split_is_refused(backend, arguments, error, message):
    with pytest.raises(error, match=message):
        split_dataset(**{"dataset": np.arange(5), **arguments})
