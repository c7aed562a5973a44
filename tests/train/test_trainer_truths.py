"""What must hold of training whatever the framework: nothing stale, nothing leaked, nothing compiled twice."""

from __future__ import annotations

import gc
import os
import sys
import weakref
from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.base.random_seed import set_random_seed
from kcore_layers.layers import BatchNormalization, Dense, Dropout
from kcore_train.callbacks import Callback, LambdaCallback
from kcore_train.metrics import Mean
from kcore_train.optimizers import SGD, Adam

pytestmark = pytest.mark.needs("gradient")

rng = np.random.default_rng(0)
X = rng.normal(size=(20, 3)).astype("float32")
Y = rng.normal(size=(20, 1)).astype("float32")


def linear(**arguments: Any) -> Sequential:
    model = Sequential([Input((3,)), Dense(1, kernel_initializer="ones")])
    model.compile(**{"optimizer": SGD(0.1), "loss": "mse", **arguments})
    return model


def two_layers(**arguments: Any) -> Sequential:
    set_random_seed(0)
    model = Sequential(
        [Input((3,)), Dense(4, name="first"), BatchNormalization(name="norm"), Dense(1, name="last")], name="two_layers"
    )
    model.compile(**{"optimizer": Adam(0.01), "loss": "mse", **arguments})
    return model


def fit(model: Model, **arguments: Any) -> dict[str, list[float]]:
    return model.fit(X, Y, **{"batch_size": 4, "shuffle": False, "verbose": 0, **arguments}).history


def values_of(layer: Layer) -> list[np.ndarray[Any, Any]]:
    return [np.array(value) for value in layer.get_weights()]


def assert_same(found: list[Any], expected: list[Any]) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


class TestWhatACallbackChanges:
    def test_weights_set_after_a_batch_are_those_of_the_next_step(self, backend):
        class BackToOnes(Callback):
            def on_train_batch_end(self, batch, logs=None):
                self.model.set_weights([np.ones((3, 1)), np.zeros(1)])

        model = linear()
        history = fit(model, callbacks=[BackToOnes()])
        assert history["loss"] == pytest.approx([np.mean((X.sum(1) - Y[:, 0]) ** 2)], rel=1e-5)
        np.testing.assert_array_equal(model.get_weights()[0], np.ones((3, 1)))

    def test_a_single_variable_assigned_before_a_batch_counts(self, backend):
        seen = []

        def assign(batch, logs):
            model.layers[0].kernel.assign(np.full((3, 1), float(batch)))

        model = linear(optimizer=SGD(0.0))

        def note(batch, logs):
            seen.append(logs["loss"])

        fit(model, callbacks=[LambdaCallback(on_train_batch_begin=assign, on_train_batch_end=note)])
        each = [np.mean((i * X[4 * i : 4 * i + 4].sum(1) - Y[4 * i : 4 * i + 4, 0]) ** 2) for i in range(5)]
        np.testing.assert_allclose(seen, np.cumsum(each) / np.arange(1, 6), rtol=1e-5)

    def test_a_learning_rate_set_after_a_batch_is_that_of_the_next_step(self, backend):
        weights = []

        def stop_learning(batch, logs):
            model.optimizer.learning_rate = 0.0
            weights.append(values_of(model))

        model = linear()
        fit(model, callbacks=[LambdaCallback(on_train_batch_end=stop_learning)])
        assert np.abs(weights[0][0] - 1.0).max() > 1e-3
        assert_same(weights[-1], weights[0])

    def test_what_a_callback_sees_is_up_to_date(self, backend):
        seen = []
        model = linear()
        fit(model, callbacks=[LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(values_of(model)[0]))])
        assert len({value.tobytes() for value in seen}) == 5
        np.testing.assert_array_equal(seen[-1], model.get_weights()[0])


