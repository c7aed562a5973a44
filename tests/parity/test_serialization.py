"""What kcore writes Keras reads, and the other way round; and the functions so named agree."""

from __future__ import annotations

import json

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.options import activations, constraints, initializers, regularizers
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object

W = np.array([[1.0, -2.0, 0.25], [3.0, 4.0, 0.5], [0.0, 0.5, 0.75], [-0.3, 0.1, 0.0]], "float32")

OBJECTS = [
    (initializers, "Zeros", {}),
    (initializers, "Ones", {}),
    (initializers, "Constant", {"value": 2.5}),
    (initializers, "Constant", {"value": [1.0, 2.0, 3.0]}),
    (initializers, "Identity", {}),
    (initializers, "RandomNormal", {"mean": 1.0, "stddev": 0.5, "seed": 3}),
    (initializers, "RandomUniform", {"minval": -1.0, "maxval": 0.5, "seed": 3}),
    (initializers, "TruncatedNormal", {"mean": 1.0, "stddev": 0.5, "seed": 3}),
    (initializers, "VarianceScaling", {"scale": 2.0, "mode": "fan_avg", "distribution": "uniform", "seed": 3}),
    (initializers, "GlorotNormal", {"seed": 3}),
    (initializers, "GlorotUniform", {"seed": 3}),
    (initializers, "HeNormal", {"seed": 3}),
    (initializers, "HeUniform", {}),
    (initializers, "LecunNormal", {"seed": 3, "input_axes": [0], "output_axes": [1]}),
    (initializers, "LecunUniform", {"seed": 3}),
    (initializers, "Orthogonal", {"gain": 2.0, "seed": 3}),
    (initializers, "STFT", {"side": "imag", "window": "hamming", "scaling": "spectrum", "periodic": True}),
    (regularizers, "L1", {"l1": 0.25}),
    (regularizers, "L2", {"l2": 0.25}),
    (regularizers, "L1L2", {"l1": 0.25, "l2": 0.5}),
    (regularizers, "OrthogonalRegularizer", {"factor": 0.25, "mode": "rows"}),
    (constraints, "MaxNorm", {"max_value": 1.5, "axis": [0, 1]}),
    (constraints, "NonNeg", {}),
    (constraints, "UnitNorm", {"axis": 1}),
    (constraints, "MinMaxNorm", {"min_value": 0.5, "max_value": 1.5, "rate": 0.5, "axis": 1}),
]
BY_NAME = pytest.mark.parametrize("module, name, kwargs", OBJECTS, ids=[name for _, name, _ in OBJECTS])
ACTIVATIONS = [name for name in activations.__all__ if name not in ("get", "serialize", "deserialize", "threshold")]


def theirs(keras, module, name):
    return getattr(getattr(keras, module.__name__.rpartition(".")[2]), name)


@BY_NAME
def test_the_data_of_an_object_is_that_of_keras(keras, backend, module, name, kwargs):
    expected = keras.saving.serialize_keras_object(theirs(keras, module, name)(**kwargs))
    data = serialize_keras_object(getattr(module, name)(**kwargs))
    if name == "Identity":  # Keras forgets the gain
        assert data["config"].pop("gain") == 1.0
    assert json.loads(json.dumps(data)) == json.loads(json.dumps(expected))


@BY_NAME
def test_each_reads_what_the_other_writes(keras, backend, module, name, kwargs):
    data = json.loads(json.dumps(serialize_keras_object(getattr(module, name)(**kwargs))))
    assert type(keras.saving.deserialize_keras_object(data)) is theirs(keras, module, name)
    data = json.loads(json.dumps(keras.saving.serialize_keras_object(theirs(keras, module, name)(**kwargs))))
    loaded = deserialize_keras_object(data)
    assert type(loaded) is getattr(module, name)
    assert loaded.get_config() == getattr(module, name)(**kwargs).get_config()


def test_arrays_tensors_and_python_values_have_the_data_keras_gives_them(keras, backend):
    array = np.array([[1.0, 2.0]], "float32")
    values = [None, 1, 1.5, True, "a", [1, (2,)], {"a": {"b": 1}}, array, b"ab", slice(1, 2), Ellipsis]
    ours = serialize_keras_object([*values, ops.convert_to_tensor(array)])
    expected = keras.saving.serialize_keras_object([*values, keras.ops.convert_to_tensor(array)])
    expected_text = json.dumps(expected)
    if isinstance(array, backend.tensor_types):  # no telling one from the other: Keras then calls all tensors
        expected_text = expected_text.replace("__tensor__", "__numpy__")
    assert json.dumps(ours) == expected_text


