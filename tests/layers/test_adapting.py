"""`Normalization.adapt`: one array, or batches from lists, iterators and datasets."""

from __future__ import annotations

import itertools

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.normalization.normalization import Normalization
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError
from kcore_train.data import PyDataset

X = np.random.default_rng(0).normal(3, 2, size=(32, 4)).astype("float32")
PARTS = [X[i : i + 8] for i in range(0, 32, 8)]


class Endless:
    """Indices never end; the length does."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return PARTS[index % 4]


class Dataset(PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return PARTS[index % 4], np.zeros(8)


class Columns:
    """What is like an array, as a data frame is."""

    shape = X.shape

    def __array__(self, dtype=None, copy=None):
        return X.astype(dtype)


@pytest.mark.parametrize(
    "data",
    [
        X,
        PARTS,
        [X],
        tuple(PARTS),
        Endless(),
        Dataset(),
        Columns(),
        [(part, np.zeros(8)) for part in PARTS],
        [[part] for part in PARTS],
    ],
    ids=lambda data: type(data).__name__,
)
def test_batches_adapt_as_all_of_them_in_one_array_do(backend, data):
    layer = Normalization()
    layer.adapt(data)
    y = ops.convert_to_numpy(layer(X))
    assert y.shape == X.shape
    np.testing.assert_allclose(y.mean(0), np.zeros(4), atol=1e-5)
    np.testing.assert_allclose(y.std(0), np.ones(4), rtol=1e-5)


def test_iterators_of_tensors_are_read_to_their_end(backend):
    layer = Normalization()
    layer.adapt(ops.convert_to_tensor(part) for part in PARTS)
    np.testing.assert_allclose(layer.adapt_mean.numpy(), X.mean(0), rtol=1e-5)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (X.tolist(), "a batch is of class float, which has no shape\n  fix: pass an array, or a list"),
        ([1.0, 2.0], "a batch is of class float, which has no shape"),
        ({"a": X}, "a batch is of class str, which has no shape"),
        ("abc", "a batch is of class str, which has no shape"),
        (iter([None]), "a batch is of class NoneType, which has no shape"),
        (3.0, "adapt can not take data of class float"),
        (None, "adapt can not take data of class NoneType"),
    ],
)
def test_what_has_no_shape_is_refused_with_words(backend, data, message):
    with pytest.raises(ArgumentTypeError, match=f'in layer "normalization.*"\n  {message}'):
        Normalization().adapt(data)


def test_a_dataset_without_end_is_refused(backend):
    class Numbers:
        num_batches = None

        def __iter__(self):
            return itertools.cycle(PARTS)

    with pytest.raises(ArgumentError, match="the Numbers has no end\n  fix: adapt to a part of it"):
        Normalization().adapt(Numbers())
