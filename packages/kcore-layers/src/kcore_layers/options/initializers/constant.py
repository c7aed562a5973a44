"""Initializers that draw nothing: numbers given, and the identity matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops import dtypes
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ShapeError

from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.options.initializers.initializer import MODULE, Array, Initializer, checked, number
from kcore_layers.serialization.objects import builtin, deserialize_keras_object, serialize_keras_object

__all__ = ["Constant", "Identity", "IdentityInitializer", "Ones", "Zeros", "constant", "identity", "ones", "zeros"]


@builtin(MODULE)
class Constant(Initializer):
    """Fill a weight with a number, or with numbers that broadcast to its shape.

    Args:
        value: number, nested list, array or tensor; 0.

    Raises:
        ShapeError: when called, if `value` does not broadcast to the shape.

    >>> Constant(0.5)((2,))
    array([0.5, 0.5], dtype=float32)
    """

    def __init__(self, value: Tensor = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = None) -> Array:
        """Return the first value of a weight.

        Args:
            shape: ints, sizes of the weight.
            dtype: dtype or its name; None is `config.floatx()`.
        """
        sizes, name = checked(shape, dtype)
        value = self.value if isinstance(self.value, int | float | list) else ops.convert_to_numpy(self.value)
        array = np.asarray(value).astype(dtypes.numpy_dtype(name))
        try:
            return np.broadcast_to(array, sizes).copy()
        except ValueError as error:
            raise ShapeError(
                f"a value of shape {array.shape} does not broadcast to {sizes}",
                fix="pass a value of the weight's shape",
            ).at("Constant") from error

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constant:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        return cls(deserialize_keras_object(config.get("value", 0.0)))


@builtin(MODULE, aliases=("zero",))
class Zeros(Initializer):
    """Fill a weight with zeros.

    >>> Zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = None) -> Array:
        """Return the first value of a weight.

        Args:
            shape: ints, sizes of the weight.
            dtype: dtype or its name; None is `config.floatx()`.
        """
        sizes, name = checked(shape, dtype)
        return np.zeros(sizes, dtypes.numpy_dtype(name))


@builtin(MODULE, aliases=("one",))
class Ones(Initializer):
    """Fill a weight with ones.

    >>> Ones()((2,), "int32")
    array([1, 1], dtype=int32)
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = None) -> Array:
        """Return the first value of a weight.

        Args:
            shape: ints, sizes of the weight.
            dtype: dtype or its name; None is `config.floatx()`.
        """
        sizes, name = checked(shape, dtype)
        return np.ones(sizes, dtypes.numpy_dtype(name))


@builtin(MODULE, aliases=("IdentityInitializer",))
class Identity(Initializer):
    """Make a matrix with `gain` on the diagonal and zeros elsewhere.

    Args:
        gain: float, the number on the diagonal; 1.

    Raises:
        ShapeError: when called, if the weight is not a matrix.

    >>> Identity(2.0)((2, 3))
    array([[2., 0., 0.],
           [0., 2., 0.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number("gain", gain)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = None) -> Array:
        """Return the first value of a weight.

        Args:
            shape: ints, sizes of the weight.
            dtype: dtype or its name; None is `config.floatx()`.
        """
        sizes, name = checked(shape, dtype)
        if len(sizes) != 2:
            raise ShapeError(f"an identity matrix can not have the shape {sizes}", fix="use it for a matrix").at(
                "Identity"
            )
        return (self.gain * np.eye(*sizes)).astype(dtypes.numpy_dtype(name))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {"gain": self.gain}


# Keras's other names for them.
IdentityInitializer = identity = Identity
constant = Constant
ones = Ones
zeros = Zeros
