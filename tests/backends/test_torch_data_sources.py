"""Grain's datasets and loaders, and datasets of Hugging Face's, train as the arrays that they hold do."""

from __future__ import annotations

import datasets
import grain
import kcore as keras
import numpy as np
import pytest

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
PAIRS = list(zip(X, Y, strict=True))


def history(*data, **options):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    return model.fit(*data, epochs=2, verbose=0, **options).history["loss"]


@pytest.fixture
def expected(backend):
    return history(X, Y, batch_size=5, shuffle=False)


def loader():
    sampler = grain.samplers.SequentialSampler(num_records=20, shard_options=grain.sharding.NoSharding())
    return grain.DataLoader(data_source=PAIRS, sampler=sampler, operations=[grain.transforms.Batch(5)])


@pytest.mark.parametrize(
    "make",
    [
        lambda: grain.MapDataset.source(PAIRS).batch(5),
        lambda: grain.MapDataset.source(PAIRS).to_iter_dataset().batch(5),
        loader,
    ],
    ids=["map", "iter", "loader"],
)
def test_grain_gives_batches_in_every_epoch(make, expected):
    assert history(make()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("form", [None, "numpy", "torch"])
def test_columns_of_a_dataset_are_arrays(form, expected):
    data = datasets.Dataset.from_dict({"x": X.tolist(), "y": Y.tolist()}).with_format(form)
    assert history(data["x"], data["y"], batch_size=5, shuffle=False) == pytest.approx(expected, rel=1e-6)


def test_a_dataset_is_its_columns_by_name(backend):
    data = datasets.Dataset.from_dict({"b": X.tolist(), "a": Y.tolist()})
    inputs = [keras.Input((3,), name="b"), keras.Input((1,), name="a")]
    model = keras.Model(inputs, keras.layers.Concatenate()(inputs))
    np.testing.assert_array_equal(model.predict(data, verbose=0), np.concatenate([X, Y], axis=1))
