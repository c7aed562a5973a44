"""Functions that bring a weight back to where it must be, after each update."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops import config
from kcore_ops.dtypes import is_float_dtype
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError
from kcore_ops.ops.nn.precision import narrowed, widened

from kcore_layers.options.argument_types import ConstraintLike
from kcore_layers.serialization.objects import builtin, resolve, serialize_keras_object

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

_MODULE = "keras.constraints"


@builtin(_MODULE)
class Constraint:
    """Base of the functions from a weight to one of the same shape and dtype. Subclass it, or pass any such function.

    Those here take arrays and numbers too, integers as floats.

    >>> class AtMostOne(Constraint):
    ...     def __call__(self, w):
    ...         return ops.minimum(w, 1)
    >>> AtMostOne()(ops.array([0.5, 3.0]))
    array([0.5, 1. ], dtype=float32)
    """

    def __call__(self, w: Tensor) -> Tensor:
        """Return the weight that takes the place of `w`.

        Args:
            w: tensor, the weight.
        """
        return w

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        return cls(**config)


@builtin(_MODULE)
class MaxNorm(Constraint):
    """Shorten the vectors along an axis that are longer than `max_value`.

    Args:
        max_value: float from 0, the greatest Euclidean norm; 2.
        axis: int or ints, along which a vector lies: 0 for the weights into each unit of a `Dense`, `[0, 1, 2]` for
            each filter of a `Conv2D`; None is all; 0.

    Raises:
        ArgumentError: if `max_value` is negative, or `axis` is no axis.
    Source: Srivastava et al. (2014), "Dropout", section 5.1.

    >>> MaxNorm(1.0)(ops.array([[3.0, 0.5], [4.0, 0.0]])).round(3)
    array([[0.6, 0.5],
           [0.8, 0. ]], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] | None = 0) -> None:
        self.max_value = _bound("max_value", max_value)
        self.axis = _axis(axis)

    def __call__(self, w: Tensor) -> Tensor:
        """Return the weight that takes the place of `w`.

        Args:
            w: tensor, the weight.
        """
        w, wide = _tensors(w)
        norms = _norms(wide, self.axis)
        # A factor of exactly 1 for what is short enough: it stays as it is, however often this is applied.
        return narrowed(wide * (ops.minimum(norms, self.max_value) / _not_zero(norms)), w)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {"max_value": self.max_value, "axis": self.axis}


@builtin(_MODULE)
class NonNeg(Constraint):
    """Set negative elements to 0.

    >>> NonNeg()(ops.array([-1.0, 2.0]))
    array([0., 2.], dtype=float32)
    """

    def __call__(self, w: Tensor) -> Tensor:
        """Return the weight that takes the place of `w`.

        Args:
            w: tensor, the weight.
        """
        return ops.maximum(ops.convert_to_tensor(w), 0)


