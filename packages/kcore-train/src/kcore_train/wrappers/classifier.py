"""`SKLearnClassifier`: a model as a classifier of scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.wrappers.estimator import Array, Estimator

__all__ = ["SKLearnClassifier"]


class SKLearnClassifier(Estimator):
    """A model as a classifier of scikit-learn: in pipelines, grid searches, cross-validation.

    Classes may be numbers or strings. The model is given them one-hot, (num_samples, num_classes), also if there are
    two, and has an output for each class; the greatest is the prediction. scikit-learn has to be installed when one is
    made.

    Args:
        model: compiled `Model`, or function that returns one. Of a model each `fit` trains a clone, with first weights
            of its own. A function is called with `X` and `y`, as the model's `fit` is given them, and `model_kwargs`.
        warm_start: bool, whether `fit` goes on with the model that it has trained before, rather than making another;
            the classes are then those of the first `fit`. False.
        model_kwargs: dict or None, more arguments of the function `model`; None for none. None.
        fit_kwargs: dict or None, arguments of the model's `fit`; None for none. None.

    Attributes:
        model_: the model that is trained.
        history_: the `History` that its `fit` returned.
        classes_: the classes, sorted.
        n_features_in_: how many features it is trained on.

    >>> from kcore_layers import Input, Sequential
    >>> from kcore_layers.layers import Dense
    >>> def logistic(X, y):
    ...     model = Sequential([Input(X.shape[1:]), Dense(y.shape[1], activation="softmax")])
    ...     model.compile("sgd", "categorical_crossentropy")
    ...     return model
    >>> classifier = SKLearnClassifier(logistic, fit_kwargs={"epochs": 3, "verbose": 0})
    """

    _mixin = "ClassifierMixin"

    classes_: Array

    if TYPE_CHECKING:  # what instances have of scikit-learn

        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
            """Return the accuracy of the predictions."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # untrained, as scikit-learn tries it
        return tags

    def decision_function(self, X: Any) -> npt.NDArray[Any]:
        """Return the outputs of the model, (num_samples, num_classes).

        Of two classes it is how much greater the second's output is than the first's, (num_samples,), which is what
        scikit-learn's scores take; Keras gives both.

        Args:
            X: array or DataFrame of numbers, (num_samples, num_features).

        Raises:
            NotFittedError: if `fit` was not called.
            ValueError: if X is not of such a form, or has NaN or infinity in it.
        """
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if len(self.classes_) == 2 else outputs

    def _encoded(self, y: Array, is_going_on: bool, sample_weight: Array | None) -> tuple[Array, dict[str, Any]]:
        from sklearn.utils.multiclass import check_classification_targets

        check_classification_targets(y)
        where = f"{type(self).__name__}.fit"
        classes = self.classes_ if is_going_on else np.unique(y)
        if not np.isin(y, classes).all():
            raise ArgumentError(
                f"y has classes that the first fit did not: {np.setdiff1d(y, classes).tolist()}",
                fix="set warm_start=False to begin anew",
            ).at(where)
        counted = y if sample_weight is None or sample_weight.shape != y.shape else y[sample_weight != 0]
        if len(np.unique(counted)) < 2 and not is_going_on:
            raise ArgumentError(
                f"y has {len(np.unique(counted))} class among the samples that count, and a classifier needs two",
                fix="pass samples of another class, with a sample_weight other than 0",
            ).at(where)
        return np.eye(len(classes))[np.searchsorted(classes, y)], {"classes_": classes}

    def _decoded(self, outputs: Array) -> Array:
        if outputs.shape[1:] != self.classes_.shape:
            raise ArgumentError(
                f"the model gives outputs of shape {outputs.shape}, and there are {len(self.classes_)} classes",
                fix="give it an output for each class",
            ).at(f"{type(self).__name__}.predict")
        found: Array = self.classes_[outputs.argmax(axis=1)]
        return found
