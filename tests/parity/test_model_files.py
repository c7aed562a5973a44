"""Files of whole models: Keras reads what kcore writes, and the other way round."""

from __future__ import annotations

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
    theirs, ours = (MAKERS[name](k) for k in libraries)
    for model in (theirs, ours):
        draw_numbers(model)
        model.save(tmp_path / f"{type(model).__module__.partition('.')[0]}.keras")
    for model, other in (
        (ours, keras.models.load_model(tmp_path / "kcore_layers.keras")),
        (theirs, load_model(tmp_path / "keras.keras")),
    ):
        for found, expected in zip(outputs(keras, other), outputs(keras, model), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
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
