"""The base of metrics: state that is updated batch by batch, and a result of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_layers.base.naming import auto_name, snake_case
from kcore_layers.options.argument_types import DTypeLike, InitializerLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import DType, Shape, StatelessScope, Tensor, Variable, dtype_policies
from kcore_ops.backends.current import current_backend, on
from kcore_ops.backends.interface import Backend
from kcore_ops.dtypes import numpy_dtype, standardize_dtype
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.losses.alignment import tensor
from kcore_train.losses.weighting import masked_weight

__all__ = ["Metric", "check_count"]


@builtin("keras.metrics")
class Metric:
    """Base class of metrics. A subclass creates its variables and defines `update_state` and `result`.

    A metric belongs to the backend that is current when it is made. Variables and metrics that it holds, in attributes,
    lists or dicts, are part of its state.

    Args:
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.
        name: str or None, the name in logs, None for the class name in snake case; None.

    >>> class Largest(Metric):
    ...     def __init__(self, name="largest"):
    ...         super().__init__(name=name)
    ...         self.largest = self.add_variable((), "zeros")
    ...     def update_state(self, values):
    ...         self.largest.assign(ops.maximum(self.largest, ops.max(values)))
    ...     def result(self):
    ...         return self.largest.value
    >>> metric = Largest()
    >>> metric.update_state(np.array([1.0, 3.0], "float32"))
    >>> metric.result().item()
    3.0
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make what a subclass defines run on the backend that the metric belongs to."""
        super().__init_subclass__(**kwargs)
        for method in ("update_state", "result"):
            if method in cls.__dict__:
                setattr(cls, method, _on_own_backend(cls.__dict__[method]))

    def __init__(self, dtype: DTypeLike = None, name: str | None = None) -> None:
        self.name = name or auto_name(snake_case(type(self).__name__))
        self._dtype_policy = dtype_policies.get(ops.config.floatx() if dtype is None else dtype)
        self._dtype = self._dtype_policy.compute_dtype
        self._backend: Backend = current_backend()
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """Name of the dtype that the metric is computed in."""
        return self._dtype

    # State.

    def add_variable(
        self,
        shape: Shape,
        initializer: InitializerLike,
        dtype: DType | None = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Create a variable that is part of the state.

        Args:
            shape: int or tuple of ints, the shape.
            initializer: `Initializer`, its name, tensor or None, the initial value, None for zeros.
            dtype: dtype or its name; None, for `config.floatx()`.
            aggregation: "none", "mean", "sum" or "only_first_replica", how copies on several devices are combined;
                "sum".
            name: str or None, the name, None for one made of a counter; None.
        """
        dtype = standardize_dtype(dtype)
        if initializer is None or isinstance(initializer, str) and initializer == "zeros":
            # Made on the host, and so no part of a graph that may be being traced.
            value: Any = np.zeros(shape, numpy_dtype(dtype))
            shape = None
        elif isinstance(initializer, str):
            from kcore_layers.options import initializers

            value = initializers.get(initializer)
        else:
            value = initializer
        with on(self._backend):
            variable = Variable(
                value,
                shape,
                dtype,
                trainable=False,
                autocast=False,
                aggregation=aggregation,
                synchronization="on_read",
                name=name,
            )
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Shape = (),
        initializer: InitializerLike = None,
        dtype: DType | None = None,
        name: str | None = None,
    ) -> Variable:
        """Create a variable that is part of the state, of zeros unless an initializer is given.

        Args:
            shape: int or tuple of ints, the shape; ().
            initializer: `Initializer`, its name, tensor or None, the initial value, None for zeros; None.
            dtype: dtype or its name; None, for `config.floatx()`.
            name: str or None, the name, None for one made of a counter; None.
        """
        return self.add_variable(shape, initializer, dtype=dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The state: the metric's own variables, and then those of the metrics it holds."""
        own = {id(variable): variable for variable in self._variables}
        metrics: list[Metric] = []
        for held in _held(self.__dict__.values()):
            if isinstance(held, Variable):
                own[id(held)] = held
            else:
                metrics.append(held)
        for metric in metrics:
            own.update((id(variable), variable) for variable in metric.variables)
        return list(own.values())

    def build(self, y_true_shape: Sequence[int | None], y_pred_shape: Sequence[int | None]) -> None:
        """Create the variables whose shape depends on that of the data; those of most metrics do not.

        The first `update_state` calls it. Where that is compiled, call it before: state can not come into being there.

        Args:
            y_true_shape: sequence of ints or None, the shape of the targets, None where a size is unknown.
            y_pred_shape: sequence of ints or None, the shape of the predictions, likewise.
        """

    def reset_state(self) -> None:
        """Set the state to zeros."""
        with on(self._backend):
            for variable in self.variables:
                variable.assign(ops.zeros(variable.shape, variable.dtype))

    def update_state(self, *args: Tensor, **kwargs: Tensor) -> Tensor:
        """Update the state with a batch.

        Args:
            *args: tensors, the batch, in most metrics `y_true` and `y_pred`.
            **kwargs: tensors, in most metrics `sample_weight`.

        Raises:
            NotImplementedError: unless a subclass defines it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define update_state()")

    def result(self) -> Tensor:
        """Return the metric of what was seen since the last reset: a tensor, or a dict of them.

        Raises:
            NotImplementedError: unless a subclass defines it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define result()")

    def __call__(self, *args: Tensor, **kwargs: Tensor) -> Tensor:
        """Update the state with a batch and return the result.

        Args:
            *args: tensors, the arguments of `update_state`.
            **kwargs: tensors, the keyword arguments of `update_state`.
        """
        self.update_state(*args, **kwargs)
        return self.result()

    # The same as pure functions of the state.

    def stateless_update_state(
        self, metric_variables: Sequence[Tensor], *args: Tensor, **kwargs: Tensor
    ) -> list[Tensor]:
        """Return the state after a batch, given that before it; the metric's own stays as it is.

        Args:
            metric_variables: sequence of tensors, the state, a value for each of `variables`.
            *args: tensors, the arguments of `update_state`.
            **kwargs: tensors, the keyword arguments of `update_state`.

        Raises:
            ArgumentError: if there is not one value for each variable.
        """
        with self._scope(metric_variables) as scope:
            self.update_state(*args, **kwargs)
            return [scope.get_current_value(variable) for variable in self.variables]

    def stateless_result(self, metric_variables: Sequence[Tensor]) -> Tensor:
        """Return the result of a state.

        Args:
            metric_variables: sequence of tensors, the state, a value for each of `variables`.

        Raises:
            ArgumentError: if there is not one value for each variable.
        """
        with self._scope(metric_variables):
            return self.result()

    def stateless_reset_state(self) -> list[Tensor]:
        """Return the state in which nothing was seen."""
        with StatelessScope() as scope:
            self.reset_state()
            return [scope.get_current_value(variable) for variable in self.variables]

    def _scope(self, values: Sequence[Any]) -> StatelessScope:
        variables = self.variables
        if len(values) != len(variables):
            raise ArgumentError(
                f"{self!r} has {len(variables)} variables, and metric_variables has {len(values)}",
                fix="pass one value for each of metric.variables, in that order",
            )
        return StatelessScope(list(zip(variables, values, strict=True)))

    # What subclasses share.

    def _tensor(self, x: Tensor, dtype: str | None = None) -> Tensor:
        """Return `x` as a tensor of the metric's backend."""
        return tensor(self._backend, x, dtype)

    def _masked(self, weight: Tensor | None, mask: Tensor | None) -> Tensor:
        """Return the weights of samples, or None, with zeros where a mask leaves samples out."""
        return weight if mask is None else masked_weight(weight, mask, self._backend, self._dtype, is_leading=True)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the metric."""
        return {"name": self.name, "dtype": self._dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """Create a metric from what `get_config` returned.

        Args:
            config: dict, what `get_config` returned.

        Raises:
            ArgumentError: if the class has no such argument.
        """
        try:
            return cls(**config)
        except TypeError as error:
            raise ArgumentError(f"{cls.__name__} can not be made of {config!r}: {error}") from error

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def check_count(name: str, value: object, least: int, where: str) -> None:
    """Check that an argument of a metric is a count.

    Args:
        name: str, the name of the argument.
        value: anything, the argument.
        least: int, the least count allowed.
        where: str, the metric to name in errors.

    Raises:
        ArgumentError: at `where`, if it is no integer of at least `least`.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ArgumentError(f"{name}={value!r} is not a count", fix=f"pass {least} or more").at(where)


def _on_own_backend(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def on_own_backend(self: Metric, *args: Any, **kwargs: Any) -> Any:
        if current_backend() is self._backend:
            return method(self, *args, **kwargs)
        with on(self._backend):
            return method(self, *args, **kwargs)

    return on_own_backend


def _held(values: Iterable[Any]) -> Iterator[Any]:
    """Return the variables and metrics among some values, and in the containers among them."""
    for value in values:
        if isinstance(value, Variable | Metric):
            yield value
        elif isinstance(value, list | tuple):
            yield from _held(value)
        elif isinstance(value, dict):
            yield from _held(value.values())
