"""`fit`, `evaluate` and `predict` do what NumPy does with the same data, in whatever form the data comes."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import kcore_train.loop.predict as predict_loop
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.layers import Dense
from kcore_layers.options.regularizers import L2
from kcore_ops.foundation.errors import ShapeError
from kcore_train.callbacks import Callback
from kcore_train.data import PyDataset
from kcore_train.losses import MeanSquaredError
from kcore_train.metrics import MeanAbsoluteError
from kcore_train.optimizers import SGD


class Sum(Model):
    def call(self, x):
        return ops.sum(x)


class Twice(Model):
    def call(self, x):
        return 2 * x


RATE = 0.1
rng = np.random.default_rng(0)
X = rng.normal(size=(22, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]]) + 0.1 * rng.normal(size=(22, 1))).astype("float32")
LABELS = rng.integers(0, 2, (22, 1)).astype("float32")
WEIGHTS = rng.uniform(0.5, 2.0, 22).astype("float32")


def linear(*, is_compiled: bool = True, **arguments: Any) -> Sequential:
    model = Sequential([Input((3,)), Dense(1, kernel_initializer="ones")])
    if is_compiled:
        model.compile(**{"optimizer": SGD(RATE), "loss": "mse", **arguments})
    return model


def by_hand(
    x: Any, y: Any, weights: Any = None, batch_size: int = 8, epochs: int = 2, l2: float = 0.0
) -> tuple[list[float], np.ndarray[Any, Any]]:
    """Give the loss of each epoch and the kernel at the end, of gradient descent written out in NumPy."""
    kernel, bias = np.ones((3, 1)), np.zeros(1)
    weights = np.ones(len(x)) if weights is None else weights
    losses = []
    for _ in range(epochs):
        total = 0.0
        for i in range(0, len(x), batch_size):
            a, b, w = x[i : i + batch_size], y[i : i + batch_size], weights[i : i + batch_size, None]
            error = a @ kernel + bias - b
            total += len(a) * (np.mean(w * error**2) + l2 * np.sum(kernel**2))
            kernel_gradient = 2 * a.T @ (w * error) / len(a) + 2 * l2 * kernel
            bias_gradient = 2 * np.mean(w * error, axis=0)
            kernel, bias = kernel - RATE * kernel_gradient, bias - RATE * bias_gradient
        losses.append(total / len(x))
    return losses, kernel


def fit(model: Model, *data: Any, **arguments: Any) -> dict[str, list[float]]:
    return model.fit(*data, **{"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0, **arguments}).history


@pytest.mark.needs("gradient")
class TestFit:
    def test_takes_the_steps_of_gradient_descent_the_partial_batch_included(self, backend):
        model = linear()
        history = fit(model, X, Y)
        losses, kernel = by_hand(X, Y)
        np.testing.assert_allclose(history["loss"], losses, rtol=1e-5)
        np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-5)

    @pytest.mark.parametrize(
        "options",
        [
            {"run_eagerly": True},
            {"jit_compile": False},
            {"jit_compile": "auto"},
            {"steps_per_execution": 2},
            {"steps_per_execution": 3},
            {"steps_per_execution": 7},
        ],
        ids=str,
    )
    def test_does_the_same_however_steps_are_run(self, backend, options):
        model = linear(**options)
        losses, kernel = by_hand(X, Y)
        np.testing.assert_allclose(fit(model, X, Y)["loss"], losses, rtol=1e-5)
        np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-5)

    @pytest.mark.needs("jit")
    @pytest.mark.filterwarnings("ignore:.*does not compile steps")
    def test_does_the_same_compiled_as_a_whole(self, backend):
        np.testing.assert_allclose(fit(linear(jit_compile=True), X, Y)["loss"], by_hand(X, Y)[0], rtol=1e-5)

    @pytest.mark.parametrize(
        "make", [np.asarray, ops.convert_to_tensor, lambda x: x.tolist()], ids=["array", "tensor", "list"]
    )
    def test_takes_arrays_tensors_and_lists(self, backend, make):
        assert fit(linear(), make(X), make(Y))["loss"] == pytest.approx(by_hand(X, Y)[0], rel=1e-5)

    def test_takes_inputs_by_name_in_any_order(self, backend):
        first, second = Input((3,), name="first"), Input((3,), name="second")
        model = Model({"first": first, "second": second}, Dense(1, kernel_initializer="ones")(first - 2.0 * second))
        model.compile(SGD(RATE), "mse")
        zeros = np.zeros_like(X)
        assert fit(model, {"second": zeros, "first": X}, Y)["loss"] == pytest.approx(by_hand(X, Y)[0], rel=1e-5)

    def test_takes_a_list_of_inputs(self, backend):
        first, second = Input((2,)), Input((1,))
        x = ops.concatenate([first, second], axis=-1)
        model = Model([first, second], Dense(1, kernel_initializer="ones")(x))
        model.compile(SGD(RATE), "mse")
        assert fit(model, [X[:, :2], X[:, 2:]], Y)["loss"] == pytest.approx(by_hand(X, Y)[0], rel=1e-5)

    def test_weighs_samples(self, backend):
        losses, _ = by_hand(X, Y, WEIGHTS)
        np.testing.assert_allclose(fit(linear(), X, Y, sample_weight=WEIGHTS)["loss"], losses, rtol=1e-5)

    def test_weighs_classes(self, backend):
        losses, _ = by_hand(X, LABELS, np.where(LABELS[:, 0] == 1, 3.0, 0.5))
        history = fit(linear(), X, LABELS, class_weight={0: 0.5, 1: 3.0})
        np.testing.assert_allclose(history["loss"], losses, rtol=1e-5)

    def test_weighs_only_the_weighted_metrics(self, backend):
        model = linear(metrics=["mae"], weighted_metrics=[MeanAbsoluteError(name="weighted")], optimizer=SGD(0.0))
        history = fit(model, X, Y, sample_weight=WEIGHTS, epochs=1)
        error = np.abs(X.sum(1) - Y[:, 0])
        assert history["mae"] == pytest.approx([error.mean()], rel=1e-5)
        assert history["weighted"] == pytest.approx([np.average(error, weights=WEIGHTS)], rel=1e-5)

    def test_keeps_the_last_samples_for_validation(self, backend):
        model = linear(optimizer=SGD(0.0))
        history = fit(model, X, Y, validation_split=0.25, epochs=1)
        error = (X.sum(1) - Y[:, 0]) ** 2
        assert history["loss"] == pytest.approx([error[:16].mean()], rel=1e-5)
        assert history["val_loss"] == pytest.approx([error[16:].mean()], rel=1e-5)

    def test_validates_with_weights_on_the_data_it_is_given(self, backend):
        history = fit(linear(optimizer=SGD(0.0)), X, Y, validation_data=(X, Y, WEIGHTS), epochs=1)
        expected = np.mean(WEIGHTS * (X.sum(1) - Y[:, 0]) ** 2)
        assert history["val_loss"] == pytest.approx([expected], rel=1e-5)

    @pytest.mark.parametrize(("frequency", "number"), [(1, 4), (2, 2), (3, 1), ([1, 4], 2)])
    def test_validates_as_often_as_asked(self, backend, frequency, number):
        history = fit(linear(), X, Y, validation_data=(X, Y), validation_freq=frequency, epochs=4)
        assert (len(history["loss"]), len(history["val_loss"])) == (4, number)

    def test_validates_as_many_batches_as_asked(self, backend):
        model = linear(optimizer=SGD(0.0))
        options = {"validation_data": (X, Y), "validation_batch_size": 5, "validation_steps": 2}
        history = fit(model, X, Y, epochs=2, **options)
        expected = np.mean((X[:10].sum(1) - Y[:10, 0]) ** 2)
        assert history["val_loss"] == pytest.approx([expected] * 2, rel=1e-5)

    def test_reads_a_generator_for_as_many_steps_as_an_epoch_has(self, backend):
        def batches():
            while True:
                for i in range(0, 16, 8):
                    yield X[i : i + 8], Y[i : i + 8]

        history = fit(linear(), batches(), steps_per_epoch=2, batch_size=None)
        np.testing.assert_allclose(history["loss"], by_hand(X[:16], Y[:16])[0], rtol=1e-5)

    def test_warns_and_stops_when_the_data_runs_out(self, backend):
        batches = ((X[i : i + 8], Y[i : i + 8]) for i in range(0, 24, 8))
        with (
            pytest.warns(UserWarning, match="the data gave 1 batches of the 2 that steps_per_epoch asks for"),
            pytest.warns(UserWarning, match="the data is used up after 2 epochs;"),
        ):
            history = fit(linear(), batches, steps_per_epoch=2, epochs=5, batch_size=None)
        assert len(history["loss"]) == 2

    def test_warns_at_the_line_that_calls_it(self, backend):
        model = linear()
        batches = ((X[i : i + 8], Y[i : i + 8]) for i in range(0, 24, 8))
        with pytest.warns(UserWarning, match="the data ") as shown:
            model.fit(batches, steps_per_epoch=2, epochs=5, verbose=0)
        model.trainable = False
        with pytest.warns(UserWarning, match="nothing to train") as shown_without_weights:
            model.fit(X, Y, verbose=0)
        found = [each.filename for each in [*shown, *shown_without_weights] if "the " in str(each.message)]
        assert found == [__file__] * 3  # too few batches, no more of them, no weights

    def test_reads_a_dataset_of_batches(self, backend):
        class Batches(PyDataset):
            def __len__(self):
                return 3

            def __getitem__(self, index):
                part = slice(8 * index, 8 * index + 8)
                return X[part], Y[part], WEIGHTS[part]

        history = fit(linear(), Batches(), batch_size=None, validation_data=Batches())
        np.testing.assert_allclose(history["loss"], by_hand(X, Y, WEIGHTS)[0], rtol=1e-5)
        assert len(history["val_loss"]) == 2

    def test_starts_at_the_initial_epoch(self, backend):
        model = linear()
        history = model.fit(X, Y, epochs=5, initial_epoch=3, verbose=0)
        assert history.epoch == [3, 4]
        assert len(history.history["loss"]) == 2

    def test_shuffles_unless_told_not_to(self, backend):
        seen: list[float] = []

        class Noted(PyDataset):
            def __len__(self):
                return 8

            def __getitem__(self, index):
                seen.append(index)
                return X[:4], Y[:4]

        fit(linear(), Noted(workers=0), batch_size=None, epochs=1, shuffle=False)
        assert seen[-8:] == list(range(8))
        fit(linear(), Noted(workers=0), batch_size=None, epochs=1, shuffle=True)
        assert sorted(seen[-8:]) == list(range(8))
        assert seen[-8:] != list(range(8))
        ordered, shuffled = fit(linear(), X, Y), fit(linear(), X, Y, shuffle=True)
        assert ordered["loss"] != shuffled["loss"]

    def test_goes_on_from_where_the_last_fit_ended(self, backend):
        once, twice = linear(), linear()
        expected = fit(once, X, Y, epochs=4)["loss"]
        found = fit(twice, X, Y)["loss"] + fit(twice, X, Y)["loss"]
        np.testing.assert_allclose(found, expected, rtol=1e-6)

    def test_returns_the_history_that_the_model_keeps(self, backend):
        model = linear(metrics=["mae"])
        found = model.fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y))
        assert model.history is found
        assert list(found.history) == ["loss", "mae", "val_loss", "val_mae"]
        assert all(isinstance(value, float) for values in found.history.values() for value in values)

    def test_names_the_backend_in_its_first_line(self, backend, capsys):
        linear().fit(X, Y, epochs=1, verbose=2)
        assert backend.name in capsys.readouterr().out.splitlines()[0]


class TestEvaluateAndPredict:
    def test_evaluates_by_batches(self, backend):
        error = X.sum(1) - Y[:, 0]
        model = linear(metrics=["mae"])
        expected = {"loss": np.mean(error**2), "mae": np.mean(np.abs(error))}
        scores = model.evaluate(X, Y, batch_size=8, return_dict=True, verbose=0)
        assert scores == pytest.approx(expected, rel=1e-5)
        assert model.evaluate(X, Y, batch_size=8, verbose=0) == pytest.approx(list(expected.values()), rel=1e-5)

    def test_evaluates_to_a_number_where_there_are_no_metrics(self, backend):
        expected = np.mean(WEIGHTS * (X.sum(1) - Y[:, 0]) ** 2)
        assert linear().evaluate(X, Y, sample_weight=WEIGHTS, verbose=0) == pytest.approx(expected, rel=1e-5)

    def test_evaluates_as_many_batches_as_asked(self, backend):
        expected = np.mean((X[:10].sum(1) - Y[:10, 0]) ** 2)
        assert linear().evaluate(X, Y, batch_size=5, steps=2, verbose=0) == pytest.approx(expected, rel=1e-5)

    def test_changes_no_weight(self, backend):
        model = linear()
        model.evaluate(X, Y, verbose=0)
        np.testing.assert_array_equal(model.get_weights()[0], np.ones((3, 1)))

    @pytest.mark.parametrize("size", [1, 5, 8, 22, 64])
    def test_predicts_every_sample_whatever_the_batches(self, backend, size):
        found = linear().predict(X, batch_size=size, verbose=0)
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(found, X.sum(1, keepdims=True), rtol=1e-5, atol=1e-6)

    def test_predicts_without_being_compiled(self, backend):
        model = linear(is_compiled=False)
        assert model.predict(X, verbose=0).shape == (22, 1)
        assert model.predict_on_batch(X[:2]).shape == (2, 1)

    def test_predicts_lists_and_dicts_of_outputs(self, backend):
        x = Input((3,))
        listed = Model(x, [x + 1.0, 2.0 * x])
        named = Model(x, {"more": x + 1.0, "twice": 2.0 * x})
        first, second = listed.predict(X, batch_size=8, verbose=0)
        found = named.predict(X, batch_size=8, verbose=0)
        for outputs in ((first, second), (found["more"], found["twice"])):
            np.testing.assert_allclose(outputs[0], X + 1.0, rtol=1e-6)
            np.testing.assert_allclose(outputs[1], 2.0 * X, rtol=1e-6)

    @pytest.mark.parametrize("size", [1, 2, 5])
    def test_outputs_leave_an_accelerator_as_the_loop_goes_on(self, backend, size, monkeypatch):
        x = Input((3,))
        model = Model(x, {"more": x + 1.0, "sums": [linear()(x)]})
        monkeypatch.setattr(type(backend.training), "moves_batches", lambda self, like: True)
        monkeypatch.setattr(predict_loop, "_NUM_HELD", 4)
        held = []
        joined = predict_loop._joined
        monkeypatch.setattr(predict_loop, "_joined", lambda _, parts: held.append(len(parts)) or joined(_, parts))
        found = model.predict(X, batch_size=size, verbose=0)
        np.testing.assert_allclose(found["more"], X + 1.0, rtol=1e-6)
        np.testing.assert_allclose(found["sums"][0], X.sum(1, keepdims=True), rtol=1e-5, atol=1e-6)
        assert held[:-1] == [2] * (len(held) - 2) + [held[-2]]

    def test_predicts_a_number_for_each_batch(self, backend):
        found = Sum().predict(X, batch_size=8, verbose=0)
        np.testing.assert_allclose(found, [X[i : i + 8].sum() for i in range(0, 22, 8)], rtol=1e-5, atol=1e-5)

    def test_outputs_of_different_shapes_are_refused(self, backend):
        sizes = iter([2, 3, 3])
        batches = (np.ones((4, size), "float32") for size in sizes)
        with pytest.raises(ShapeError, match="in predict") as caught:
            Twice().predict(batches, verbose=0)
        assert str(caught.value) == (
            "ShapeError in predict\n"
            "  the outputs for one sample have shape (2,) in one batch, and (3,) in another\n"
            "  fix: let them be of one shape, or call predict_on_batch for each batch"
        )

    def test_predicts_from_a_source_of_batches(self, backend):
        found = linear().predict((X[i : i + 8] for i in range(0, 22, 8)), verbose=0)
        np.testing.assert_allclose(found, X.sum(1, keepdims=True), rtol=1e-5, atol=1e-6)


class Stopping(Sequential):
    """Ends each loop at its third step."""

    steps = 0

    def _step(self, name: str) -> None:
        self.steps += 1
        if self.steps % 3 == 0:
            setattr(self, name, True)

    def train_step(self, *args: Any) -> Any:
        self._step("stop_training")
        return super().train_step(*args)

    def test_step(self, *args: Any) -> Any:
        self._step("stop_evaluating")
        return super().test_step(*args)

    def predict_step(self, *args: Any) -> Any:
        self._step("stop_predicting")
        return super().predict_step(*args)


@pytest.mark.parametrize("verbose", [0, 2])
def test_what_ends_a_loop_within_an_epoch_need_not_be_a_callback(backend, verbose):
    model = Stopping([Input((3,)), Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse", run_eagerly=True)
    if "gradient" in backend.capabilities:
        history = model.fit(X, Y, batch_size=2, epochs=2, verbose=verbose)
        assert (model.steps, history.epoch) == (3, [0])
        model.steps = 0
    model.evaluate(X, Y, batch_size=2, verbose=verbose)
    assert model.steps == 3
    assert len(model.predict(X, batch_size=2, verbose=verbose)) == 6


class Told(Callback):
    def __init__(self):
        super().__init__()
        self.heard = []

    def on_train_batch_end(self, batch, logs=None):
        self.heard.append(batch)

    on_test_batch_end = on_predict_batch_end = on_train_batch_end


class TestTelling:
    @pytest.mark.needs("gradient")
    @pytest.mark.parametrize("size", [1, 2])
    def test_callbacks_hear_of_each_step_beside_a_bar(self, backend, size):
        told, model = Told(), linear(steps_per_execution=size)
        model.fit(X, Y, batch_size=8, verbose=1, callbacks=[told])
        model.evaluate(X, Y, batch_size=8, verbose=1, callbacks=[told])
        model.predict(X, batch_size=8, verbose=1, callbacks=[told])
        assert told.heard == ([0, 1, 2] if size == 1 else [1, 2]) * 3

    @pytest.mark.parametrize("verbose", [1, 2])
    def test_a_bar_alone_ends_at_the_last_batch(self, backend, verbose, capsys):
        linear().predict((X[i : i + 8] for i in range(0, 22, 8)), verbose=verbose)
        assert capsys.readouterr().out.startswith("3/3")


class TestOnBatch:
    # As Keras 3.15.1, run with the same: each call gives the metrics of its own batch.
    @pytest.mark.needs("gradient")
    def test_a_step_gives_the_metrics_of_its_batch_alone(self, backend):
        model = linear(metrics=["mae"], optimizer=SGD(0.0))
        for part in (slice(0, 4), slice(4, 12)):
            error = X[part].sum(1) - Y[part, 0]
            expected = {"loss": np.mean(error**2), "mae": np.mean(np.abs(error))}
            assert model.train_on_batch(X[part], Y[part], return_dict=True) == pytest.approx(expected, rel=1e-5)
            assert model.train_on_batch(X[part], Y[part]) == pytest.approx(list(expected.values()), rel=1e-5)

    @pytest.mark.needs("gradient")
    def test_steps_are_those_of_fit(self, backend):
        model = linear()
        for _ in range(2):
            for i in range(0, 22, 8):
                model.train_on_batch(X[i : i + 8], Y[i : i + 8], sample_weight=WEIGHTS[i : i + 8])
        np.testing.assert_allclose(model.get_weights()[0], by_hand(X, Y, WEIGHTS)[1], rtol=1e-5)

    @pytest.mark.needs("gradient")
    def test_weighs_classes(self, backend):
        weights = np.where(LABELS[:, 0] == 1, 3.0, 0.5)
        found = linear().train_on_batch(X, LABELS, class_weight={0: 0.5, 1: 3.0})
        assert found == pytest.approx(np.mean(weights * (X.sum(1) - LABELS[:, 0]) ** 2), rel=1e-5)

    def test_evaluates_and_predicts_a_batch(self, backend):
        model = linear()
        assert model.test_on_batch(X, Y) == pytest.approx(np.mean((X.sum(1) - Y[:, 0]) ** 2), rel=1e-5)
        assert model.test_on_batch(X[:4], Y[:4]) == pytest.approx(np.mean((X[:4].sum(1) - Y[:4, 0]) ** 2), rel=1e-5)
        np.testing.assert_allclose(model.predict_on_batch(X), X.sum(1, keepdims=True), rtol=1e-5, atol=1e-6)


@pytest.mark.needs("gradient")
class TestWhatIsMinimised:
    def test_a_function_can_be_the_loss_and_a_metric(self, backend):
        def squared(y_true, y_pred):
            return ops.mean(ops.square(y_true - y_pred), axis=-1)

        history = fit(linear(loss=squared, metrics=[squared]), X, Y)
        np.testing.assert_allclose(history["loss"], by_hand(X, Y)[0], rtol=1e-5)
        np.testing.assert_allclose(history["squared"], history["loss"], rtol=1e-5)

    def test_the_penalties_of_regularizers_are_part_of_the_loss(self, backend):
        model = Sequential([Input((3,)), Dense(1, kernel_initializer="ones", kernel_regularizer=L2(0.3))])
        model.compile(SGD(RATE), "mse")
        losses, kernel = by_hand(X, Y, l2=0.3)
        np.testing.assert_allclose(fit(model, X, Y)["loss"], losses, rtol=1e-5)
        np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-5)

    def test_a_loss_that_a_layer_adds_is_part_of_the_loss(self, backend):
        class Penalty(Layer):
            def call(self, x):
                self.add_loss(0.5 * ops.mean(ops.square(x)))
                return x

        model = Sequential([Input((3,)), Penalty(), Dense(1, kernel_initializer="ones")])
        model.compile(SGD(0.0), "mse")
        expected = np.mean((X.sum(1) - Y[:, 0]) ** 2) + 0.5 * np.mean(X**2)
        assert fit(model, X, Y, batch_size=22)["loss"] == pytest.approx([expected] * 2, rel=1e-5)

    def test_an_added_loss_is_enough_without_targets(self, backend):
        class Centre(Layer):
            def build(self, shape):
                self.centre = self.add_weight(shape=(shape[-1],), initializer="zeros")

            def call(self, x):
                self.add_loss(ops.sum(ops.mean(ops.square(x - self.centre), axis=0)))
                return x

        model = Sequential([Input((3,)), Centre()])
        model.compile(SGD(0.25))
        fit(model, X, batch_size=22, epochs=40)
        np.testing.assert_allclose(model.get_weights()[0], X.mean(0), atol=1e-5)

    def test_loss_weights_are_factors(self, backend):
        history = fit(linear(optimizer=SGD(0.0), loss=[MeanSquaredError()], loss_weights=[2.0]), X, Y)
        assert history["loss"][0] == pytest.approx(2 * np.mean((X.sum(1) - Y[:, 0]) ** 2), rel=1e-5)


KINDS = {
    "binary": (1, LABELS, "binary_crossentropy"),
    "categorical": (3, np.eye(3, dtype="float32")[np.arange(22) % 3], "categorical_crossentropy"),
    "sparse": (3, np.arange(22) % 3, "sparse_categorical_crossentropy"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_accuracy_means_that_of_the_targets(backend, kind):
    units, y, loss = KINDS[kind]
    model = Sequential([Input((3,)), Dense(units, activation="sigmoid" if units == 1 else "softmax")])
    model.compile("sgd", loss, metrics=["accuracy"])
    outputs = model.predict(X, verbose=0)
    found = outputs[:, 0] > 0.5 if units == 1 else outputs.argmax(-1)
    labels = {"binary": y[:, 0] if units == 1 else y, "categorical": np.arange(22) % 3, "sparse": y}[kind]
    assert model.evaluate(X, y, return_dict=True, verbose=0)["accuracy"] == pytest.approx(np.mean(found == labels))


@pytest.mark.parametrize("name", ["mae", "MAE", "MeanAbsoluteError", "mean_absolute_error"])
def test_a_metric_given_by_name_goes_by_that_name(backend, name):
    assert list(linear(metrics=[name]).evaluate(X, Y, return_dict=True, verbose=0)) == ["loss", name]


def test_two_metrics_of_one_name_are_told_apart(backend):
    scores = linear(metrics=["mae", "mae"]).evaluate(X, Y, return_dict=True, verbose=0)
    assert scores["mae"] == scores["mae_1"]
