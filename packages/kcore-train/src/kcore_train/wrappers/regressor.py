"""`SKLearnRegressor`: a model as a regressor of scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kcore_train.wrappers.estimator import Estimator

__all__ = ["SKLearnRegressor"]


class SKLearnRegressor(Estimator):
    """A model as a regressor of scikit-learn: in pipelines, grid searches, cross-validation.

    Its predictions are numbers, (num_samples,), if the model has one output for each sample. scikit-learn has to be
    installed when one is made.

    Args:
        model: compiled `Model`, or function that returns one. Of a model each `fit` trains a clone, with first weights
            of its own. A function is called with `X` and `y`, as the model's `fit` is given them, and `model_kwargs`.
        warm_start: bool, whether `fit` goes on with the model that it has trained before, rather than making another;
            False.
        model_kwargs: dict or None, more arguments of the function `model`; None for none. None.
        fit_kwargs: dict or None, arguments of the model's `fit`; None for none. None.

    Attributes:
        model_: the model that is trained.
        history_: the `History` that its `fit` returned.
        n_features_in_: how many features it is trained on.

    >>> from kcore_layers import Input, Sequential
    >>> from kcore_layers.layers import Dense
    >>> def linear(X, y):
    ...     model = Sequential([Input(X.shape[1:]), Dense(y.shape[1])])
    ...     model.compile("sgd", "mean_squared_error")
    ...     return model
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> regressor = make_pipeline(StandardScaler(), SKLearnRegressor(linear, fit_kwargs={"epochs": 3, "verbose": 0}))
    """

    _mixin = "RegressorMixin"

    if TYPE_CHECKING:  # what instances have of scikit-learn

        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
            """Return the coefficient of determination, R², of the predictions."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # untrained, as scikit-learn tries it
        return tags
