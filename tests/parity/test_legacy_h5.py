"""Whole models in `.h5` files: Keras reads what kcore writes, and the other way round; test_interchange.py has more."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from kcore_layers.files import load_model
from kcore_layers.files.hdf5_attributes import read_texts
from kcore_train import losses, optimizers
from saved_calls import CALLS
from test_interchange import give_state
from test_model_files import NAMES, array, outputs, several_outputs
from test_weights_files import MAKERS, draw_numbers, libraries, rng

__all__ = ["libraries"]  # a fixture

MAKERS = MAKERS | {"several_outputs": several_outputs}


@pytest.mark.parametrize("name", [name for name in (*NAMES, "several_outputs") if name != "narrow"])
def test_what_either_writes_the_other_reads(keras, libraries, tmp_path, name):
    for maker, load in zip(libraries, (load_model, keras.saving.load_model), strict=True):
        model = MAKERS[name](maker)
        draw_numbers(model)
        model.save(tmp_path / "net.h5")
        other = load(tmp_path / "net.h5")
        for found, expected in zip(outputs(keras, other), outputs(keras, model), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
        assert [v.shape for v in other.weights] == [v.shape for v in model.weights]


def test_weights_of_narrow_dtypes_are_written_as_keras_reads_them(keras, libraries, tmp_path):
    """Keras itself writes bfloat16 so that it can not read it."""
    model = MAKERS["narrow"](libraries[1])
    draw_numbers(model)
    model.save(tmp_path / "net.h5")
    other = keras.saving.load_model(tmp_path / "net.h5")
    for found, expected in zip(other.weights, model.weights, strict=True):
        np.testing.assert_array_equal(array(keras, found), expected.numpy().astype("float32"))


def named(k):
    """A model all of whose parts have names of their own, so that both libraries call them alike."""
    x = k.Input((3,), name="x")
    shared = k.layers.Dense(3, name="shared")
    frozen = k.layers.BatchNormalization(name="frozen", trainable=False)
    parts = [k.Input((3,), name="y"), k.layers.Dense(3, name="first"), frozen, k.layers.Dense(2, name="last")]
    inner = k.Sequential(parts, name="inner")
    return k.Model(x, inner(k.layers.Dropout(0.5, name="drop")(shared(shared(x)))), name="net")


def layout(path):
    """What stands in a file, but for the configs: groups with their lists of names, datasets with shapes and dtypes."""
    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = (item.shape, item.dtype.str.replace("i8", "i4"))  # of a step count on some backends
        else:
            lists = {each: read_texts(item, each) for each in ("layer_names", "weight_names")}
            found[name] = {each: names for each, names in lists.items() if names is not None}

    with h5py.File(path) as file:
        file.visititems(note)
        return found, sorted(set(file.attrs) - {"kcore_format"})


def test_both_lay_out_a_file_alike(keras, libraries, tmp_path):
    for maker, own_optimizers, own_losses, name in zip(
        libraries, (keras.optimizers, optimizers), (keras.losses, losses), ("theirs", "ours"), strict=True
    ):
        model = named(maker)
        optimizer = own_optimizers.Adam(0.1, name="adam", amsgrad=True)
        model.compile(optimizer, own_losses.MeanSquaredError())
        optimizer.build(model.trainable_variables)
        model.save(tmp_path / f"{name}.h5")
    assert layout(tmp_path / "ours.h5") == layout(tmp_path / "theirs.h5")


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("optimizer, kwargs", [("SGD", {"momentum": 0.9}), ("Adam", {"learning_rate": 0.1})])
def test_what_either_has_trained_the_other_goes_on_with(keras, libraries, tmp_path, optimizer, kwargs):
    x, y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")
    path = tmp_path / "net.h5"
    for k, own_optimizers, own_losses, load in zip(
        libraries, (keras.optimizers, optimizers), (keras.losses, losses), (load_model, keras.saving.load_model),
        strict=True,
    ):  # fmt: skip
        model = k.Sequential([k.Input((3,)), k.layers.Dense(4, activation="tanh"), k.layers.Dense(2)])
        model.compile(getattr(own_optimizers, optimizer)(**kwargs), own_losses.MeanSquaredError(), metrics=["mae"])
        model.fit(x, y, epochs=2, verbose=0)
        model.save(path)
        other = load(path)
        if load is not load_model:
            give_state(other, path)
        histories = [each.fit(x, y, epochs=3, shuffle=False, verbose=0).history for each in (model, other)]
        assert len(histories[0]["loss"]) == 3
        np.testing.assert_allclose(histories[1]["loss"], histories[0]["loss"], rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("get_item", "resize")])  # it writes no `...`
def test_ops_are_read_that_keras_writes_without_being_able_to_read_them(keras, backend, tmp_path, name):
    x = keras.Input((4, 3), batch_size=2)
    model = keras.Model(x, CALLS[name](keras.ops, x))
    model.save(tmp_path / "net.h5")
    other = load_model(tmp_path / "net.h5")
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    np.testing.assert_allclose(array(keras, other(x)), array(keras, model(x)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_lambdas_that_keras_writes_are_run_outside_safe_mode_only(keras, backend, tmp_path, ending):
    path = tmp_path / f"net{ending}"
    model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x, by=3.0: x * by)])
    model.save(path)
    with pytest.raises(TypeError, match="code, which is not run in safe mode"):
        load_model(path)
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(array(keras, load_model(path, safe_mode=False)(x)), array(keras, model(x)))


@pytest.mark.parametrize("by_name", [False, True])
def test_weights_alone_are_matched_as_keras_matches_them(keras, libraries, tmp_path, by_name):
    def make(k, names):
        return k.Sequential([k.Input((3,)), *(k.layers.Dense(3, name=name) for name in names)])

    for writer in libraries:
        source = make(writer, "abc")
        draw_numbers(source)
        source.save(tmp_path / "net.h5")
        found = []
        for k in libraries:
            model = make(k, "bad" if by_name else "xyz")
            for v in model.weights:
                v.assign(np.zeros(v.shape))
            model.load_weights(tmp_path / "net.h5", by_name=by_name)
            found.append(model.get_weights())
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert np.any(found[0][0] != 0)


def test_keras_finds_the_loss_that_it_does_not_find_in_a_file_of_its_own(keras, libraries, tmp_path):
    model = named(libraries[1])
    model.compile("adam", {"inner": "mse"}, metrics=["mae"])
    model.save(tmp_path / "net.h5")
    assert keras.saving.load_model(tmp_path / "net.h5").compiled
    model = named(libraries[0])
    model.compile("adam", "mse", metrics=["mae"])
    model.save(tmp_path / "net.h5")
    with pytest.raises(ValueError, match="Could not deserialize 'keras.metrics.mse'"):
        keras.saving.load_model(tmp_path / "net.h5")
    assert load_model(tmp_path / "net.h5").loss == "mse"
