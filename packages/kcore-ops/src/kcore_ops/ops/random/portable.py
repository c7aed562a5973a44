"""Uniform numbers that are the same on every backend, whatever `config.set_identical_draws` says.

For draws that are few, and that datasets see: how an image is turned should not depend on the framework that trains.
The numbers are those of the definition of `random_uniform`. Where nothing is being compiled they are drawn on the host,
by one pass over an array of NumPy's rather than by 140 calls of a framework.
"""

from __future__ import annotations

import multiprocessing
import threading
import zlib
from typing import Any

import numpy as np

from kcore_ops.backends.current import current_backend, on
from kcore_ops.engine.inference import is_inferring
from kcore_ops.engine.plans import defined
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.numpy.arithmetic import multiply
from kcore_ops.ops.numpy.logic import right_shift
from kcore_ops.ops.random.primitives import MANTISSA, random_bits, threefry
from kcore_ops.ops.random.seeds import SeedGenerator, draw_seed
from kcore_ops.specs.spec import TensorSpec

__all__ = ["portable_uniform"]

_DIGITS = MANTISSA["float32"]
_one_at_a_time = threading.Lock()


def portable_uniform(seed: Any, shape: tuple[Any, ...]) -> Any:
    """Draw float32 numbers evenly from [0, 1), the same ones on every backend.

    In a function that the current backend compiles, a generator whose state belongs to another backend is asked on the
    host each time that the function runs: for each element of a data set that it maps.

    Args:
        seed: int, `SeedGenerator`, seed tensor, or None, the next seed of the process.
        shape: sizes, ints, or scalar tensors where only the running graph knows.

    >>> portable_uniform(1, (2,)).round(3)
    array([0.704, 0.91 ], dtype=float32)
    """
    if is_inferring():
        return TensorSpec(shape, "float32")
    backend = current_backend()
    if isinstance(seed, SeedGenerator) and seed.state.backend is not backend:
        return _drawn_elsewhere(seed, shape)
    drawn = draw_seed(seed)
    is_known = all(isinstance(size, int) for size in shape)
    if is_known and (isinstance(drawn, np.ndarray) or not backend.is_traced(drawn)):
        numbers = drawn if isinstance(drawn, np.ndarray) else backend.to_numpy(drawn)
        if isinstance(seed, SeedGenerator):
            numbers = _of_this_process(numbers)
        return backend.to_tensor(_on_host(numbers, shape), "float32")
    bits = defined(random_bits)(drawn, shape)
    return multiply(cast(right_shift(bits, np.uint32(32 - _DIGITS)), "float32"), np.float32(2.0**-_DIGITS))


def _drawn_elsewhere(generator: SeedGenerator, shape: tuple[Any, ...]) -> Any:
    """Draw with a generator whose state belongs to another backend than the current one."""
    sizes = [size for size in shape if not isinstance(size, int)]

    def draw(*found: Any) -> list[Any]:
        rest = iter(found)
        known = tuple(size if isinstance(size, int) else int(next(rest)) for size in shape)
        with _one_at_a_time, on(generator.state.backend):
            seed = generator.state.backend.to_numpy(generator.next())
        return [_on_host(_of_this_process(seed), known)]

    spec = TensorSpec([size if isinstance(size, int) else None for size in shape], "float32")
    return current_backend().call_on_host(draw, [spec], sizes)[0]


def _on_host(seed: np.ndarray[Any, Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    counter = np.arange(int(np.prod(shape)), dtype="uint32")
    keys = seed.astype("uint32")
    bits = threefry(
        np.full_like(counter, keys[0]), counter, (keys[:1], keys[1:]), np.add, np.bitwise_xor, _rotated_on_host
    )
    numbers: np.ndarray[Any, Any] = (bits >> np.uint32(32 - _DIGITS)).astype("float32") * np.float32(2.0**-_DIGITS)
    return numbers.reshape(shape)


def _rotated_on_host(x: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    return (x << np.uint32(count)) | (x >> np.uint32(32 - count))


def _of_this_process(seed: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return another seed in each worker process, which begins with a copy of the generator: none draws what others do.

    A worker is known by its name, `Process-3` say: counted from the start of the program, the same in each run.
    """
    if multiprocessing.parent_process() is None:
        return seed
    name = multiprocessing.current_process().name
    other: np.ndarray[Any, Any] = np.bitwise_xor(seed, np.array([zlib.crc32(name.encode()), 0], "uint32"))
    return other
