"""Models that define their own loss, metrics or steps, in the style that their backend has."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model
from kcore_layers.layers import Dense
from kcore_train.metrics import Mean
from kcore_train.optimizers import SGD

rng = np.random.default_rng(0)
X = rng.normal(size=(22, 3)).astype("float32")
Y = rng.normal(size=(22, 1)).astype("float32")


def made(model_class: type[Model], **arguments: Any) -> Any:
    """Give a linear model of a class, whose kernel is all ones."""
    x = Input((3,))
    model = model_class(x, Dense(1, kernel_initializer="ones", name="dense")(x))
    model.compile(**{"optimizer": SGD(0.1), "loss": "mse", **arguments})
    return model


def fit(model: Model, **arguments: Any) -> dict[str, list[float]]:
    return model.fit(X, Y, **{"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0, **arguments}).history


class TwiceTheLoss(Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 2.0 * super().compute_loss(x, y, y_pred, sample_weight, training)


class OwnLoss(Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean(ops.abs(y - y_pred)) + 0.1 * ops.mean(ops.square(x))


class OwnMetrics(Model):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.largest = Mean(name="error")

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        self.largest.update_state(ops.abs(y - y_pred))
        return super().compute_metrics(x, y, y_pred, sample_weight)


class OwnSteps(Model):
    """Steps that call the ordinary ones, and add to what they report."""

    def train_step(self, *args):
        return _more(super().train_step(*args))

    def test_step(self, *args):
        return _more(super().test_step(*args))


def _more(found: Any) -> Any:
    """Add a result; where a step is a function of the state, the results come with the state after it."""
    if isinstance(found, tuple):
        return {**found[0], "a_constant": ops.ones(())}, found[1]
    return {**found, "a_constant": ops.ones(())}


class Negated(Model):
    def predict_step(self, *args):
        found = super().predict_step(*args)
        return (-found[0], found[1]) if isinstance(found, tuple) else -found


@pytest.mark.needs("gradient")
def test_a_compute_loss_of_ones_own_is_what_is_minimised(backend):
    twice, once = made(TwiceTheLoss), made(Model, optimizer=SGD(0.2))
    np.testing.assert_allclose(fit(twice)["loss"], 2.0 * np.array(fit(once)["loss"]), rtol=1e-5)
    np.testing.assert_allclose(twice.get_weights()[0], once.get_weights()[0], rtol=1e-5)


@pytest.mark.needs("gradient")
def test_a_compute_loss_of_ones_own_sees_the_batch(backend):
    expected = np.mean(np.abs(X.sum(1) - Y[:, 0])) + 0.1 * np.mean(X**2)
    history = fit(made(OwnLoss, optimizer=SGD(0.0)), epochs=1, validation_data=(X, Y))
    assert history == {"loss": [pytest.approx(expected, rel=1e-5)], "val_loss": [pytest.approx(expected, rel=1e-5)]}


def test_a_compute_metrics_of_ones_own_reports_what_it_updates(backend):
    model = made(OwnMetrics, metrics=["mae"])
    scores = model.evaluate(X, Y, batch_size=8, return_dict=True, verbose=0)
    expected = np.mean(np.abs(X.sum(1) - Y[:, 0]))
    assert scores["error"] == pytest.approx(expected, rel=1e-5)
    assert scores["mae"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("options", [{}, {"run_eagerly": True}, {"steps_per_execution": 2}], ids=str)
def test_steps_of_ones_own_may_call_the_ordinary_ones(backend, options):
    model, ordinary = made(OwnSteps, metrics=["mae"], **options), made(Model, metrics=["mae"], **options)
    history, expected = fit(model, validation_data=(X, Y)), fit(ordinary, validation_data=(X, Y))
    assert history["a_constant"] == history["val_a_constant"] == [1.0, 1.0]
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-5)
    np.testing.assert_array_equal(model.get_weights()[0], ordinary.get_weights()[0])


class OwnResults(Model):
    """Results that add to the ordinary ones."""

    def get_metrics_result(self):
        found = super().get_metrics_result()
        return {**found, "twice": 2 * found["loss"]}


class OwnResultsAndSteps(OwnResults, OwnSteps):
    pass


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("model_class", [OwnResults, OwnResultsAndSteps])
def test_results_of_ones_own_are_those_of_the_ordinary_steps(backend, model_class):
    history = fit(made(model_class), validation_data=(X, Y))
    for name in ("", "val_"):
        np.testing.assert_allclose(history[f"{name}twice"], 2 * np.array(history[f"{name}loss"]), rtol=1e-6)


def test_results_of_ones_own_are_what_compute_metrics_returns(backend):
    found: list[Any] = []

    class Kept(OwnResults):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            results = super().compute_metrics(x, y, y_pred, sample_weight)
            found.append(sorted(results))
            return results

    made(Kept, metrics=["mae"]).evaluate(X, Y, verbose=0)
    assert found[0] == ["loss", "mae", "twice"]


def test_what_ones_own_step_reports_keeps_its_order(backend):
    class Ordered(OwnSteps):
        def test_step(self, *args):
            found = super().test_step(*args)
            results = found[0] if isinstance(found, tuple) else found
            results = {"z": results["a_constant"], "a": results["loss"]}
            return (results, found[1]) if isinstance(found, tuple) else results

    assert list(made(Ordered).evaluate(X, Y, return_dict=True, verbose=0)) == ["z", "a"]


def test_a_predict_step_of_ones_own_gives_the_outputs(backend):
    found = made(Negated).predict(X, batch_size=8, verbose=0)
    np.testing.assert_allclose(found, -X.sum(1, keepdims=True), rtol=1e-5, atol=1e-6)


# A whole step. The style follows from whether variables change in place.


class InPlace(Model):
    """A step that changes the model, with the transforms of kcore."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tracker = Mean(name="own_loss")

    def train_step(self, data):
        x, y = data
        variables = self.trainable_variables

        def loss_of(values):
            outputs, _ = self.stateless_call(values, [v.value for v in self.non_trainable_variables], x, training=True)
            return ops.mean(ops.square(outputs - y))

        loss, gradients = ops.value_and_grad(loss_of)([v.value for v in variables])
        self.optimizer.apply(gradients, variables)
        self.tracker.update_state(loss, sample_weight=ops.shape(x)[0])
        return {"own_loss": self.tracker.result()}


