"""Training in float8 beside Keras's: policies, variables, steps, and files both ways. Torch's Keras computes it too."""

from __future__ import annotations

import kcore
import numpy as np
import pytest


def network(module, use_bias):
    layers = module.layers
    axes = (lambda letters: letters) if use_bias else (lambda letters: None)
    return module.Sequential(
        [
            module.Input((5, 8)),
            layers.Dense(16, activation="relu", use_bias=use_bias),
            layers.EinsumDense("abc,cde->abde", (5, 4, 4), bias_axes=axes("de")),
            layers.EinsumDense("abde,def->abf", (5, 2), bias_axes=axes("f")),
        ]
    )


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(64, 5, 8)).astype("float32"), rng.normal(size=(64, 5, 2)).astype("float32")


def pair(keras, use_bias):
    theirs, ours = network(keras, use_bias), network(kcore, use_bias)
    ours.set_weights(theirs.get_weights())
    for module, model in ((keras, theirs), (kcore, ours)):
        model.quantize("float8")
        model.compile(module.optimizers.SGD(0.1), "mse")
    return theirs, ours


def numbers(model):
    return {v.path.partition("/")[2]: np.asarray(kcore.ops.convert_to_numpy(v)) for v in model.weights}


@pytest.mark.filterwarnings("ignore:Layer InputLayer does not have")
@pytest.mark.parametrize(("use_bias", "error"), [(False, 1e-6), (True, 1e-3)])  # Keras rounds biases to bfloat16
def test_steps_of_training_are_keras_s(keras, backend, data, use_bias, error):
    theirs, ours = pair(keras, use_bias)
    for _ in range(6):
        losses = [float(model.train_on_batch(*data)) for model in (theirs, ours)]
        assert losses[0] == pytest.approx(losses[1], rel=error)
    assert [tuple(v.shape) for v in ours.layers[0].weights] == [tuple(v.shape) for v in theirs.layers[0].weights]
    for one, other in zip(ours.weights, theirs.weights, strict=True):
        assert one.name == other.name and one.overwrite_with_gradient == other.overwrite_with_gradient
        np.testing.assert_allclose(one.numpy(), other.value.detach().numpy(), rtol=error, atol=error)
    slots = [[v.name for v in model.optimizer.variables] for model in (theirs, ours)]
    assert slots[0] == slots[1]


@pytest.mark.filterwarnings("ignore:Layer InputLayer does not have")
def test_files_go_both_ways(keras, backend, data, tmp_path):
    theirs, ours = pair(keras, False)
    for model in (theirs, ours):
        for _ in range(3):
            model.train_on_batch(*data)
    theirs.save(tmp_path / "theirs.keras")
    ours.save(tmp_path / "ours.keras")
    x = data[0]
    read = kcore.saving.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(read.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-6)
    again = keras.saving.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), ours.predict(x, verbose=0), atol=1e-6)
    assert float(read.train_on_batch(*data)) == pytest.approx(float(theirs.train_on_batch(*data)), rel=1e-6)


def test_policies_and_configs_are_keras_s(keras):
    for arguments in (("float8",), ("float8", "mixed_bfloat16", 4)):
        theirs, ours = (m.dtype_policies.QuantizedFloat8DTypePolicy(*arguments) for m in (keras, kcore))
        assert theirs.get_config() == ours.get_config() and theirs.name == ours.name
        assert keras.dtype_policies.serialize(theirs) == kcore.dtype_policies.serialize(ours)
    configs = [m.quantizers.Float8QuantizationConfig() for m in (keras, kcore)]
    assert configs[0].get_config() == configs[1].get_config() and configs[0].mode == configs[1].mode
