"""`SKLearnTransformer`: a model as a transformer of scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from kcore_train.wrappers.estimator import Estimator

__all__ = ["SKLearnTransformer"]


class SKLearnTransformer(Estimator):
    """A model as a transformer of scikit-learn, whose features are the model's outputs.

    scikit-learn has to be installed when one is made.

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
    """

    _mixin = "TransformerMixin"

    if TYPE_CHECKING:  # what instances have of scikit-learn

        def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> npt.NDArray[Any]:
            """Train the model, and return its outputs."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # outputs have the model's
        return tags

    def transform(self, X: Any) -> npt.NDArray[Any]:
        """Return the outputs of the model, an array of features.

        Args:
            X: array or DataFrame of numbers, (num_samples, num_features).

        Raises:
            NotFittedError: if `fit` was not called.
            ValueError: if X is not of such a form, or has NaN or infinity in it.
        """
        return self._outputs(X)
