"""Options set between steps count from the next one, also where steps are compiled, or are refused."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.layers import BatchNormalization, Dense, Dropout
from kcore_layers.options import activations, regularizers
from kcore_ops.foundation.errors import ArgumentError
from kcore_train import optimizers
from kcore_train.callbacks import LambdaCallback
from kcore_train.losses import Loss
from kcore_train.metrics import Mean
from kcore_train.optimizers.schedules import ExponentialDecay, PiecewiseConstantDecay

pytestmark = pytest.mark.needs("gradient")

X = np.array([[1.0, 2.0], [3.0, -1.0]], "float32")
Y = np.array([[9.0], [-2.0]], "float32")


def linear(optimizer: Any, loss: Any = "mse", **arguments: Any) -> Any:
    model = Sequential([Input((2,)), Dense(1, kernel_initializer="ones", use_bias=False)])
    model.compile(optimizer, loss, **arguments)
    return model


def kernel(model: Model) -> Any:
    return np.array(model.get_weights()[0])


def step(model: Model) -> None:
    model.fit(X, Y, verbose=0)


SETTINGS = [
    ("SGD", {"weight_decay": 0.5}),
    ("SGD", {"clipnorm": 0.01}),
    ("SGD", {"clipvalue": 0.01}),
    ("SGD", {"global_clipnorm": 0.01}),
    ("SGD", {"nesterov": True}),
    ("SGD", {"momentum": 0.1}),
    ("SGD", {"learning_rate": np.float32(0.5)}),
    ("SGD", {"learning_rate": PiecewiseConstantDecay([0], [0.1, 0.5])}),
    ("Adam", {"beta_1": 0.1}),
    ("Adam", {"beta_2": np.float64(0.1)}),
    ("Adam", {"epsilon": 1.0}),
    ("RMSprop", {"rho": 0.1}),
    ("Lion", {"beta_1": 0.01}),
    ("Adagrad", {"epsilon": 10.0}),
]


@pytest.mark.parametrize(("name", "options"), SETTINGS, ids=[f"{n}-{next(iter(o))}" for n, o in SETTINGS])
def test_an_option_of_the_optimizer_set_between_two_fits_counts(backend, name, options):
    cls = getattr(optimizers, name)
    own = {"momentum": 0.9} if name == "SGD" else {}
    model, expected = (linear(cls(0.1, **own)) for _ in range(2))
    step(model), step(expected)
    state, weights = [v.numpy() for v in model.optimizer.variables], model.get_weights()
    for option, value in options.items():
        setattr(model.optimizer, option, value)
    step(model)
    # The same step by an optimizer that was made with the option.
    other = cls(**{"learning_rate": 0.1, **own, **options})
    expected.compile(other, "mse")
    other.build(expected.trainable_variables)
    kept = state if len(state) == len(other.variables) else [state[0], *state[2:]]
    other.set_weights(kept)
    if "learning_rate" in options and len(state) == len(other.variables):
        other.learning_rate = options["learning_rate"]
    expected.set_weights(weights)
    step(expected)
    np.testing.assert_allclose(kernel(model), kernel(expected), rtol=1e-5)
    assert np.abs(kernel(model) - weights[0]).max() > 0


def test_a_schedule_changed_in_place_counts_in_the_next_fit(backend):
    model = linear(optimizers.SGD(ExponentialDecay(0.1, 1, 1.0)))
    step(model)
    before = kernel(model)
    model.optimizer._learning_rate.initial_learning_rate = 0.0
    step(model)
    np.testing.assert_array_equal(kernel(model), before)


def test_an_option_of_an_optimizer_inside_another_counts(backend):
    model = linear(optimizers.LossScaleOptimizer(optimizers.SGD(0.1), initial_scale=2.0))
    step(model)
    before = kernel(model)
    model.optimizer.inner_optimizer.clipvalue = 1e-3
    step(model)
    np.testing.assert_allclose(np.abs(kernel(model) - before), 1e-4, rtol=1e-2)


def test_an_option_set_by_a_callback_counts_from_the_next_step(backend):
    model = linear(optimizers.SGD(0.1))
    seen = []

    def clip(batch, logs):
        model.optimizer.clipvalue = 1e-3
        seen.append(kernel(model))

    model.fit(np.tile(X, (2, 1)), np.tile(Y, (2, 1)), batch_size=2, shuffle=False, verbose=0,
              callbacks=[LambdaCallback(on_train_batch_end=clip)])  # fmt: skip
    np.testing.assert_allclose(np.abs(seen[1] - seen[0]), 1e-4, rtol=1e-2)


def test_an_option_set_between_two_calls_of_train_on_batch_counts(backend):
    model = linear(optimizers.SGD(0.1))
    model.train_on_batch(X, Y)
    before = kernel(model)
    model.optimizer.clipvalue = 1e-3
    model.train_on_batch(X, Y)
    np.testing.assert_allclose(np.abs(kernel(model) - before), 1e-4, rtol=1e-2)


def test_another_optimizer_set_on_the_model_takes_the_next_step(backend):
    model = linear(optimizers.SGD(0.1))
    step(model)
    before = kernel(model)
    model.optimizer = optimizers.SGD(0.0)
    step(model)
    np.testing.assert_array_equal(kernel(model), before)


def test_averages_turned_on_once_it_is_built_start_from_the_variables(backend):
    model = linear(optimizers.SGD(0.1, ema_momentum=0.5))
    step(model)
    first = kernel(model)
    model.optimizer.use_ema = True
    model.train_on_batch(X, Y)
    second = kernel(model)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    np.testing.assert_allclose(kernel(model), 0.5 * first + 0.5 * second, rtol=1e-5)
    assert np.abs(second - first).max() > 0


@pytest.mark.parametrize(
    ("make", "option", "value"),
    [
        (lambda **k: optimizers.SGD(0.1, **k), "momentum", 0.9),
        (lambda **k: optimizers.SGD(0.1, momentum=0.9, **{"nesterov": True, **k}), "nesterov", False),
        (lambda **k: optimizers.Adam(0.1, **k), "amsgrad", True),
        (lambda **k: optimizers.Adam(0.1, **{"amsgrad": True, **k}), "amsgrad", False),
        (lambda **k: optimizers.RMSprop(0.1, **k), "centered", True),
        (lambda **k: optimizers.RMSprop(0.1, **{"centered": True, "momentum": 0.5, **k}), "centered", False),
        (lambda **k: optimizers.RMSprop(0.1, **{"centered": True, "momentum": 0.5, **k}), "momentum", 0.0),
    ],
)
def test_an_option_that_needs_other_variables_counts_once_it_is_built(backend, make, option, value):
    optimizer, expected = make(), make(**{option: value})
    v, w = ops.Variable([1.0, 2.0]), ops.Variable([1.0, 2.0])
    optimizer.build([v]), expected.build([w])
    setattr(optimizer, option, value)
    for gradient in ([1.0, -3.0], [0.5, 1.0]):
        optimizer.apply([ops.convert_to_tensor(gradient)], [v])
        expected.apply([ops.convert_to_tensor(gradient)], [w])
    np.testing.assert_allclose(v.numpy(), w.numpy(), rtol=1e-6)


@pytest.mark.parametrize("before", [None, 2])
def test_steps_are_counted_by_the_number_it_was_built_with(backend, before):
    optimizer = optimizers.SGD(0.1, gradient_accumulation_steps=before)
    optimizer.build([ops.Variable([1.0])])
    with pytest.raises(ArgumentError, match="gradient_accumulation_steps can not become 4 once the optimizer is built"):
        optimizer.gradient_accumulation_steps = 4
    assert optimizer.gradient_accumulation_steps == before


def test_an_option_that_decides_over_variables_counts_until_it_is_built(backend):
    optimizer = optimizers.SGD(1.0)
    optimizer.momentum = 0.5
    v = ops.Variable([0.0])
    for _ in range(2):
        optimizer.apply([ops.convert_to_tensor([1.0])], [v])
    np.testing.assert_allclose(v.numpy(), [-2.5])


# Layers, losses, metrics.


class Scale(Layer):
    """Multiplies by an attribute of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = 1.0
        self.options = {"shift": 0.0}
        self._private = 0.0

    def call(self, x):
        return x * self.factor + self.options["shift"] + self._private


