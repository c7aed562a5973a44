"""Models as estimators of scikit-learn."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
import warnings

import kcore_ops as ops
import numpy as np
import pandas as pd
import pytest
import sklearn
from kcore_layers import Input, Sequential
from kcore_layers.layers import Dense
from kcore_train.optimizers import SGD
from kcore_train.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 0.5] + 1
NAMES = np.array(["ant", "bee", "cat"])[(X[:, 0] > -0.4).astype(int) + (X[:, 0] > 0.4)]
FIT = {"epochs": 2, "verbose": 0, "shuffle": False}

needs_gradient = pytest.mark.needs("gradient")


def linear(X, y, learning_rate=0.1):
    model = Sequential([Input(X.shape[1:]), Dense(y.shape[1], kernel_initializer="zeros")])
    model.compile(SGD(learning_rate), "mean_squared_error")
    return model


def softmax(X, y, learning_rate=1.0):
    model = Sequential([Input(X.shape[1:]), Dense(y.shape[1], activation="softmax", kernel_initializer="zeros")])
    model.compile(SGD(learning_rate), "categorical_crossentropy")
    return model


def wrapped(model=linear, cls=SKLearnRegressor, **arguments):
    return cls(model, **{"fit_kwargs": FIT, **arguments})


@needs_gradient
def test_a_regressor_trains_and_predicts_as_its_model_does(backend):
    regressor = wrapped()
    assert regressor.fit(X, Y) is regressor
    model = linear(X, Y[:, None])
    model.fit(X, Y[:, None], **FIT)
    np.testing.assert_allclose(regressor.predict(X), model.predict(X, verbose=0)[:, 0], rtol=1e-5, atol=1e-6)
    assert regressor.predict(X).shape == (60,)
    assert len(regressor.history_.history["loss"]) == regressor.epoch_ == 2
    assert is_regressor(regressor) and regressor.score(X, Y) > 0.5


@needs_gradient
@pytest.mark.parametrize("classes", [NAMES, (X[:, 0] > 0), np.where(X[:, 0] > 0, 7, -3)], ids=["str", "bool", "int"])
def test_a_classifier_predicts_the_classes_it_was_given(backend, classes):
    classifier = wrapped(softmax, SKLearnClassifier, fit_kwargs={"epochs": 20, "verbose": 0}).fit(X, classes)
    assert is_classifier(classifier)
    assert classifier.classes_.tolist() == sorted(set(classes.tolist()))
    assert classifier.predict(X).dtype == classes.dtype
    assert classifier.score(X, classes) > 0.8


@needs_gradient
def test_outputs_for_other_classes_are_refused(backend):
    def five(X, y):
        model = Sequential([Input(X.shape[1:]), Dense(5)])
        model.compile("sgd", lambda y_true, y_pred: ops.mean(y_pred, axis=-1))
        return model

    with pytest.raises(ValueError, match=r"outputs of shape \(60, 5\), and there are 3 classes(.|\n)*for each class"):
        wrapped(five, SKLearnClassifier).fit(X, NAMES).predict(X)


@needs_gradient
def test_decisions_are_the_outputs_and_of_two_classes_their_difference(backend):
    three = wrapped(softmax, SKLearnClassifier).fit(X, NAMES)
    np.testing.assert_allclose(three.decision_function(X), three.model_.predict(X, verbose=0))
    two = wrapped(softmax, SKLearnClassifier).fit(X, NAMES == "bee")
    outputs = two.model_.predict(X, verbose=0)
    np.testing.assert_allclose(two.decision_function(X), outputs[:, 1] - outputs[:, 0])
    assert cross_val_score(two, X, NAMES == "bee", cv=2, scoring="roc_auc").shape == (2,)


@needs_gradient
def test_a_transformer_gives_the_outputs_of_its_model(backend):
    transformer = wrapped(cls=SKLearnTransformer)
    found = transformer.fit_transform(X, Y)
    np.testing.assert_allclose(found, transformer.model_.predict(X, verbose=0))
    assert found.shape == (60, 1)
    assert make_pipeline(StandardScaler(), transformer, wrapped()).fit(X, Y).predict(X).shape == (60,)


@needs_gradient
def test_a_model_is_cloned_and_stays_as_it_was(backend):
    model = linear(X, Y[:, None])
    before = model.get_weights()
    first, second = (wrapped(model).fit(X, Y) for _ in range(2))
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert first.model_ is not second.model_ and first.model_ is not model
    np.testing.assert_allclose(first.predict(X), second.predict(X), rtol=1e-5, atol=1e-6)
    assert abs(first.predict(X)).max() > 0


@needs_gradient
def test_fits_begin_anew_unless_they_are_to_go_on(backend):
    anew, on = wrapped().fit(X, Y), wrapped(warm_start=True).fit(X, Y)
    model, once = on.model_, on.predict(X)
    np.testing.assert_allclose(anew.fit(X, Y).predict(X), once, rtol=1e-5, atol=1e-6)
    assert on.fit(X, Y).model_ is model
    assert (anew.epoch_, on.epoch_) == (2, 4)
    longer = wrapped(fit_kwargs={**FIT, "epochs": 4}).fit(X, Y)
    np.testing.assert_allclose(on.predict(X), longer.predict(X), rtol=1e-5, atol=1e-6)
    assert on.score(X, Y) > anew.score(X, Y)


@needs_gradient
def test_a_fit_that_goes_on_keeps_its_classes(backend):
    classifier = wrapped(softmax, SKLearnClassifier, warm_start=True).fit(X, NAMES)
    classifier.fit(X[NAMES != "cat"], NAMES[NAMES != "cat"])
    assert classifier.classes_.tolist() == ["ant", "bee", "cat"]
    with pytest.raises(ValueError, match=r"y has classes that the first fit did not: \['dog'\](.|\n)*begin anew"):
        classifier.fit(X, np.where(NAMES == "cat", "dog", NAMES))
    with pytest.raises(ValueError, match="X has 2 features, but SKLearnClassifier is expecting 3"):
        classifier.fit(X[:, :2], NAMES)


@needs_gradient
def test_arguments_of_fit_come_before_those_that_were_given_first_and_leave_them(backend):
    regressor = wrapped()
    given = dict(FIT)
    regressor.fit(X, Y, epochs=3)
    assert regressor.epoch_ == 3
    assert regressor.fit_kwargs == given  # Keras keeps what fit was given


@needs_gradient
def test_sample_weights_count(backend):
    weights = (np.arange(60) < 30).astype(float)
    other = Y.copy()
    other[30:] = 100.0
    one = wrapped().fit(X, Y, sample_weight=weights)
    two = wrapped().fit(X, other, sample_weight=weights.tolist())
    np.testing.assert_allclose(one.predict(X), two.predict(X), rtol=1e-5, atol=1e-6)
    assert not np.allclose(one.predict(X), wrapped().fit(X, Y).predict(X), atol=1e-3)


@needs_gradient
def test_sample_weights_find_their_way_through_a_search(backend):
    with sklearn.config_context(enable_metadata_routing=True):
        regressor = wrapped().set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        search = GridSearchCV(regressor, {"model_kwargs": [{"learning_rate": 0.1}]}, cv=2)
        weighted = search.fit(X, Y, sample_weight=(np.arange(60) % 2)).best_estimator_.predict(X)
        expected = wrapped().fit(X, Y, sample_weight=(np.arange(60) % 2)).predict(X)
    np.testing.assert_allclose(weighted, expected, rtol=1e-5, atol=1e-6)


@needs_gradient
def test_a_grid_search_finds_the_better_learning_rate(backend):
    grid = {"skregressor__model_kwargs": [{"learning_rate": 1e-6}, {"learning_rate": 0.1}]}
    pipeline = make_pipeline(StandardScaler(), wrapped())
    pipeline.steps[-1] = ("skregressor", pipeline.steps[-1][1])
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, Y)
    assert search.best_params_ == {"skregressor__model_kwargs": {"learning_rate": 0.1}}
    assert search.predict(X).shape == (60,)


@needs_gradient
@pytest.mark.parametrize("copied", [lambda each: pickle.loads(pickle.dumps(each)), copy.deepcopy])
@pytest.mark.parametrize("model", [linear, None], ids=["function", "model"])
def test_copies_predict_the_same_and_can_be_fitted(backend, copied, model):
    regressor = wrapped(model or linear(X, Y[:, None])).fit(X, Y)
    other = copied(regressor)
    assert type(other) is type(regressor) and other.model_ is not regressor.model_
    np.testing.assert_array_equal(other.predict(X), regressor.predict(X))
    np.testing.assert_allclose(other.fit(X, Y).predict(X), regressor.predict(X), rtol=1e-5, atol=1e-6)


@needs_gradient
def test_clones_have_the_arguments_and_are_not_fitted(backend):
    regressor = wrapped(model_kwargs={"learning_rate": 0.05}, warm_start=True).fit(X, Y)
    other = clone(regressor)
    assert other.get_params() == regressor.get_params()
    with pytest.raises(NotFittedError, match="This SKLearnRegressor instance is not fitted yet"):
        other.predict(X)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        other.epoch_  # noqa: B018


@needs_gradient
def test_names_of_columns_are_kept_and_held_to(backend):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    regressor = wrapped().fit(frame, Y)
    assert regressor.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="The feature names should match"):
        regressor.predict(frame.rename(columns={"a": "z"}))


@needs_gradient
def test_a_fit_that_fails_leaves_the_model_before(backend):
    classifier = wrapped(softmax, SKLearnClassifier).fit(X, NAMES)
    before = classifier.predict(X)
    with pytest.raises(ValueError, match="the model is not compiled"):
        classifier.set_params(model=uncompiled).fit(X, NAMES == "bee")
    np.testing.assert_array_equal(classifier.predict(X), before)


class Doubled(SKLearnRegressor):
    """A regressor of one's own."""

    def __init__(self, factor=2.0, fit_kwargs=None):
        super().__init__(linear, fit_kwargs=fit_kwargs)
        self.factor = factor

    def predict(self, X):
        return self.factor * super().predict(X)