@builtin(_MODULE)
class UnitNorm(Constraint):
    """Scale the vectors along an axis to a Euclidean norm of 1; vectors of zeros stay.

    Args:
        axis: int or ints, along which a vector lies; None is all; 0.

    >>> UnitNorm()(ops.array([[3.0], [4.0]])).round(3)
    array([[0.6],
           [0.8]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] | None = 0) -> None:
        self.axis = _axis(axis)

    def __call__(self, w: Tensor) -> Tensor:
        """Return the weight that takes the place of `w`.

        Args:
            w: tensor, the weight.
        """
        w, wide = _tensors(w)
        return narrowed(wide / _not_zero(_norms(wide, self.axis)), w)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {"axis": self.axis}


@builtin(_MODULE)
class MinMaxNorm(Constraint):
    """Bring the norms of the vectors along an axis between two bounds; vectors of zeros stay.

    Args:
        min_value: float from 0, the least Euclidean norm; 0.
        max_value: float from 0, the greatest; 1.
        rate: float from 0 to 1, the fraction of the way to go at each update; 1.
        axis: int or ints, along which a vector lies; None is all; 0.

    Raises:
        ArgumentError: if a bound is negative, the least is above the greatest, `rate` is not from 0 to 1, or `axis` is
            no axis.

    >>> MinMaxNorm(1.0, 2.0, rate=0.5)(ops.array([[3.0], [4.0]])).round(3)
    array([[2.1],
           [2.8]], dtype=float32)
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: int | Sequence[int] | None = 0
    ) -> None:
        self.min_value = _bound("min_value", min_value)
        self.max_value = _bound("max_value", max_value)
        if min_value > max_value:
            raise ArgumentError(f"min_value={min_value} is above max_value={max_value}", fix="swap them").at(
                "MinMaxNorm"
            )
        self.rate = _bound("rate", rate)
        if rate > 1:
            raise ArgumentError(f"rate can not be {rate!r}", fix="use a fraction, from 0 to 1").at("MinMaxNorm")
        self.axis = _axis(axis)

    def __call__(self, w: Tensor) -> Tensor:
        """Return the weight that takes the place of `w`.

        Args:
            w: tensor, the weight.
        """
        w, wide = _tensors(w)
        norms = _norms(wide, self.axis)
        wanted = self.rate * ops.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return narrowed(wide / _not_zero(norms) * wanted, w)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm


def _bound(name: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not value >= 0:
        raise ArgumentError(f"{name} can not be {value!r}", fix="use a number from 0")
    return value


def _tensors(w: Any) -> tuple[Any, Any]:
    """Return a weight, which may be an array or numbers, as a tensor, and that in the precision of its norms."""
    w = ops.convert_to_tensor(w)
    if not is_float_dtype(ops.dtype(w)):
        w = ops.cast(w, config.floatx())
    return w, widened(w)


def _axis(axis: Any) -> int | Sequence[int] | None:
    """Return an axis or several as Python's integers, or None for all.

    Raises:
        ArgumentError: if it is none of these.
    """
    axes = list(axis) if isinstance(axis, Sequence) else [] if axis is None else [axis]
    if any(isinstance(each, bool) or not hasattr(each, "__index__") for each in axes):
        raise ArgumentTypeError(f"axis can not be {axis!r}", fix="pass an integer, several, or None for all axes")
    return None if axis is None else [int(each) for each in axes] if isinstance(axis, Sequence) else int(axis)


def _norms(w: Any, axis: int | Sequence[int] | None) -> Any:
    axes = tuple(axis) if isinstance(axis, Sequence) else axis
    return ops.sqrt(ops.sum(ops.square(w), axis=axes, keepdims=True))


def _not_zero(norms: Any) -> Any:
    """Return norms to divide by: those of zeros are 1."""
    return ops.where(ops.equal(norms, 0), ops.ones_like(norms), norms)


def get(identifier: ConstraintLike) -> Any:
    """Return the constraint meant by a name, a config, a class or a function; None for None.

    Args:
        identifier: constraint, class, function, name or config; None is returned as it is.

    Raises:
        ArgumentError: if there is none.

    >>> get("unit_norm").get_config()
    {'axis': 0}
    """
    return resolve(identifier, "constraint", _MODULE)


def serialize(constraint: Callable[..., Tensor] | None) -> Any:
    """Return a constraint as plain data.

    Args:
        constraint: constraint, an instance or a function; None is returned as it is.

    >>> serialize(UnitNorm(axis=1))["config"]
    {'axis': 1}
    """
    return serialize_keras_object(constraint)


def deserialize(config: str | Mapping[str, Any] | None, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a constraint of plain data.

    Args:
        config: plain data, as `serialize` returns it, or a name.
        custom_objects: dict from names to classes and functions, beside those registered; None for no more.

    Raises:
        ArgumentError: if it is not the data of a constraint.

    >>> deserialize(serialize(UnitNorm(axis=1))).axis
    1
    """
    return resolve(config, "constraint", _MODULE, custom_objects)
