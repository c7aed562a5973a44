"""Whatever variable a step reads has its value of that step, and what is assigned in a step stays: also where steps are
compiled, and whoever holds the variable."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.layers import Dense
from kcore_ops import Variable
from kcore_train.losses import Loss
from kcore_train.optimizers import SGD, Adam, LossScaleOptimizer
from kcore_train.optimizers.schedules import ExponentialDecay

pytestmark = pytest.mark.needs("gradient")

rng = np.random.default_rng(3)
X = rng.normal(size=(16, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


def linear(optimizer: Any, loss: Any = "mse", cls: Any = Sequential, **arguments: Any) -> Any:
    model = cls([Input((3,)), Dense(1, kernel_initializer="zeros", use_bias=False)])
    model.compile(optimizer, loss, **arguments)
    return model


def fit(model: Model, **arguments: Any) -> Any:
    return model.fit(X, Y, **{"batch_size": 4, "shuffle": False, "verbose": 0, **arguments}).history


class TestWhatTheLossReads:
    def test_a_loss_scale_that_grows_changes_no_step(self, backend):
        plain, scaled = linear(SGD(0.05)), linear(
            LossScaleOptimizer(SGD(0.05), initial_scale=8.0, dynamic_growth_steps=2)
        )  # fmt: skip
        fit(plain), fit(scaled)
        np.testing.assert_allclose(scaled.get_weights()[0], plain.get_weights()[0], rtol=1e-5)
        assert float(scaled.optimizer.dynamic_scale.numpy()) == 32.0

    @pytest.mark.parametrize("read", ["iterations", "learning_rate", "schedule"])
    def test_the_optimizer_s_state_is_that_of_the_step(self, backend, read):
        class Model(Sequential):
            def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
                state = self.optimizer.iterations if read == "iterations" else self.optimizer.learning_rate
                return ops.sum(y_pred) * 0.0 + ops.cast(state, "float32")

        rate = ExponentialDecay(1.0, 1, 0.5) if read == "schedule" else 1.0
        model = linear(SGD(rate), cls=Model)
        found = []
        for i in range(3):
            if read == "learning_rate":
                model.optimizer.learning_rate = 0.5**i
            found.append(model.train_on_batch(X, Y))
        assert found == ([0.0, 1.0, 2.0] if read == "iterations" else [1.0, 0.5, 0.25])

    def test_a_variable_of_a_loss_is_read_and_assigned_to(self, backend):
        class Counting(Loss):
            def __init__(self) -> None:
                super().__init__()
                self.seen = Variable(0.0, trainable=False)

            def call(self, y_true, y_pred):
                self.seen.assign(self.seen + 1.0)
                return ops.sum(y_pred * 0.0, axis=-1) + self.seen

        loss = Counting()
        model = linear(SGD(0.1), loss)
        assert fit(model, batch_size=8)["loss"] == [1.5]
        assert float(loss.seen.numpy()) == 2.0
        loss.seen.assign(10.0)
        assert model.train_on_batch(X, Y) == 11.0
        assert model.test_on_batch(X, Y) == 12.0

    def test_a_variable_that_a_layer_does_not_know_is_read_and_assigned_to(self, backend):
        seen = Variable(1.0, trainable=False)

        class Outside(Layer):
            def call(self, x):
                seen.assign(seen * 2.0)
                return x * seen

        model = Sequential([Input((3,)), Outside()])
        model.compile(SGD(0.1), "mse")
        start = float(seen.numpy())
        for i in (1, 2, 3):
            np.testing.assert_allclose(model.predict(X, verbose=0, batch_size=16), X * start * 2.0**i, rtol=1e-6)
        seen.assign(0.5)
        np.testing.assert_allclose(model.predict(X, verbose=0, batch_size=16), X, rtol=1e-6)


class TestWhatMetricsRead:
    def test_a_metric_of_the_learning_rate_is_live_in_training_and_evaluation(self, backend):
        optimizer = SGD(1.0)

        def rate(y_true, y_pred):
            return ops.cast(optimizer.learning_rate, "float32") + ops.zeros_like(y_pred[:, 0])

        model = linear(optimizer, metrics=[rate])
        for value in (1.0, 0.5, 0.25):
            optimizer.learning_rate = value
            assert model.train_on_batch(X, Y, return_dict=True)["rate"] == value
            assert model.evaluate(X, Y, verbose=0, return_dict=True)["rate"] == value

    def test_metrics_see_the_weights_after_the_update(self, backend):
        class Model(Sequential):
            def compute_metrics(self, x, y, y_pred, sample_weight=None):
                self.size.assign(ops.sum(ops.abs(self.layers[0].kernel)))
                return super().compute_metrics(x, y, y_pred, sample_weight)

        model = linear(SGD(0.1), cls=Model)
        model.size = Variable(0.0, trainable=False)
        for _ in range(2):
            model.train_on_batch(X, Y)
            assert float(model.size.numpy()) == pytest.approx(np.abs(model.get_weights()[0]).sum(), rel=1e-5)

    def test_results_that_read_a_variable_read_it_as_it_is(self, backend):
        factor = Variable(1.0, trainable=False)

        class Model(Sequential):
            def get_metrics_result(self):
                return {"scaled": super().get_metrics_result()["loss"] * factor}

        model = linear(SGD(0.0), cls=Model)
        first = model.train_on_batch(X, Y, return_dict=True)["scaled"]
        factor.assign(3.0)
        assert model.train_on_batch(X, Y, return_dict=True)["scaled"] == pytest.approx(3 * first)


def test_variables_that_come_and_go_in_a_step_are_no_inputs_of_it(backend):
    if "mutable_state" in backend.capabilities:
        pytest.skip("where variables change in place a step has no inputs to find")
    traced = []

    class Passing(Layer):
        def call(self, x):
            traced.append(1)
            return x * Variable(2.0, trainable=False)

    model = Sequential([Input((3,)), Passing()])
    model.compile(SGD(0.1), "mse")
    model.predict(X, verbose=0)
    count = len(traced)
    np.testing.assert_allclose(model.predict(X, verbose=0), 2 * X, rtol=1e-6)
    assert len(traced) == count


def test_compile_by_name_scales_the_loss_of_a_model_in_float16_and_learns(backend):
    from kcore_ops.dtype_policies import dtype_policy, set_dtype_policy

    before = dtype_policy()
    set_dtype_policy("mixed_float16")
    try:
        model = Sequential([Input((3,)), Dense(8, activation="relu"), Dense(1, dtype="float32")])
        model.compile("adam", "mse")
    finally:
        set_dtype_policy(before)
    assert isinstance(model.optimizer, LossScaleOptimizer) and isinstance(model.optimizer.inner_optimizer, Adam)
    model.optimizer.learning_rate = 0.05
    losses = fit(model, epochs=8)["loss"]
    assert losses[-1] < 0.5 * losses[0]