@needs_gradient
def test_subclasses_have_arguments_of_their_own(backend):
    doubled = Doubled(fit_kwargs=FIT).fit(X, Y)
    np.testing.assert_allclose(doubled.predict(X), 2 * wrapped().fit(X, Y).predict(X), rtol=1e-5, atol=1e-6)
    assert clone(doubled).get_params() == {"factor": 2.0, "fit_kwargs": FIT}
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(doubled)).predict(X), doubled.predict(X))


# What is wrong, and what is said of it; no gradients are needed to say so.


def uncompiled(X, y):
    return Sequential([Input(X.shape[1:]), Dense(1)])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": uncompiled}, ValueError, "the model is not compiled(.|\n)*call its compile"),
        ({"model": lambda X, y: 3}, TypeError, "the function that is to make a model has returned 3"),
        ({"model": None}, TypeError, "model is None(.|\n)*a compiled model, or a function of X and y that makes one"),
        ({"model": "linear"}, TypeError, "model is 'linear'"),
    ],
)
def test_what_makes_no_compiled_model_is_refused(backend, arguments, error, message):
    with pytest.raises(error, match=message):
        wrapped(**arguments).fit(X, Y)


def test_arguments_for_a_model_that_takes_none_are_refused(backend):
    model = linear(X, Y[:, None])
    with pytest.raises(
        ValueError, match=r"model_kwargs has units, and model is no function(.|\n)*pass a function that makes"
    ):
        wrapped(model, model_kwargs={"units": 3}).fit(X, Y)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.full((60, 3), np.nan), Y, "Input X contains NaN"),
        (X[:5], Y, "inconsistent numbers of samples"),
        (X[:, 0], Y, "Expected 2D array, got 1D array instead"),
        (X, np.stack([Y, Y], axis=1), "y should be a 1d array"),
    ],
)
def test_data_of_another_form_are_refused(backend, x, y, message):
    with pytest.raises(ValueError, match=message):
        wrapped().fit(x, y)


