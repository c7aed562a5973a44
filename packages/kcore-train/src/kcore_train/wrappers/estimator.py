"""`Estimator`: what the wrappers for scikit-learn share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from kcore_layers import Model
from kcore_layers.models import clone_model
from kcore_ops.backends.current import on
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError

from kcore_train.wrappers.sklearn_class import remake, sklearn_class

if TYPE_CHECKING:
    from kcore_train.callbacks import History

__all__ = ["Estimator"]

Array = npt.NDArray[Any]


class _SignatureOfInit:
    """A class's `__signature__`, which without this would be that of `__new__`."""

    def __get__(self, instance: object, cls: type) -> inspect.Signature:
        signature = inspect.signature(cls.__init__)  # type: ignore[misc]
        return signature.replace(parameters=list(signature.parameters.values())[1:])


class Estimator:
    """A model as an estimator of scikit-learn; a subclass says what targets and predictions are.

    The arguments are those of `SKLearnRegressor`.
    """

    # sklearn's machinery reads what may be routed to `fit` from its signature, which has `**kwargs` alone.
    __metadata_request__fit: ClassVar[Mapping[str, Any]] = {"sample_weight": None}
    __signature__ = _SignatureOfInit()
    _mixin: ClassVar[str]

    model_: Any
    history_: History

    def __new__(cls, *args: object, **kwargs: object) -> Any:
        """Return an instance of the class that is made of this one and scikit-learn's."""
        return object.__new__(sklearn_class(cls, cls._mixin))

    def __init__(
        self,
        model: Model | Callable[..., Model],
        warm_start: bool = False,
        model_kwargs: Mapping[str, Any] | None = None,
        fit_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        # As they were given: scikit-learn compares them with what a clone was given.
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Return what copies and pickles are made of: the class as it was written can be found by its name."""
        return remake, (type(self).__dict__["_kcore_original"],), self.__getstate__()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.non_deterministic = True
        return tags

    if TYPE_CHECKING:  # what instances have of scikit-learn

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            """Return the arguments by name."""

        def set_params(self, **params: Any) -> Self:
            """Set arguments by name."""

        def set_fit_request(self, *, sample_weight: bool | str | None = None) -> Self:
            """Say whether a search or a pipeline hands on `sample_weight` to `fit`, or under which name."""

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:
        """Train the model, made anew unless `warm_start` is set and there is one; returns the estimator.

        Args:
            X: array or DataFrame of numbers, (num_samples, num_features).
            y: array, (num_samples,), the targets.
            **kwargs: of the model's `fit`, before those in `fit_kwargs`; `sample_weight` for one.

        Raises:
            ArgumentError: if the model is not compiled, or `model` makes none.
            ValueError: if X or y are not of such a form, or have NaN or infinity in them.
        """
        from sklearn.utils.validation import validate_data

        is_going_on = self.warm_start and hasattr(self, "model_")
        X, y = validate_data(self, X, y, reset=not is_going_on, y_numeric=self._mixin == "RegressorMixin")
        arguments = {**(self.fit_kwargs or {}), **kwargs}
        if arguments.get("sample_weight") is not None:
            arguments["sample_weight"] = np.asarray(arguments["sample_weight"])
        targets, found = self._encoded(y, is_going_on, arguments.get("sample_weight"))
        num_before = self.epoch_ if is_going_on else 0
        model = self.model_ if is_going_on else self._made(X, targets)
        self.history_ = model.fit(X, targets, **arguments)
        self.model_ = model
        vars(self).update(found)
        self._num_epochs = num_before + len(self.history_.epoch)
        return self

    def predict(self, X: Any) -> Array:
        """Return what the model predicts.

        Args:
            X: array or DataFrame of numbers, (num_samples, num_features).

        Raises:
            NotFittedError: if `fit` was not called.
            ValueError: if X is not of such a form, or has NaN or infinity in it.
        """
        return self._decoded(self._outputs(X))

    @property
    def epoch_(self) -> int:
        """How many epochs `model_` has been trained for."""
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self, "model_")
        return self._num_epochs

    def _encoded(self, y: Array, is_going_on: bool, sample_weight: Array | None) -> tuple[Array, dict[str, Any]]:
        """Return targets as the model takes them, and attributes that a `fit` with them is to leave."""
        from sklearn.utils.multiclass import type_of_target

        type_of_target(y, raise_unknown=True)
        return y.reshape(-1, 1), {}

    def _decoded(self, outputs: Array) -> Array:
        """Return outputs of the model as predictions."""
        return outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs

    def _outputs(self, X: Any) -> Array:
        from sklearn.utils.validation import check_is_fitted, validate_data

        check_is_fitted(self, "model_")
        return np.asarray(self.model_.predict(validate_data(self, X, reset=False), verbose=0))

    def _made(self, X: Array, targets: Array) -> Any:
        """Return a model with first weights."""
        where = f"{type(self).__name__}.fit"
        if isinstance(self.model, Model):
            if self.model_kwargs:
                raise ArgumentError(
                    f"model_kwargs has {', '.join(self.model_kwargs)}, and model is no function that takes it",
                    fix="pass a function that makes the model, or leave out model_kwargs",
                ).at(where)
            with on(self.model._kcore_backend):
                made = clone_model(self.model)
        elif callable(self.model):
            made = self.model(X=X, y=targets, **(self.model_kwargs or {}))
        else:
            raise ArgumentTypeError(
                f"model is {self.model!r}", fix="pass a compiled model, or a function of X and y that makes one"
            ).at(where)
        if not isinstance(made, Model):
            raise ArgumentTypeError(
                f"the function that is to make a model has returned {made!r}", fix="return a compiled model"
            ).at(where)
        if not made.compiled:
            raise ArgumentError("the model is not compiled", fix="call its compile with an optimizer and a loss").at(
                where
            )
        return made
