"""Where random numbers get their seeds: `SeedGenerator`, and the generator of the process."""

from __future__ import annotations

import random as python_random
import threading
from typing import Any

import numpy as np

from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.state.variable import Variable

__all__ = ["SeedGenerator", "draw_seed", "set_seed"]


class _ProcessSeeds:
    """Hold the seed and counter of the process, for calls with `seed=None`: on the host, where no backend owns them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset(python_random.randrange(2**32))

    def reset(self, seed: int) -> None:
        self._seed, self._count = seed, 0

    def next(self) -> np.ndarray[Any, Any]:
        with self._lock:
            self._count += 1
            return np.array([self._seed, self._count % 2**32], "uint32")


_process_seeds = _ProcessSeeds()


def set_seed(seed: int) -> None:
    """Set the seed of the generator of the process, which calls with `seed=None` use.

    Args:
        seed: int, the seed, from 0 to 2**64 - 1.

    >>> set_seed(1); first = draw_seed(None); set_seed(1); (draw_seed(None) == first).all()
    np.True_
    """
    _process_seeds.reset(_checked(seed))


def process_state() -> tuple[int, int]:
    """Return where the generator of the process is."""
    return _process_seeds._seed, _process_seeds._count


def set_process_state(state: tuple[int, int]) -> None:
    """Put the generator of the process where it was.

    Args:
        state: tuple of two ints, what `process_state` returned.
    """
    _process_seeds._seed, _process_seeds._count = map(_checked, state)


def _checked(seed: object) -> int:
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise ArgumentError(f"{seed!r} is not a seed", fix="pass an integer, a SeedGenerator or None")
    number: int = seed.__index__()
    if number < 0:
        raise ArgumentError(f"a seed is not negative: {number}", fix="pass an integer from 0 to 2**64 - 1")
    return number


class SeedGenerator:
    """Generate seeds from a state that is a variable, so that it is saved, and advances in compiled steps of training.

    In a function of your own that JAX compiles, pass a seed tensor, or the state by a `StatelessScope`: what such a
    function closes over is a constant there, and it would draw the same numbers each time.

    Args:
        seed: int or None, the seed, from 0 to 2**64 - 1, None for one drawn at random; None.
        name: str or None, the name, None for "seed_generator"; None.

    >>> generator = SeedGenerator(7)
    >>> generator.next(), generator.next()
    (array([7, 0], dtype=uint32), array([7, 1], dtype=uint32))
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        self.name = name or "seed_generator"
        self.seed = python_random.randrange(2**32) if seed is None else _checked(seed)
        first = np.array([self.seed % 2**32, self.seed >> 32], "uint32")
        self.state = Variable(first, dtype="uint32", trainable=False, autocast=False, name="seed_generator_state")
        self.state.path = f"{self.name}/{self.state.name}"

    def next(self, ordered: bool = True) -> Tensor:
        """Return a seed, a tensor of two numbers, and advance the state.

        Args:
            ordered: bool, not used; here calls are always in order; True.
        """
        from kcore_ops.ops.numpy.arithmetic import add
        from kcore_ops.ops.numpy.creation import copy

        seed = copy(self.state.value)
        self.state.assign(add(seed, np.array([0, 1], "uint32")))
        return seed

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the object."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """Create an instance from what `get_config` returned.

        Args:
            config: dict, what `get_config` returned.
        """
        return cls(**config)


def draw_seed(seed: int | SeedGenerator | Tensor | None) -> Tensor:
    """Return a seed of two numbers: that of an integer, the next of a generator, or the next of the process.

    Args:
        seed: int, `SeedGenerator`, tensor or None, the seed, None for the next of the process; a tensor of two numbers
            is returned as it is.

    Raises:
        ArgumentError: if `seed` is none of these.
    """
    if seed is None:
        return _process_seeds.next()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if hasattr(seed, "shape") and tuple(seed.shape) == (2,):
        return seed
    if hasattr(seed, "shape") and tuple(seed.shape) != ():
        raise ShapeError(f"a seed tensor has shape (2,) and this one {tuple(seed.shape)}")
    number = _checked(seed)
    return np.array([number % 2**32, (number >> 32) % 2**32], "uint32")