@pytest.mark.parametrize("name", ["factor", "_private"])
def test_an_attribute_of_a_layer_set_between_two_calls_counts(backend, name):
    layer = Scale()
    model = Sequential([Input((2,)), layer])
    model.compile("sgd", "mse")
    model.predict(X, verbose=0)
    setattr(layer, name, 3.0)
    expected = 3 * X if name == "factor" else X + 3
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-6)
    assert model.evaluate(X, expected, verbose=0) == pytest.approx(0.0, abs=1e-6)


def test_an_attribute_of_a_layer_set_between_two_steps_counts(backend):
    layer = Scale()
    model = Sequential([Input((2,)), layer, Dense(1, kernel_initializer="ones")])
    model.compile(optimizers.SGD(0.0), "mse")
    assert model.test_on_batch(X, X.sum(1)) == model.train_on_batch(X, X.sum(1)) == pytest.approx(0.0, abs=1e-6)
    layer.factor = 2.0
    wanted = pytest.approx(np.mean(X.sum(1) ** 2), rel=1e-5)
    assert model.test_on_batch(X, X.sum(1)) == wanted
    assert model.train_on_batch(X, X.sum(1)) == wanted


def test_an_attribute_of_a_model_set_by_a_callback_counts_from_the_next_step(backend):
    class Weighted(Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(1)
            self.weight = 1.0

        def call(self, x):
            return self.dense(x)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ops.sum(y_pred) * 0.0 + self.weight

    model, losses = Weighted(), []
    model.compile(optimizers.SGD(0.0))

    def anneal(batch, logs):
        losses.append(logs["loss"] * (batch + 1) - sum(losses))
        model.weight /= 2

    model.fit(np.tile(X, (3, 1)), np.tile(Y, (3, 1)), batch_size=2, verbose=0,
              callbacks=[LambdaCallback(on_train_batch_end=anneal)])  # fmt: skip
    np.testing.assert_allclose(losses, [1.0, 0.5, 0.25], rtol=1e-5)


def test_an_item_of_a_layer_s_attribute_counts(backend):
    layer = Scale()
    model = Sequential([Input((2,)), layer])
    model.predict(X, verbose=0)
    layer.options["shift"] = 2.0
    np.testing.assert_allclose(model.predict(X, verbose=0), X + 2, rtol=1e-6)


def test_the_rate_of_a_dropout_set_between_two_fits_counts(backend):
    model = Sequential([Input((2,)), Dropout(0.5), Dense(1, kernel_initializer="ones", use_bias=False)])
    model.compile(optimizers.SGD(0.0), "mse")
    x, y = np.ones((64, 2), "float32"), np.full((64, 1), 2.0, "float32")
    assert model.fit(x, y, batch_size=64, verbose=0).history["loss"][0] > 0.5
    model.layers[0].rate = 0.0
    assert model.fit(x, y, batch_size=64, verbose=0).history["loss"][0] == pytest.approx(0.0, abs=1e-6)


def test_the_momentum_of_a_normalization_set_between_two_fits_counts(backend):
    model = Sequential([Input((2,)), BatchNormalization(momentum=1.0)])
    model.compile(optimizers.SGD(0.0), "mse")
    model.fit(X, X, verbose=0)
    np.testing.assert_array_equal(model.layers[0].moving_mean.numpy(), [0.0, 0.0])
    model.layers[0].momentum = 0.0
    model.fit(X, X, verbose=0)
    np.testing.assert_allclose(model.layers[0].moving_mean.numpy(), X.mean(0), rtol=1e-5)


def test_an_activation_and_a_regularizer_set_between_two_evaluations_count(backend):
    model = linear(optimizers.SGD(0.0))
    plain = model.evaluate(X, Y, verbose=0)
    layer = model.layers[0]
    layer.activation = ops.relu
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(np.mean((np.maximum(X.sum(1), 0) - Y[:, 0]) ** 2), rel=1e-5)
    layer.activation = activations.linear
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(plain)
    layer.kernel.regularizer = regularizers.L2(0.5)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(plain + 1.0)
    layer.kernel.regularizer.l2 = 1.0
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(plain + 2.0)
    layer.activity_regularizer = regularizers.L1(1.0)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(plain + 2.0 + np.abs(X.sum(1)).sum() / 2)


def test_options_of_losses_and_metrics_set_between_two_evaluations_count(backend):
    class Scaled(Loss):
        factor = 1.0

        def call(self, y_true, y_pred):
            return y_true[:, 0] * self.factor

    class Shifted(Mean):
        shift = 0.0

        def update_state(self, y_true, y_pred, sample_weight=None):
            super().update_state(y_true + self.shift)

    loss, metric = Scaled(), Shifted(name="shifted")
    model = linear(optimizers.SGD(0.0), loss, metrics=[metric])
    assert model.evaluate(X, Y, verbose=0) == pytest.approx([3.5, 3.5])
    loss.factor, metric.shift = 2.0, 1.0
    assert model.evaluate(X, Y, verbose=0) == pytest.approx([7.0, 4.5])


def test_a_layer_that_counts_its_own_calls_is_compiled_once(backend):
    traced = []

    class Counting(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.calls = 0

        def call(self, x):
            self.calls += 1
            traced.append(1)
            return x * 2.0

    model = Sequential([Input((2,)), Counting()])
    model.compile(optimizers.SGD(0.0), "mse")
    model.fit(X, X, verbose=0)
    count = len(traced)
    model.fit(X, X, verbose=0)
    assert len(traced) - count <= 1  # where nothing is compiled, the step's own


def test_fits_without_a_change_compile_nothing(backend):
    model = linear(optimizers.Adam(0.1), metrics=["mae"])
    step(model)
    made = {kind: model.make_train_function() for kind in ("train",)}
    for _ in range(2):
        step(model)
        model.optimizer.learning_rate = 0.01
        model.evaluate(X, Y, verbose=0)
    assert model.make_train_function() is made["train"]
