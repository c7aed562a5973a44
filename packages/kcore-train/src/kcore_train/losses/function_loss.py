"""Losses that are a function of targets and predictions, and how functions are told which class calls them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.foundation.errors import KcoreError

from kcore_train.losses.argument_types import Reduction
from kcore_train.losses.loss import Loss

__all__ = ["FunctionArguments", "FunctionLoss", "named_for"]


def named_for(error: KcoreError, function: Callable[..., Any], name: str) -> KcoreError:
    """Return an error that a function raised with the name of the class that the user wrote in place of its own.

    Args:
        error: `KcoreError`, what the function raised.
        function: function, the one that raised it.
        name: str, the name of the class.
    """
    if not error.where or error.where == [getattr(function, "__name__", "")]:
        error.where = [name]
    else:
        error.at(name)
    return error


class FunctionArguments:
    """Keep the further arguments of the function of a loss or metric.

    Those of a subclass are attributes of the object, as of `Huber` the `delta`; set anew, they count from then on.
    """

    def _keep_arguments(self, arguments: Mapping[str, Any], are_attributes: bool) -> None:
        self._fixed_arguments = {} if are_attributes else dict(arguments)
        self._argument_names = tuple(arguments) if are_attributes else ()
        for name in self._argument_names:
            setattr(self, name, arguments[name])

    @property
    def _arguments(self) -> dict[str, Any]:
        names = self._argument_names
        if not names:
            return self._fixed_arguments
        own = self.__dict__
        return {name: own[name] for name in names}


class FunctionLoss(FunctionArguments, Loss):
    """Compute a loss by calling a function.

    Args:
        fn: function, from `(y_true, y_pred, **kwargs)` to the loss of each sample.
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for the name of the function; None.
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.
        **kwargs: more arguments of the function; none. In a subclass they are attributes, and part of its config.

    >>> FunctionLoss(lambda y_true, y_pred: abs(y_true - y_pred), name="distance")([1.0], [3.0]).item()
    2.0
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = None,
        dtype: DTypeLike = None,
        **kwargs: object,
    ) -> None:
        super().__init__(name=name or getattr(fn, "__name__", None), reduction=reduction, dtype=dtype)
        self.fn = fn
        self._keep_arguments(kwargs, are_attributes=type(self) is not FunctionLoss)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Compute the loss of each sample.

        Args:
            y_true: tensor, the targets, `(batch, ...)`.
            y_pred: tensor, the predictions, `(batch, ...)`.
        """
        try:
            return self.fn(y_true, y_pred, **self._arguments)
        except KcoreError as error:
            name = self.name if type(self) is FunctionLoss else type(self).__name__
            raise named_for(error, self.fn, name)  # noqa: B904 (its cause is its own)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the loss."""
        own = {"fn": serialize_keras_object(self.fn)} if type(self) is FunctionLoss else {}
        return {**super().get_config(), **self._arguments, **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """Create a loss from what `get_config` returned.

        Args:
            config: dict, what `get_config` returned.
        """
        if "fn" in config:
            config = {**config, "fn": deserialize_keras_object(config["fn"])}
        return super().from_config(config)


builtin("keras.losses", name="LossFunctionWrapper")(FunctionLoss)
