"""Penalties on weights, added to the loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import kcore_ops as ops
import numpy as np
from kcore_ops.engine.call import beside
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError

from kcore_layers.options.argument_types import RegularizerLike
from kcore_layers.serialization.objects import builtin, resolve, serialize_keras_object

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]

_MODULE = "keras.regularizers"


@builtin(_MODULE)
class Regularizer:
    """Base of the functions from a weight to a scalar penalty. Subclass it, or pass any function of one argument.

    >>> class Largest(Regularizer):
    ...     def __call__(self, x):
    ...         return ops.max(ops.abs(x))
    >>> Largest()([1.0, -3.0]).item()
    3.0
    """

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty for a weight, a scalar tensor.

        Args:
            x: tensor, the weight.
        """
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        raise NotImplementedError(f"{type(self).__name__} has no get_config(): define it to save models that use it")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        return cls(**config)


@builtin(_MODULE)
class L1(Regularizer):
    """Penalize the sum of absolute values: `l1 * sum(|x|)`.

    Args:
        l1: float from 0, the factor; 0.01, for None too.

    Raises:
        ArgumentError: if `l1` is not a finite number from 0.

    >>> L1(0.5)([1.0, -3.0]).item()
    2.0
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor("l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty for a weight, a scalar tensor.

        Args:
            x: tensor, the weight.
        """
        return self.l1 * ops.sum(ops.absolute(x))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {"l1": self.l1}


@builtin(_MODULE)
class L2(Regularizer):
    """Penalize the sum of squares: `l2 * sum(x**2)`.

    Args:
        l2: float from 0, the factor; 0.01, for None too.

    Raises:
        ArgumentError: if `l2` is not a finite number from 0.

    >>> L2(0.5)([1.0, -3.0]).item()
    5.0
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor("l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty for a weight, a scalar tensor.

        Args:
            x: tensor, the weight.
        """
        return self.l2 * ops.sum(ops.square(x))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {"l2": self.l2}


@builtin(_MODULE, aliases=("l1l2",))
class L1L2(Regularizer):
    """Penalize absolute values and squares: `l1 * sum(|x|) + l2 * sum(x**2)`.

    Args:
        l1: float from 0, the factor of the absolute values; 0, for None too.
        l2: float from 0, the factor of the squares; 0, for None too.

    Raises:
        ArgumentError: if one is not a finite number from 0.
    Source: Zou & Hastie (2005), "Regularization and variable selection via the elastic net".

    >>> L1L2(0.5, 0.5)([1.0, -3.0]).item()
    7.0
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor("l1", 0.0 if l1 is None else l1)
        self.l2 = _factor("l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty for a weight, a scalar tensor.

        Args:
            x: tensor, the weight.
        """
        return self.l1 * ops.sum(ops.absolute(x)) + self.l2 * ops.sum(ops.square(x))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {"l1": self.l1, "l2": self.l2}


@builtin(_MODULE)
class OrthogonalRegularizer(Regularizer):
    """Penalize the mean absolute cosine between pairs of rows, or of columns, of a matrix: 0 where they are orthogonal.

    Args:
        factor: float from 0, what the mean is multiplied by; 0.01.
        mode: "rows" or "columns", which should be orthogonal; "rows".

    Raises:
        ArgumentError: if `factor` is not a finite number from 0, or there is no such mode.
        ShapeError: when called, if the weight is not a matrix.

    >>> round(OrthogonalRegularizer(factor=1.0)(ops.array([[1.0, 0.0], [3.0, 4.0]])).item(), 3)
    0.6
    """

    def __init__(self, factor: float = 0.01, mode: Literal["rows", "columns"] = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ArgumentError(f"mode can not be {mode!r}", fix="use 'rows' or 'columns'").at("OrthogonalRegularizer")
        self.factor = _factor("factor", factor)
        self.mode = mode

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty for a weight, a scalar tensor.

        Args:
            x: matrix, the weight.
        """
        if len(x.shape) != 2:
            raise ShapeError(f"the weight has shape {tuple(x.shape)}", fix="use it on a matrix").at(
                "OrthogonalRegularizer"
            )
        vectors = x if self.mode == "rows" else ops.transpose(x)
        num_vectors = vectors.shape[0]
        unit = ops.normalize(vectors, axis=1)
        with beside(unit):
            others = 1.0 - ops.eye(num_vectors, dtype=ops.dtype(unit))
        cosines = ops.matmul(unit, ops.transpose(unit)) * others
        # Each pair is there twice; a single vector has no pairs, and a penalty of 0.
        return self.factor * ops.sum(ops.absolute(cosines)) / max(num_vectors * (num_vectors - 1), 1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {"factor": self.factor, "mode": self.mode}


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer


def _factor(name: str, value: Any) -> float:
    if not isinstance(value, int | float | np.number) or not math.isfinite(value) or value < 0:
        raise ArgumentError(f"{name} can not be {value!r}", fix="use a finite number from 0")
    return float(value)


def get(identifier: RegularizerLike) -> Any:
    """Return the regularizer meant by a name, a config, a class or a function; None for None.

    Args:
        identifier: regularizer, class, function, name or config; None is returned as it is.

    Raises:
        ArgumentError: if there is none.

    >>> get("l2").get_config()
    {'l2': 0.01}
    """
    return resolve(identifier, "regularizer", _MODULE)


def serialize(regularizer: Callable[..., Tensor] | None) -> Any:
    """Return a regularizer as plain data.

    Args:
        regularizer: regularizer, an instance or a function; None is returned as it is.

    >>> serialize(L2(0.5))["config"]
    {'l2': 0.5}
    """
    return serialize_keras_object(regularizer)


def deserialize(config: str | Mapping[str, Any] | None, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a regularizer of plain data.

    Args:
        config: plain data, as `serialize` returns it, or a name.
        custom_objects: dict from names to classes and functions, beside those registered; None for no more.

    Raises:
        ArgumentError: if it is not the data of a regularizer.

    >>> deserialize(serialize(L2(0.5))).l2
    0.5
    """
    return resolve(config, "regularizer", _MODULE, custom_objects)
