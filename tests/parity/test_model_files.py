"""Files of whole models: Keras reads what kcore writes, and the other way round."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import kcore
import numpy as np
import pytest
from kcore_layers.files import load_model
from kcore_train import optimizers
from saved_calls import CALLS
from test_weights_files import MAKERS, compiled, draw_numbers, libraries, rng

__all__ = ["libraries"]  # a fixture


def several_outputs(k):
    """A model some of whose outputs are those of a model inside."""
    x, y = k.Input((3,)), k.Input((3,))
    inner = k.Model(x, k.layers.Dense(3)(x))
    first = inner(y)
    between = k.layers.Dense(3)(first)
    return k.Model(y, [first, between, inner(between)])


MAKERS = MAKERS | {"several_outputs": several_outputs}
# Those that are made of classes of Keras's own.
NAMES = (
    "sequential",
    "functional",
    "nested",
    "two_of_a_class",
    "narrow",
    "embedded",
    "recurrent",
    "attention",
    "images",
)


def outputs(keras, model):
    rng = np.random.default_rng(0)
    inputs = [rng.integers(0, 5, [2, *x.shape[1:]]).astype(x.dtype) for x in model.inputs]
    result = model(inputs[0] if len(inputs) == 1 else inputs)
    return [array(keras, x) for x in (result if isinstance(result, list | tuple) else [result])]


def array(keras, x):
    is_theirs = not isinstance(x, np.ndarray) or x.dtype == "bfloat16"
    return keras.ops.convert_to_numpy(keras.ops.cast(x, "float32")) if is_theirs else x.astype("float32")


@pytest.mark.parametrize("name", NAMES)
def test_what_either_writes_the_other_reads(keras, libraries, tmp_path, name):
    # In half precision a product with its bias is rounded once here, and twice there.
    error = 2e-2 if name == "narrow" else 1e-4
    theirs, ours = (MAKERS[name](k) for k in libraries)
    for model in (theirs, ours):
        draw_numbers(model)
        model.save(tmp_path / f"{type(model).__module__.partition('.')[0]}.keras")
    for model, other in (
        (ours, keras.models.load_model(tmp_path / "kcore_layers.keras")),
        (theirs, load_model(tmp_path / "keras.keras")),
    ):
        for found, expected in zip(outputs(keras, other), outputs(keras, model), strict=True):
            largest = max(1.0, float(np.abs(expected).max())) if name == "narrow" else 1.0
            np.testing.assert_allclose(found, expected, rtol=error, atol=error * largest)
        assert [v.shape for v in other.weights] == [v.shape for v in model.weights]


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("optimizer, kwargs", [("SGD", {"momentum": 0.9}), ("Adam", {"learning_rate": 0.1})])
def test_what_either_has_trained_the_other_goes_on_with(libraries, keras, tmp_path, optimizer, kwargs):
    theirs = compiled(keras.optimizers, libraries[0], optimizer, kwargs)
    ours = compiled(optimizers, libraries[1], optimizer, kwargs)
    x, y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")
    for model, load in ((theirs, load_model), (ours, keras.models.load_model)):
        model.fit(x, y, batch_size=4, epochs=2, verbose=0)
        model.save(tmp_path / "net.keras")
        other = load(tmp_path / "net.keras")
        histories = [m.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history for m in (model, other)]
        assert sorted(histories[0]) == sorted(histories[1])
        for key in histories[0]:
            np.testing.assert_allclose(histories[1][key], histories[0][key], rtol=1e-4)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_ops_in_models_are_read_with_all_their_arguments(keras, libraries, tmp_path, call):
    models = []
    for k, ops in zip(libraries, (keras.ops, kcore.ops), strict=True):
        x = k.Input((4, 3), batch_size=2)
        models.append(k.Model(x, call(ops, x)))
    for model, load in zip(models, (load_model, keras.models.load_model), strict=True):
        model.save(tmp_path / "net.keras")
        other = load(tmp_path / "net.keras")
        x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
        np.testing.assert_allclose(array(keras, other(x)), array(keras, model(x)), rtol=1e-5, atol=1e-5)


def test_a_model_that_is_not_built_goes_both_ways(keras, tmp_path):
    for one, other in ((kcore, keras), (keras, kcore)):
        model = one.Sequential([one.layers.Dense(4, activation="relu"), one.layers.Dropout(0.5)])
        with pytest.warns(UserWarning, match="not (yet )?b"):
            model.save(tmp_path / "net.keras")
        again = other.saving.load_model(tmp_path / "net.keras")
        assert not again.built
        assert tuple(again(np.ones((2, 3), "float32")).shape) == (2, 4)


def test_keras_reads_what_is_saved_without_the_optimizer(keras, tmp_path):
    model = kcore.Sequential([kcore.Input((3,)), kcore.layers.Dense(2)])
    model.compile("adam", "mse")
    model.save(tmp_path / "net.keras", include_optimizer=False)
    again = keras.saving.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
    assert int(again.optimizer.iterations) == 0


def words_layer(k):
    """A layer that writes its words to files, in the way of Keras."""

    class Words(k.Layer):
        def __init__(self, words=(), **kwargs):
            super().__init__(**kwargs)
            self.words = list(words)

        def call(self, x):
            return x

        def save_assets(self, dir_path):
            Path(dir_path, "words.txt").write_text("\n".join(self.words))
            Path(dir_path, "more").mkdir()
            Path(dir_path, "more", "count.bin").write_bytes(bytes([len(self.words)]))

        def load_assets(self, dir_path):
            assert sorted(os.listdir(dir_path)) == ["more", "words.txt"]
            self.words = Path(dir_path, "words.txt").read_text().split("\n")

    return Words


def with_words(k, words):
    inner = k.Sequential([k.Input((3,)), words("in"), k.layers.Dense(3), words("deep")])
    x = k.Input((4, 3))
    y = k.layers.TimeDistributed(inner)(words(["a", "b"])(x))
    return k.Model(x, k.layers.Bidirectional(k.layers.SimpleRNN(2))(words("c")(y)))


def all_words(model):
    return sorted(layer.words for layer in model._flatten_layers() if isinstance(getattr(layer, "words", None), list))


def test_what_layers_save_in_files_goes_along(keras, libraries, tmp_path):
    classes = [words_layer(k) for k in libraries]
    theirs, ours = (with_words(k, words) for k, words in zip(libraries, classes, strict=True))
    names = []
    for model, cls, load in (
        (ours, classes[0], keras.models.load_model), (theirs, classes[1], load_model),
    ):  # fmt: skip
        model.save(tmp_path / "net.keras")
        with zipfile.ZipFile(tmp_path / "net.keras") as archive:
            names.append(sorted(archive.namelist()))
        assert len(all_words(model)) == 4
        assert all_words(load(tmp_path / "net.keras", custom_objects={"Words": cls})) == all_words(model)
    assert names[0] == names[1]
    assert sum(name.endswith("words.txt") for name in names[0]) == 4


def test_what_either_writes_in_a_directory_the_other_reads(keras, libraries, tmp_path):
    classes = [words_layer(k) for k in libraries]
    theirs, ours = (with_words(k, words) for k, words in zip(libraries, classes, strict=True))
    ours.save(tmp_path / "ours", zipped=False)
    loaded = keras.models.load_model(tmp_path / "ours", custom_objects={"Words": classes[0]})
    assert all_words(loaded) == all_words(ours)
    theirs.save(tmp_path / "theirs", zipped=False)  # with a path from the root; else it loses what layers save in files
    for model, other in (
        (ours, loaded),
        (theirs, load_model(tmp_path / "theirs", custom_objects={"Words": classes[1]})),
    ):
        for found, expected in zip(outputs(keras, other), outputs(keras, model), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
