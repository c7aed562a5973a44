"""scikit-learn's own checks of estimators."""

from __future__ import annotations

import dataclasses

import pytest
from kcore_layers import Input, Sequential
from kcore_layers.layers import Dense
from kcore_train.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

# The same whatever computes; where each op is compiled anew it takes minutes.
pytestmark = [pytest.mark.needs("gradient"), pytest.mark.only("torch")]


@dataclasses.dataclass(frozen=True)
class Linear:
    """Makes models; a function's `repr`, which the tests' names have in them, is another in each process."""

    def __call__(self, X, y):
        # Checks that fit twice want the same first weights, and the same order of samples.
        model = Sequential([Input(X.shape[1:]), Dense(y.shape[1], kernel_initializer="ones")])
        model.compile("sgd", "mean_squared_error", run_eagerly=True)  # a hundred models, each trained for an instant
        return model


FIT = {"epochs": 1, "verbose": 0, "batch_size": 1000, "shuffle": False}
ESTIMATORS = [cls(Linear(), fit_kwargs=FIT) for cls in (SKLearnClassifier, SKLearnRegressor, SKLearnTransformer)]


@parametrize_with_checks(ESTIMATORS)
def test_estimators_are_what_scikit_learn_asks_for(backend, estimator, check):
    check(estimator)
