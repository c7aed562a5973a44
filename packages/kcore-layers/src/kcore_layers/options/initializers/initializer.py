"""What an initializer is, and how one draws numbers: on the host, the same on every backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeAlias, cast

import kcore_ops as ops
import numpy as np
from kcore_ops import dtypes
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError
from kcore_ops.ops.random.seeds import draw_seed
from kcore_ops.random import SeedGenerator

from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.options.initializers.drawing import draws
from kcore_layers.serialization.objects import builtin, deserialize_keras_object, serialize_keras_object

__all__ = ["Initializer", "RandomInitializer"]

MODULE = "keras.initializers"

Array: TypeAlias = np.ndarray[Any, Any]

# The upper half of the key of every draw, so that weights do not repeat what ops.random draws from the same seed.
_STREAM = int.from_bytes(b"weights", "big") << 64


@builtin(MODULE)
class Initializer:
    """Base of the functions from a shape and a dtype to a weight's first value. Subclass it, or pass any such function.

    >>> class Sevens(Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return np.full(shape, 7, dtype)
    >>> Sevens()((2,), "float32")
    array([7., 7.], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = None) -> Any:
        """Return the first value of a weight.

        Args:
            shape: ints, sizes of the weight.
            dtype: dtype or its name; None is `config.floatx()`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no __call__(shape, dtype=None): define it")

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        return cls(**config)

    def clone(self) -> Self:
        """Make another one like it."""
        return type(self).from_config(self.get_config())


class RandomInitializer(Initializer):
    """Base of the initializers that draw numbers, the same ones whatever the backend.

    Args:
        seed: int for the same numbers at each call; a `SeedGenerator` for other ones each time; None for those that
            follow from `set_random_seed`, other ones each time; None.
    """

    def __init__(self, seed: int | SeedGenerator | Mapping[str, Any] | None = None) -> None:
        if isinstance(seed, Mapping):
            seed = cast(SeedGenerator, deserialize_keras_object(seed))
        if seed is not None and not isinstance(seed, SeedGenerator):
            draw_seed(seed)  # raises if it is no seed
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {"seed": serialize_keras_object(self.seed)}

    def clone(self) -> Self:
        """Make another one like it, which shares its `SeedGenerator`, if it has one."""
        made = super().clone()
        made.seed = self.seed
        return made

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = None) -> Array:
        """Draw an array of a shape and floating dtype.

        Args:
            shape: ints, sizes of the weight.
            dtype: floating dtype or its name; None is `config.floatx()`.

        Raises:
            DTypeError: if the dtype is not a real floating one.
            ShapeError: if a size is negative or no integer.
        """
        sizes, name = checked(shape, dtype)
        if not dtypes.is_float_dtype(name):
            raise DTypeError(f"{type(self).__name__} draws no {name} numbers", fix="use a floating dtype")
        wide = dtypes.at_least_float32(name)
        if not draws.get():
            self._generator()  # the draws after this one are the same
            return np.zeros(sizes, dtypes.numpy_dtype(name))
        return self.draw(self._generator(), sizes, np.dtype(wide)).astype(dtypes.numpy_dtype(name), copy=False)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Draw an array of float32 or float64. Subclasses define this.

        Args:
            rng: generator of NumPy, to draw from.
            shape: tuple of ints, sizes of the array.
            dtype: float32 or float64, of NumPy.
        """
        raise NotImplementedError

    def _generator(self) -> np.random.Generator:
        low, high = (int(half) for half in ops.convert_to_numpy(draw_seed(self.seed)))
        return np.random.Generator(np.random.Philox(key=_STREAM | high << 32 | low))


def checked(shape: Sequence[int], dtype: DTypeLike) -> tuple[tuple[int, ...], str]:
    """Return the sizes as a tuple of integers, and the dtype by its name.

    Args:
        shape: ints, sizes of the weight.
        dtype: dtype or its name; None is `config.floatx()`.
    """
    try:
        sizes = tuple(size.__index__() for size in shape)
    except (TypeError, AttributeError) as error:
        raise ShapeError(
            f"a weight can not have the shape {shape!r}", fix="pass integers, for example (3, 4)"
        ) from error
    if any(size < 0 for size in sizes):
        raise ShapeError(f"a weight can not have the shape {shape!r}", fix="pass sizes from 0")
    return sizes, dtypes.standardize_dtype(dtype)


def number(name: str, value: Any, least: float = -np.inf) -> float:
    """Return an argument that must be a finite number.

    Args:
        name: string, the name of the argument.
        value: what was passed.
        least: float, the least that is allowed; minus infinity.

    Raises:
        ArgumentError: if it is none, or less than `least`.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not least <= value < np.inf:
        at_least = "" if least == -np.inf else f" from {least:g}"
        raise ArgumentError(f"{name} can not be {value!r}", fix=f"use a finite number{at_least}")
    return value  # type: ignore[return-value]