def test_a_custom_class_and_a_custom_function_have_the_data_keras_gives_them(keras):
    from kcore_layers.serialization.objects import register_keras_serializable

    class Custom:
        def get_config(self):
            return {"a": 1}

    def function(x):
        return x

    assert serialize_keras_object([Custom(), function]) == keras.saving.serialize_keras_object([Custom(), function])
    for obj in (Custom, function):
        register_keras_serializable("parity", "Name")(obj)
        keras.saving.register_keras_serializable("parity", "Name")(obj)
    assert serialize_keras_object([Custom(), function]) == keras.saving.serialize_keras_object([Custom(), function])


@pytest.mark.parametrize("name", ["STFT", "Identity", "Constant", "Zeros", "Ones"])
def test_initializers_that_draw_nothing_agree(keras, backend, name):
    shape = (6, 1, 4) if name == "STFT" else (3, 4)
    kwargs = [{}] if name != "STFT" else [
        {"side": side, "scaling": scaling, "window": window, "periodic": periodic}
        for side in ("real", "imag") for scaling in (None, "density", "spectrum")
        for window in ("hann", "hamming", "blackman", "bartlett", "boxcar", None) for periodic in (False, True)
    ]  # fmt: skip
    for each in kwargs:
        expected = keras.ops.convert_to_numpy(getattr(keras.initializers, name)(**each)(shape))
        np.testing.assert_allclose(getattr(initializers, name)(**each)(shape), expected, atol=1e-6, err_msg=str(each))


@pytest.mark.parametrize("shape", [(300,), (40, 300), (3, 3, 20, 50), (30, 40, 50)])
@pytest.mark.parametrize("distribution", ["uniform", "truncated_normal", "untruncated_normal"])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
def test_variance_scaling_has_the_spread_keras_gives_it(keras, shape, distribution, mode):
    ours = initializers.VarianceScaling(2.0, mode, distribution, seed=1)(shape)
    made = keras.initializers.VarianceScaling(2.0, mode, distribution, seed=1)
    expected = keras.ops.convert_to_numpy(made(shape))
    tolerance = 6 / np.sqrt(2 * ours.size)  # six standard errors of either deviation
    assert abs(ours.std() / expected.std() - 1) < tolerance


@pytest.mark.parametrize("module, name, kwargs", [each for each in OBJECTS if each[0] is not initializers])
def test_regularizers_and_constraints_agree(keras, backend, module, name, kwargs):
    ours = getattr(module, name)(**kwargs)(ops.convert_to_tensor(W))
    expected = theirs(keras, module, name)(**kwargs)(keras.ops.convert_to_tensor(W))
    np.testing.assert_allclose(ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(expected), rtol=1e-5, atol=1e-6)


# Of a matrix, the rows that Keras's sparsemax gives do not sum to 1.
@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"sparsemax"}))
def test_activations_agree(keras, backend, name):
    x = np.linspace(-8, 8, 42, dtype="float32").reshape(6, 7)[:, :6].copy()
    ours = activations.get(name)(ops.convert_to_tensor(x))
    expected = keras.activations.get(name)(keras.ops.convert_to_tensor(x))
    np.testing.assert_allclose(ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(expected), rtol=2e-5, atol=2e-6)


# A negative threshold with a maximum is left out: with one, Keras gives 0 between the threshold and 0.
@pytest.mark.parametrize("slope, top, threshold", [(0.1, 2.0, 0.5), (0, 6.0, 0), (0, None, 1.0), (0.1, None, -2.0)])
def test_relus_agree(keras, backend, slope, top, threshold):
    x = np.linspace(-8, 8, 33, dtype="float32")
    ours = activations.relu(ops.convert_to_tensor(x), slope, top, threshold)
    expected = keras.activations.relu(keras.ops.convert_to_tensor(x), slope, top, threshold)
    np.testing.assert_allclose(ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(expected), rtol=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_saved_as_keras_saves_them(keras, name):
    function = getattr(activations, name)
    assert activations.serialize(function) == keras.activations.serialize(getattr(keras.activations, name))
    data = serialize_keras_object(function)
    assert data == keras.saving.serialize_keras_object(getattr(keras.activations, name))
    assert deserialize_keras_object(data) is function