class OfState(Model):
    """The same as a function of the state."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tracker = Mean(name="own_loss")

    def train_step(self, state, data):
        trainable, non_trainable, optimizer_values, metric_values = state
        x, y = data

        def loss_of(values):
            outputs, _ = self.stateless_call(values, non_trainable, x, training=True)
            return ops.mean(ops.square(outputs - y))

        loss, gradients = ops.value_and_grad(loss_of)(trainable)
        trainable, optimizer_values = self.optimizer.stateless_apply(optimizer_values, gradients, trainable)
        metric_values = self.tracker.stateless_update_state(metric_values, loss, sample_weight=ops.shape(x)[0])
        logs = {"own_loss": self.tracker.stateless_result(metric_values)}
        return logs, (trainable, non_trainable, optimizer_values, metric_values)


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("options", [{}, {"run_eagerly": True}, {"steps_per_execution": 3}], ids=str)
def test_a_whole_training_step_of_ones_own_trains_as_the_ordinary_one(backend, options):
    model = made(InPlace if "mutable_state" in backend.capabilities else OfState, loss=None, **options)
    ordinary = made(Model)
    np.testing.assert_allclose(fit(model)["own_loss"], fit(ordinary)["loss"], rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], ordinary.get_weights()[0], rtol=1e-5)


class OfOlderTimes(Model):
    """A model whose `compute_loss` has no `training`, as Keras's older guides have it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.penalty = Mean(name="penalty")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
        added = sum(self.losses)
        self.penalty.update_state(added)
        return ops.mean(ops.square(y - y_pred)) + added


class Penalty(Layer):
    def call(self, x):
        self.add_loss(0.5 * ops.mean(ops.square(x)))
        return x


@pytest.mark.parametrize("loss", [None, "mse"])
def test_a_compute_loss_without_training_is_what_is_reported(backend, loss):
    x = Input((3,))
    model = OfOlderTimes(x, Dense(1, kernel_initializer="ones")(Penalty()(x)))
    model.compile(SGD(0.0), loss)
    penalty = 0.5 * np.mean(X**2)
    expected = {"loss": np.mean((X.sum(1) - Y[:, 0]) ** 2) + penalty, "penalty": penalty}
    assert model.evaluate(X, Y, batch_size=22, verbose=0, return_dict=True) == pytest.approx(expected, rel=1e-5)
    if "gradient" in backend.capabilities:
        history = model.fit(X, Y, batch_size=22, validation_data=(X, Y), validation_batch_size=22, verbose=0).history
        wanted = expected | {f"val_{name}": value for name, value in expected.items()}
        assert history == {name: [pytest.approx(value, rel=1e-5)] for name, value in wanted.items()}


class Seen(Model):
    """Notes the form of the batches that its steps get."""

    def call(self, x):
        return ops.ones((2, 1))

    def _note(self, *args: Any) -> Any:
        self.forms.append(_form(args[-1]))
        found = {"a": ops.ones(())}
        return found if len(args) == 1 else (found, args[0])

    def train_step(self, *args):
        return self._note(*args)

    def test_step(self, *args):
        return self._note(*args)

    def predict_step(self, *args):
        self.forms.append(_form(args[-1]))
        outputs = ops.ones((2, 1))
        return outputs if len(args) == 1 else (outputs, args[0][1])


def _form(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _form(part) for key, part in data.items()}
    return type(data)(map(_form, data)) if isinstance(data, list | tuple) else "x"


PAIR = X[:2], Y[:2]
GIVEN = {
    "an array": (PAIR[0], "x"),
    "a dict": ({"a": PAIR[0], "b": PAIR[1]}, {"a": "x", "b": "x"}),
    "a list of inputs": ([PAIR[0], PAIR[1]], (["x", "x"],)),
    "a generator of arrays": (lambda: iter([PAIR[0]]), "x"),
    "a generator of dicts": (lambda: iter([{"a": PAIR[0]}]), {"a": "x"}),
    "a generator of tuples of one": (lambda: iter([({"a": PAIR[0]},)]), ({"a": "x"},)),
    "a generator of pairs": (lambda: iter([({"a": PAIR[0]}, PAIR[1])]), ({"a": "x"}, "x")),
}


@pytest.mark.parametrize("how", [pytest.param("fit", marks=pytest.mark.needs("gradient")), "evaluate", "predict"])
@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("options", [{}, {"steps_per_execution": 2}], ids=str)
def test_a_step_gets_a_batch_in_the_form_in_which_it_was_given(backend, how, given, options):
    data, form = GIVEN[given]
    model = Seen()
    model.forms = []
    model.compile("sgd", run_eagerly=True, **options)
    getattr(model, how)(data() if callable(data) else data, verbose=0)
    if how == "predict" and isinstance(form, tuple):
        form = form[:1]
    assert model.forms[-1] == form
