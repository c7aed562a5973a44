"""`compute_loss_and_updates`: what a step differentiates, as a pure function; and names kept for Keras's sake."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.layers import BatchNormalization, Dense
from kcore_ops.foundation.errors import ArgumentError
from kcore_train.optimizers import SGD, LossScaleOptimizer

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")


def net(optimizer=None):
    model = Sequential([Input((3,)), BatchNormalization(momentum=0.5), Dense(2, kernel_regularizer="l2")])
    model.compile(SGD(0.1) if optimizer is None else optimizer, "mse", metrics=["mae"])
    model.optimizer.build(model.trainable_variables)
    return model


def lists(model):
    return [
        [v.value for v in each]
        for each in (model.trainable_variables, model.non_trainable_variables, model.metrics_variables)
    ]


def array(x):
    return np.asarray(ops.convert_to_numpy(x))


def test_it_gives_the_loss_with_what_layers_add_and_changes_nothing(backend):
    model = net()
    before = [v.numpy() for v in model.variables]
    loss, (unscaled, y_pred, others, metrics) = model.compute_loss_and_updates(*lists(model), X, Y, None)
    kernel = model.layers[-1].kernel.numpy()
    np.testing.assert_allclose(array(y_pred), model.predict(X, verbose=0), rtol=1e-5)
    expected = np.mean((array(y_pred) - Y) ** 2) + 0.01 * np.sum(kernel**2)
    np.testing.assert_allclose([array(loss), array(unscaled)], expected, rtol=1e-5)
    assert [array(v).sum() for v in metrics] == [v.numpy().sum() for v in model.metrics_variables]
    assert [array(v).tolist() for v in others] == [v.numpy().tolist() for v in model.non_trainable_variables]
    assert all((v.numpy() == old).all() for v, old in zip(model.variables, before, strict=True))


def test_training_gives_the_averages_of_layers_as_they_are_afterwards(backend):
    model = net()
    _, (_, _, others, _) = model.compute_loss_and_updates(*lists(model), X, Y, None, training=True)
    np.testing.assert_allclose(array(others[0]), 0.5 * X.mean(0), rtol=1e-5, atol=1e-6)
    assert (model.non_trainable_variables[0].numpy() == 0).all()


@pytest.mark.parametrize("is_given", [False, True])
def test_training_scales_the_loss_as_the_optimizer_wants_it(backend, is_given):
    model = net(LossScaleOptimizer(SGD(0.1), initial_scale=8.0))
    state = [v.value for v in model.optimizer.variables]
    places = [i for i, v in enumerate(model.optimizer.variables) if v.name == "dynamic_scale"]
    if is_given:
        state[places[0]] = state[places[0]] * 2
    arguments = {"training": True, "optimizer_variables": state if is_given else None}
    loss, (unscaled, *_) = model.compute_loss_and_updates(*lists(model), X, Y, None, **arguments)
    np.testing.assert_allclose(array(loss) / array(unscaled), 16.0 if is_given else 8.0, rtol=1e-6)


@pytest.mark.needs("gradient")
def test_a_loop_of_ones_own_with_it_goes_where_fit_goes(backend):
    own, fitted = net(), net()
    fitted.set_weights(own.get_weights())
    fitted.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    trainable, others, metrics = lists(own)
    state = [v.value for v in own.optimizer.variables]
    differentiated = ops.value_and_grad(own.compute_loss_and_updates, has_aux=True)
    for _ in range(3):
        x, y = ops.convert_to_tensor(X), ops.convert_to_tensor(Y)
        (_, (_, _, others, _)), gradients = differentiated(trainable, others, metrics, x, y, None, True, state)
        trainable, state = own.optimizer.stateless_apply(state, gradients, trainable)
    for found, expected in zip(trainable, fitted.trainable_variables, strict=True):
        np.testing.assert_allclose(array(found), expected.numpy(), rtol=1e-4, atol=1e-6)
    for found, expected in zip(others, fitted.non_trainable_variables, strict=True):
        np.testing.assert_allclose(array(found), expected.numpy(), rtol=1e-4, atol=1e-6)


def test_a_model_that_is_not_compiled_says_so(backend):
    model = Sequential([Input((3,)), Dense(2)])
    with pytest.raises(ArgumentError, match="(?s)compute_loss_and_updates.*not compiled"):
        model.compute_loss_and_updates([], [], [], X, Y, None)


def test_there_is_nothing_to_bring_up_to_date(backend):
    model = net()
    before = model.get_weights()
    assert model.jax_state_sync() is None
    assert all((one == other).all() for one, other in zip(model.get_weights(), before, strict=True))


def test_add_metric_says_what_to_do(backend):
    with pytest.raises(NotImplementedError, match=r"(?s)layer \"d\".*add_metric is gone.*compile\(metrics="):
        Dense(2, name="d").add_metric("loss", name="loss")
