"""Backends side by side in one process: the same seeds, the same weights, the same training, the same files."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.base.random_seed import set_random_seed
from kcore_layers.files import load_model
from kcore_layers.layers import BatchNormalization, Conv2D, Dense, Flatten
from kcore_ops.backends import registry
from kcore_train.losses import CategoricalCrossentropy
from kcore_train.metrics import AUC, CategoricalAccuracy
from kcore_train.optimizers import AdamW
from sklearn.datasets import load_digits

USABLE = sorted(name for name, record in registry.backends().items() if record.is_usable)


def trainable_backends() -> list[str]:
    return [name for name in USABLE if "gradient" in registry.load(name).capabilities]


def digits() -> tuple[Any, Any]:
    data = load_digits()
    return (data.data / 16.0).astype("float32"), np.eye(10, dtype="float32")[data.target]


def quickstart() -> Sequential:
    set_random_seed(0)
    model = Sequential(
        [Input((64,)), Dense(512, activation="relu"), Dense(512, activation="relu"), Dense(10, activation="softmax")]
    )
    model.compile(AdamW(1e-3), CategoricalCrossentropy(), metrics=[CategoricalAccuracy(), AUC(name="auc")])
    return model


def small_images() -> Sequential:
    set_random_seed(0)
    return Sequential(
        [
            Input((6, 6, 2)),
            Conv2D(4, 3, activation="relu"),
            BatchNormalization(),
            Flatten(),
            Dense(3, activation="softmax"),
        ]
    )


def test_one_seed_gives_the_same_weights_to_the_bit(backend):
    expected = quickstart().get_weights()
    for name in USABLE:
        with ops.use_backend(name):
            found = quickstart().get_weights()
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


@pytest.mark.needs("gradient")
def test_one_seed_gives_the_same_first_epoch(backend):
    x, y = digits()
    histories = {}
    for name in trainable_backends():
        with ops.use_backend(name):
            histories[name] = quickstart().fit(x[:1280], y[:1280], batch_size=64, verbose=0).history
    for name, history in histories.items():
        assert list(history) == ["loss", "categorical_accuracy", "auc"]
        np.testing.assert_allclose(history["loss"], histories[backend.name]["loss"], atol=1e-4, err_msg=name)
        np.testing.assert_allclose(history["auc"], histories[backend.name]["auc"], atol=1e-3, err_msg=name)


@pytest.mark.needs("gradient")
def test_models_of_two_backends_train_by_turns_wherever_they_are_called_from(backend, other_backend):
    x, y = (part[:128] for part in digits())
    ours = quickstart()
    with ops.use_backend(other_backend.name):
        theirs = quickstart()
        for _ in range(3):
            ours.fit(x, y, batch_size=64, shuffle=False, verbose=0)  # under the other's backend
    for _ in range(3):
        theirs.fit(x, y, batch_size=64, shuffle=False, verbose=0)
    assert (ours._kcore_backend.name, theirs._kcore_backend.name) == (backend.name, other_backend.name)
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-4)
    assert isinstance(theirs.layers[0].kernel.value, other_backend.tensor_types)
    assert isinstance(ours.layers[0].kernel.value, backend.tensor_types)


def test_a_file_of_weights_written_by_one_backend_is_read_by_all(backend, tmp_path):
    x = np.random.default_rng(0).normal(size=(4, 6, 6, 2)).astype("float32")
    model = small_images()
    for v in model.weights:  # moving statistics other than those a model begins with
        v.assign(v.numpy() + 0.1)
    model.save_weights(tmp_path / "model.weights.h5")
    expected = model.predict(x, verbose=0)
    for name in USABLE:
        with ops.use_backend(name):
            other = small_images()
            other.load_weights(tmp_path / "model.weights.h5")
            np.testing.assert_allclose(other.predict(x, verbose=0), expected, atol=1e-5, err_msg=name)
            for a, b in zip(other.get_weights(), model.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.mark.needs("gradient")
def test_a_whole_model_goes_on_training_on_every_backend(backend, tmp_path):
    x, y = (part[:256] for part in digits())
    model = quickstart()
    model.fit(x, y, batch_size=64, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    expected = model.fit(x, y, batch_size=64, shuffle=False, verbose=0).history
    for name in USABLE:
        with ops.use_backend(name):
            other = load_model(tmp_path / "model.keras")
            if "gradient" not in other._kcore_backend.capabilities:
                assert other.predict(x, verbose=0).shape == y.shape
                continue
            history = other.fit(x, y, batch_size=64, shuffle=False, verbose=0).history
        for key, values in expected.items():
            assert history[key] == pytest.approx(values, abs=1e-4), (name, key)


@pytest.mark.needs("gradient")
def test_a_model_trained_on_one_backend_goes_on_as_well_on_another(backend, other_backend):
    x, y = (part[:256] for part in digits())
    model = quickstart()
    model.fit(x, y, batch_size=64, epochs=2, verbose=0)
    with ops.use_backend(other_backend.name):
        other = quickstart()
        other.set_weights(model.get_weights())
    assert other.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0), abs=1e-4)
