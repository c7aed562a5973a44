"""Layers that compute again in the backward pass what they would have remembered."""

from __future__ import annotations

import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Model, Operation, RematScope, Sequential, remat
from kcore_layers.base.masking import get_mask
from kcore_layers.base.random_seed import set_random_seed
from kcore_layers.layers import LSTM, Activation, BatchNormalization, Dense, Dropout, Masking, Softmax
from kcore_ops.foundation.errors import ArgumentError

rng = np.random.default_rng(0)
X = rng.normal(size=(4, 3, 2)).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


def model():
    set_random_seed(3)
    inputs = Input((3, 2))
    x = LSTM(4, name="lstm")(inputs)
    x = Dense(3, activation="tanh", activity_regularizer="l2", name="dense")(x)
    x = BatchNormalization(name="norm")(x)
    x = Dropout(0.5, seed=1, name="drop")(x)
    return Model(inputs, Dense(1, kernel_regularizer="l2", name="last")(x))


class Squared(Operation):
    def call(self, x):
        return x * x


def gradients(found, training=True):
    """Loss, outputs and gradients of a pure function of the model's state, and the state after it."""
    trained = [v.value for v in found.trainable_variables]
    rest = [v.value for v in found.non_trainable_variables]

    def loss(trained, x):
        outputs, after, losses = found.stateless_call(trained, rest, x, training=training, return_losses=True)
        return ops.sum(ops.square(outputs)) + sum(losses), (outputs, after)

    (value, (outputs, after)), grads = ops.value_and_grad(loss, (0, 1), has_aux=True)(trained, ops.convert_to_tensor(X))
    return [numpy(leaf) for leaf in ops.tree.flatten([value, outputs, after, grads])]


MODES = {
    "full": {},
    "activations": {"mode": "activations"},
    "larger_than": {"mode": "larger_than", "output_size_threshold": 12},
    "list_of_layers": {"mode": "list_of_layers", "layer_names": ["lstm", "norm", "drop"]},
}


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("mode", MODES)
def test_outputs_gradients_losses_and_state_are_as_without(backend, mode):
    expected = gradients(model())
    with RematScope(**MODES[mode]):
        found = model()
    for own, other in zip(gradients(found), expected, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-5)


@pytest.mark.needs("gradient")
def test_training_is_as_without(backend):
    histories, weights = [], []
    for mode in (None, "full"):
        with RematScope(mode):
            found = model()
        found.compile("sgd", "mse")
        histories.append(found.fit(X, X[:, 0, :1], epochs=2, batch_size=4, shuffle=False, verbose=0).history["loss"])
        weights.append([v.numpy() for v in found.variables])
    np.testing.assert_allclose(histories[1], histories[0], rtol=1e-4)
    for own, other in zip(*weights, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-3, atol=1e-5)


@pytest.mark.needs("gradient")
def test_masks_and_losses_come_out_of_functions(backend):
    mask, dense = Masking(), Dense(2, activity_regularizer="l2", kernel_initializer="ones")
    x = ops.concatenate([ops.convert_to_tensor(X), ops.zeros((4, 1, 2))], axis=1)
    y = remat(lambda x, layer: layer(mask(x)))(x, layer=dense)
    np.testing.assert_array_equal(numpy(get_mask(y)), np.tile([True, True, True, False], (4, 1)))
    np.testing.assert_allclose(numpy(dense.losses[0]), 0.01 * np.sum(numpy(y) ** 2) / 4, rtol=1e-5)
    plain = LSTM(2)
    expected = plain(mask(x))
    with RematScope():
        again = LSTM(2)
    again.build((4, 4, 2))
    again.set_weights(plain.get_weights())
    np.testing.assert_allclose(numpy(again(mask(x))), numpy(expected), rtol=1e-6)


@pytest.mark.only("torch")
def test_a_scope_says_which_calls_of_layers_made_in_it_are_computed_again(backend):
    def again(layer, x=None):
        layer.build((8, 4))
        return layer.rematerialized_call(layer.call, np.ones((8, 4), "float32")) != layer.call

    assert not again(Dense(2))
    with RematScope():
        assert again(Dense(2))
        with RematScope(None):
            assert not again(Dense(2))
        assert again(Softmax())
    for threshold, expected in ((15, True), (16, False)):
        with RematScope("larger_than", output_size_threshold=threshold):
            assert again(Dense(2)) is expected
    with RematScope("list_of_layers", layer_names=["named"]):
        assert again(Dense(2, name="named"))
        assert not again(Dense(2, name="other"))
    with RematScope("full") as scope:
        layer, operation = Dense(2), Squared()
    assert operation.rematerialized_call(operation.call) != operation.call
    np.testing.assert_array_equal(numpy(operation(ops.convert_to_tensor([3.0]))), [9.0])
    assert (scope.mode, scope.output_size_threshold, scope.layer_names) == ("full", 1024, [])
    assert again(pickle.loads(pickle.dumps(layer)))
    assert not again(Dense.from_config(layer.get_config()))


@pytest.mark.only("torch")
def test_an_activation_is_computed_again_and_stays_the_layers_own(backend):
    def function(x):
        runs.append(1)
        return ops.tanh(x)

    runs = []
    with RematScope("activations"):
        model = Sequential([Dense(2, activation=function), Activation(function)])
    x = ops.convert_to_tensor(X)
    model(x)
    runs.clear()
    ops.sum(model(x)).backward()
    assert len(runs) == 4
    assert model.layers[0].activation is function
    assert model.layers[0].kernel.value.grad is not None


@pytest.mark.only("numpy")
def test_scopes_that_say_nothing_are_refused():
    with pytest.raises(
        ArgumentError, match="mode is 'some'\n  fix: use one of 'full', 'activations', 'larger_than', 'l"
    ):
        RematScope("some")
    with pytest.raises(
        ArgumentError, match="output_size_threshold is '1'\n  fix: pass a number of elements, an integer"
    ):
        RematScope("larger_than", output_size_threshold="1")
    with pytest.raises(ArgumentError, match="layer_names is 'dense'\n  fix: pass a list of names of layers"):
        RematScope("list_of_layers", layer_names="dense")
    with RematScope():
        layer = Dense(2, kernel_initializer="ones")
    np.testing.assert_array_equal(layer(np.ones((1, 2), "float32")), [[2, 2]])
    np.testing.assert_array_equal(remat(lambda x: x + 1)(np.ones(2)), [2, 2])
