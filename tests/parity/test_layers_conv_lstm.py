"""Convolutional LSTMs against Keras: outputs and steps of training of the same weights on the same inputs."""

from __future__ import annotations

import kcore
import numpy as np
import pytest
from kcore_ops import tree

rng = np.random.default_rng(0)
ROWS, IMAGES, VOLUMES = ((2, 3, *size, 2) for size in ((7,), (6, 5), (4, 3, 4)))
CASES = {
    "rows": ("ConvLSTM1D", ROWS, dict(kernel_size=3, padding="same", return_sequences=True)),
    "rows with strides": ("ConvLSTM1D", ROWS, dict(kernel_size=2, strides=2, return_state=True)),
    "images": ("ConvLSTM2D", IMAGES, dict(kernel_size=(3, 2), return_sequences=True, return_state=True)),
    "other functions": (
        "ConvLSTM2D",
        IMAGES,
        dict(kernel_size=2, activation="relu", recurrent_activation="hard_sigmoid", use_bias=False),
    ),
    "strides": ("ConvLSTM2D", IMAGES, dict(kernel_size=3, strides=(2, 1), padding="same", return_state=True)),
    "dilation": ("ConvLSTM2D", IMAGES, dict(kernel_size=2, dilation_rate=2, go_backwards=True)),
    "backwards": ("ConvLSTM2D", IMAGES, dict(kernel_size=2, go_backwards=True, return_sequences=True)),
    "unrolled": ("ConvLSTM2D", IMAGES, dict(kernel_size=2, unroll=True, return_state=True)),
    "volumes": ("ConvLSTM3D", VOLUMES, dict(kernel_size=2, padding="same")),
}


def pair(keras, case, **more):
    """Make a layer of ours and one of Keras's with the same weights, and inputs."""
    name, shape, options = CASES[case]
    x = rng.normal(size=shape).astype("float32")
    ours, theirs = (getattr(k.layers, name)(3, **options, **more) for k in (kcore, keras))
    ours(x), theirs(x)
    weights = [rng.normal(size=w.shape).astype("float32") * 0.3 for w in theirs.weights]
    ours.set_weights(weights), theirs.set_weights(weights)
    return ours, theirs, x


def assert_equal(keras, ours, theirs):
    one = [np.asarray(kcore.ops.convert_to_numpy(x)) for x in tree.flatten(ours)]
    other = [np.asarray(keras.ops.convert_to_numpy(x)) for x in tree.flatten(list(theirs))]
    for actual, expected in zip(one, other, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def listed(outputs):
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


@pytest.mark.parametrize("case", CASES)
def test_outputs_are_those_of_keras(backend, keras, case):
    ours, theirs, x = pair(keras, case)
    assert_equal(keras, listed(ours(x)), listed(theirs(x)))
    assert [(w.path.split("/", 1)[1], w.shape) for w in ours.weights] == [
        (w.path.split("/", 1)[1], tuple(w.shape)) for w in theirs.weights
    ]


def test_initial_states_are_used_as_in_keras(backend, keras):
    ours, theirs, x = pair(keras, "images")
    states = [rng.normal(size=(2, 4, 4, 3)).astype("float32") for _ in range(2)]
    assert_equal(keras, listed(ours(x, initial_state=states)), listed(theirs(x, initial_state=states)))


def test_a_stateful_layer_goes_on_as_in_keras(backend, keras):
    ours, theirs, x = pair(keras, "strides", stateful=True)
    for each in (ours, theirs):
        each.reset_state()
    for _ in range(2):
        assert_equal(keras, listed(ours(x)), listed(theirs(x)))


@pytest.mark.parametrize("case", ["rows", "images", "volumes"])
def test_channels_come_first_as_in_keras(backend, keras, case):
    name, shape, options = CASES[case]
    x = np.moveaxis(rng.normal(size=shape).astype("float32"), -1, 2)
    ours, theirs = (getattr(k.layers, name)(3, data_format="channels_first", **options) for k in (kcore, keras))
    try:
        theirs(x)
    except Exception as error:
        assert "NHWC" in str(error) or "channels_last" in str(error) or "NDHWC" in str(error), error
        theirs = None  # TensorFlow's convolutions want channels last on a CPU: Keras passes that on
    ours(x)
    weights = [rng.normal(size=w.shape).astype("float32") * 0.3 for w in ours.weights]
    ours.set_weights(weights)
    last = getattr(kcore.layers, name)(3, data_format="channels_last", **options)
    last(np.moveaxis(x, 2, -1))
    last.set_weights(weights)
    axis = 2 if last.return_sequences else 1
    expected = np.moveaxis(kcore.ops.convert_to_numpy(listed(last(np.moveaxis(x, 2, -1)))[0]), -1, axis)
    np.testing.assert_allclose(kcore.ops.convert_to_numpy(listed(ours(x))[0]), expected, rtol=1e-5, atol=1e-5)
    if theirs is not None:
        theirs.set_weights(weights)
        assert_equal(keras, listed(ours(x)), listed(theirs(x)))


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("case", ["rows", "strides", "volumes"])
def test_steps_of_training_are_those_of_keras(backend, keras, case):
    name, shape, options = CASES[case]
    x = rng.normal(size=shape).astype("float32")
    models = []
    for k in (kcore, keras):
        layer = getattr(k.layers, name)(3, **{**options, "return_state": False})
        models.append(k.Sequential([k.Input(shape[1:]), layer, k.layers.Flatten(), k.layers.Dense(1)]))
        models[-1].compile(k.optimizers.SGD(0.1), "mse")
    ours, theirs = models
    ours.set_weights([np.asarray(keras.ops.convert_to_numpy(w)) for w in theirs.weights])
    for _ in range(2):
        for model in models:
            model.train_on_batch(x, np.ones((2, 1), "float32"))
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