@pytest.mark.parametrize(
    ("y", "weights", "message"),
    [
        (Y, None, "Unknown label type: continuous"),
        (np.zeros(60, int), None, "y has 1 class among the samples that count"),
        (np.arange(60) // 30, np.arange(60) // 30, "y has 1 class among the samples that count"),
    ],
)
def test_classes_that_are_none_are_refused(backend, y, weights, message):
    with pytest.raises(ValueError, match=message):
        wrapped(softmax, SKLearnClassifier).fit(X, y, sample_weight=weights)


@pytest.mark.parametrize("cls", [SKLearnClassifier, SKLearnRegressor, SKLearnTransformer])
def test_signatures_are_those_of_the_constructor(cls):
    assert list(inspect.signature(cls).parameters) == ["model", "warm_start", "model_kwargs", "fit_kwargs"]
    estimator = cls(linear)
    assert isinstance(estimator, cls) and isinstance(estimator, BaseEstimator)
    assert type(estimator).__name__ == cls.__name__ and type(estimator).__module__ == cls.__module__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert repr(estimator).startswith(f"{cls.__name__}(model=<function linear")


def test_importing_wrappers_imports_no_scikit_learn_and_making_one_says_what_is_missing():
    code = """
import sys
import kcore.wrappers
assert "sklearn" not in sys.modules, "imported"
sys.modules["sklearn"] = None
kcore.wrappers.SKLearnRegressor(print)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "SKLearnRegressor needs scikit-learn, which is not installed" in done.stderr
    assert "fix: pip install scikit-learn" in done.stderr
    assert done.stderr.rstrip().splitlines()[-3].startswith("kcore_ops.foundation.errors.MissingDependency")