class TestMetricsInside:
    class Counting(Layer):
        """Holds a metric of the mean of what passes."""

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.mean = Mean(name="mean_of_inputs")

        def call(self, x):
            self.mean.update_state(x)
            return x

    class Holding(Model):
        """Holds a metric itself, beside a layer with one."""

        def __init__(self) -> None:
            super().__init__()
            self.counting = TestMetricsInside.Counting()
            self.dense = Dense(1)
            self.mean = Mean(name="mean_of_outputs")

        def call(self, x):
            outputs = self.dense(self.counting(x))
            self.mean.update_state(outputs)
            return outputs

    def test_are_updated_with_each_batch_and_start_anew_each_epoch(self, backend):
        model = self.Holding()
        model.compile(SGD(0.0), "mse")
        history = fit(model, epochs=3, batch_size=5, validation_data=(X[:10], Y[:10]))
        assert list(history)[:3] == ["loss", "mean_of_outputs", "mean_of_inputs"]
        np.testing.assert_allclose(history["mean_of_inputs"], [X.mean()] * 3, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(history["val_mean_of_inputs"], [X[:10].mean()] * 3, rtol=1e-4, atol=1e-6)
        outputs = model.predict(X, verbose=0)
        np.testing.assert_allclose(history["mean_of_outputs"], [outputs.mean()] * 3, rtol=1e-4, atol=1e-6)


class TestFreezing:
    def test_a_layer_frozen_after_compile_keeps_its_bits(self, backend):
        model = two_layers()
        model.get_layer("first").trainable = False
        before = values_of(model.get_layer("first")), values_of(model.get_layer("last"))
        fit(model, epochs=2)
        assert_same(values_of(model.get_layer("first")), before[0])
        assert np.any(values_of(model.get_layer("last"))[0] != before[1][0])

    def test_a_layer_frozen_between_fits_keeps_its_bits_and_learns_again_when_it_may(self, backend):
        model = two_layers()
        first, last = model.get_layer("first"), model.get_layer("last")
        fit(model)
        first.trainable = False
        frozen, learning = values_of(first), values_of(last)
        fit(model)
        assert_same(values_of(first), frozen)
        assert np.any(values_of(last)[0] != learning[0])
        first.trainable = True
        fit(model)
        assert np.any(values_of(first)[0] != frozen[0])

    def test_a_layer_frozen_by_a_callback_keeps_its_bits_from_the_next_step(self, backend):
        model = two_layers()
        first = model.get_layer("first")
        seen = []

        def freeze(batch, logs):
            if batch == 1:
                first.trainable = False
            seen.append(values_of(first)[0])

        fit(model, callbacks=[LambdaCallback(on_train_batch_end=freeze)])
        assert np.any(seen[1] != seen[0])
        assert_same(seen[2:], [seen[1]] * 3)

    def test_a_frozen_batch_normalization_keeps_its_statistics(self, backend):
        model = two_layers()
        norm = model.get_layer("norm")
        fit(model)
        norm.trainable = False
        before = values_of(norm)
        fit(model)
        assert_same(values_of(norm), before)
        norm.trainable = True
        fit(model)
        assert all(np.any(a != b) for a, b in zip(values_of(norm), before, strict=True))

    def test_layers_unfrozen_after_training_are_trained_too(self, backend):
        model = two_layers()
        model.get_layer("first").trainable = False
        fit(model)
        model.get_layer("first").trainable = True
        before = values_of(model.get_layer("first"))
        fit(model)
        after = values_of(model.get_layer("first"))
        assert all(np.any(a != b) for a, b in zip(after, before, strict=True))

    def test_layers_unfrozen_by_a_callback_are_trained_from_the_next_step(self, backend):
        model = two_layers()
        first = model.get_layer("first")
        first.trainable = False

        def unfreeze(epoch, logs):
            first.trainable = True

        before = values_of(first)
        fit(model, epochs=2, callbacks=[LambdaCallback(on_epoch_end=unfreeze)])
        assert all(np.any(a != b) for a, b in zip(values_of(first), before, strict=True))

    def test_a_wholly_frozen_model_only_measures(self, backend):
        model = linear()
        model.trainable = False
        with pytest.warns(UserWarning, match="the model has nothing to train; set trainable = True on a layer"):
            history = fit(model)
        assert history["loss"] == pytest.approx([np.mean((X.sum(1) - Y[:, 0]) ** 2)], rel=1e-5)
        np.testing.assert_array_equal(model.get_weights()[0], np.ones((3, 1)))


class TestRandomness:
    def noisy(self) -> tuple[Sequential, Dropout]:
        dropout = Dropout(0.5)
        model = Sequential([Input((50,)), dropout, Dense(1, kernel_initializer="ones")])
        model.compile(SGD(0.0), "mse")
        return model, dropout

    @pytest.mark.parametrize("options", [{}, {"run_eagerly": True}], ids=str)
    def test_masks_differ_from_step_to_step(self, backend, options):
        set_random_seed(0)
        model, dropout = self.noisy()
        model.run_eagerly = options.get("run_eagerly", False)
        before = dropout.seed_generator.state.numpy()
        x, y = np.ones((8, 50), "float32"), np.zeros((8, 1), "float32")
        losses = [model.train_on_batch(x, y) for _ in range(5)]
        assert len(set(losses)) == 5
        assert np.any(dropout.seed_generator.state.numpy() != before)

    def test_masks_differ_from_step_to_step_within_one_execution(self, backend):
        set_random_seed(0)
        model, _ = self.noisy()
        model.compile(SGD(0.0), "mse", steps_per_execution=4)
        x, y = np.ones((4, 50), "float32"), np.zeros((4, 1), "float32")
        (four,) = model.fit(x, y, batch_size=1, verbose=0).history["loss"]
        set_random_seed(0)
        other, _ = self.noisy()
        (one,) = other.fit(x, y, batch_size=1, verbose=0).history["loss"]
        assert four == pytest.approx(one, rel=1e-5)

    def test_evaluation_draws_nothing(self, backend):
        model, dropout = self.noisy()
        before = dropout.seed_generator.state.numpy()
        model.evaluate(np.ones((8, 50), "float32"), np.zeros((8, 1), "float32"), verbose=0)
        np.testing.assert_array_equal(dropout.seed_generator.state.numpy(), before)

    def test_one_seed_gives_one_history(self, backend):
        def history():
            set_random_seed(7)
            model = Sequential([Input((3,)), Dense(8, activation="relu"), Dropout(0.3), Dense(1)])
            model.compile(Adam(0.01), "mse", metrics=["mae"])
            found = model.fit(X, Y, batch_size=6, epochs=3, verbose=0, validation_split=0.2).history
            return found, model.get_weights()

        (first, weights), (second, same_weights) = history(), history()
        assert first == second
        assert_same(weights, same_weights)


class Counted(Layer):
    """Counts how often its Python runs with tensors, beyond what shapes are found out by."""

    calls = 0

    def call(self, x):
        if not isinstance(x, ops.KerasTensor | ops.TensorSpec):
            Counted.calls += 1
        return x


@pytest.mark.needs("jit")
def test_a_fit_with_a_partial_batch_compiles_at_most_two_steps(backend):
    compiles = _compiles(backend)
    model = Sequential([Input((3,)), Counted(), Dense(1)])
    model.compile(Adam(), "mse", metrics=["mae"])
    Counted.calls = 0
    model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    assert 1 <= Counted.calls <= (2 if compiles else 9)
    Counted.calls = 0
    model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    assert Counted.calls == (0 if compiles else 9)


@pytest.mark.needs("jit")
def test_several_steps_in_one_call_are_compiled_as_one(backend):
    calls = []
    for size in (4, 9):
        model = Sequential([Input((3,)), Counted(), Dense(1)])
        model.compile(Adam(), "mse", metrics=["mae"], steps_per_execution=size)
        Counted.calls = 0
        model.fit(X, Y, batch_size=2, epochs=2, verbose=0)
        model.evaluate(X, Y, batch_size=2, verbose=0)
        calls.append(Counted.calls)
    assert calls[0] == calls[1]  # however many there are
    assert not _compiles(backend) or calls[0] <= 8  # a group, the first of which may stand outside, and single ones
    one, many = linear(), linear(steps_per_execution=4)
    for each in (one, many):
        each.fit(X, Y, batch_size=3, epochs=2, verbose=0, shuffle=False)
    for first, second in zip(one.get_weights(), many.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-6)
    outputs = [each.predict(X, batch_size=3, verbose=0) for each in (one, many)]
    np.testing.assert_allclose(*outputs, rtol=1e-5, atol=1e-6)


@pytest.mark.needs("jit")
def test_evaluation_and_prediction_compile_at_most_two_steps_each(backend):
    compiles = _compiles(backend)
    model = Sequential([Input((3,)), Counted(), Dense(1)])
    model.compile(Adam(), "mse", metrics=["mae"])
    Counted.calls = 0
    for _ in range(3):
        model.evaluate(X, Y, batch_size=8, verbose=0)
        model.predict(X, batch_size=8, verbose=0)
    assert 2 <= Counted.calls <= (4 if compiles else 18)


def _compiles(backend: Any) -> bool:
    """Say whether steps are compiled when nobody asks for it, rather than run as they are."""

    def step(batches):
        return None

    return (
        "mutable_state" not in backend.capabilities or backend.training.compile_in_place_step(step, "auto") is not step
    )


class TestMemory:
    @pytest.mark.parametrize("options", [{}, {"run_eagerly": True}], ids=str)
    def test_nothing_of_a_model_lives_on_when_it_is_dropped(self, backend, options):
        model = two_layers(metrics=["mae"], **options)
        fit(model, validation_split=0.2, epochs=2)
        model.predict(X, verbose=0)
        optimizer = model.optimizer
        alive = [
            weakref.ref(each) for each in (model, *model.layers, *model.variables, optimizer, *optimizer.variables)
        ]
        alive += [weakref.ref(metric) for metric in model.metrics]
        del model, optimizer
        gc.collect()
        assert [ref() for ref in alive if ref() is not None] == []

    def test_many_short_fits_and_predictions_take_no_more_memory(self, backend):
        model = linear(metrics=["mae"])

        def rounds(number):
            for _ in range(number):
                model.fit(X, Y, batch_size=10, verbose=0)
                model.predict(X, verbose=0)
            gc.collect()
            return _resident_bytes()

        before = rounds(50)
        assert rounds(200) - before < 20e6


def _resident_bytes() -> int:
    """Give the memory that the process holds; where the system does not say, the most it has held."""
    if sys.platform.startswith("linux"):
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class TestSharedValues:
    """Values that two variables, or a variable and the user, hold at once."""

    def test_a_value_taken_before_training_can_be_read_after_it(self, backend):
        model = linear()
        value = model.layers[0].kernel.value
        numbers = ops.convert_to_numpy(value)
        fit(model, epochs=2)
        if "mutable_state" in backend.capabilities:  # the value is where the variable is
            np.testing.assert_array_equal(ops.convert_to_numpy(value), model.get_weights()[0])
        else:
            np.testing.assert_array_equal(ops.convert_to_numpy(value), np.ones((3, 1)))
            np.testing.assert_array_equal(numbers, np.ones((3, 1)))

    def test_weights_taken_before_training_stay_as_they_were(self, backend):
        model = linear()
        weights, numbers = model.get_weights(), model.layers[0].kernel.numpy()
        fit(model)
        np.testing.assert_array_equal(weights[0], np.ones((3, 1)))
        np.testing.assert_array_equal(numbers, np.ones((3, 1)))

    def test_a_model_given_another_ones_values_is_not_touched_when_that_one_trains(self, backend):
        student, teacher = linear(), linear()
        for target, source in zip(teacher.variables, student.variables, strict=True):
            target.assign(source)
        expected = values_of(teacher)
        fit(student)
        assert_same(values_of(teacher), expected)
        assert teacher.predict(X, verbose=0) == pytest.approx(X.sum(1, keepdims=True), rel=1e-4, abs=1e-5)

    def test_two_variables_set_to_one_tensor_train_apart(self, backend):
        model = Sequential(
            [Input((3,)), Dense(3, name="a", use_bias=False), Dense(3, name="b", use_bias=False), Dense(1)]
        )
        model.compile(SGD(0.1), "mse")
        shared = ops.convert_to_tensor(np.eye(3, dtype="float32"))
        for name in "ab":
            model.get_layer(name).kernel.assign(shared)
        fit(model)
        first, second = (values_of(model.get_layer(name))[0] for name in "ab")
        assert np.any(first != second)
        np.testing.assert_array_equal(ops.convert_to_numpy(shared), np.eye(3))
