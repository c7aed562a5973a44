"""Random numbers in terms of a seed tensor: the ops that backends override.

The definitions, for backends without a generator of their own, are counter-based: Salmon et al., "Parallel random
numbers: as easy as 1, 2, 3" (2011).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from kcore_ops import dtypes
from kcore_ops.backends.current import current_backend
from kcore_ops.dtypes.promotion import floating
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import DType, FloatDType, Shape, Tensor
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.core.conversion import dtype as dtype_of
from kcore_ops.ops.math.special_functions import erfinv
from kcore_ops.ops.numpy.arithmetic import add, divide, mod, multiply
from kcore_ops.ops.numpy.comparison import where
from kcore_ops.ops.numpy.creation import arange, zeros_like
from kcore_ops.ops.numpy.exponentials import log
from kcore_ops.ops.numpy.indexing import take
from kcore_ops.ops.numpy.logic import bitwise_xor, left_shift, right_shift
from kcore_ops.ops.numpy.manipulation import broadcast_to, expand_dims, reshape
from kcore_ops.ops.numpy.reductions import argmax
from kcore_ops.ops.numpy.sorting import argsort
from kcore_ops.specs.shapes import broadcast_shapes, normalize_axis, show_shape
from kcore_ops.specs.spec import TensorSpec

__all__ = [
    "random_bits",
    "random_categorical",
    "random_dropout",
    "random_normal",
    "random_randint",
    "random_shuffle",
    "random_truncated_normal",
    "random_uniform",
    "threefry",
]

Operation: TypeAlias = Callable[[Any, Any], Any]

# Numbers of random bits a float has room for below 1.
MANTISSA = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}


@primitive
def random_bits(seed: Tensor, shape: Shape) -> Tensor:
    """Draw 32 random bits for each element, as uint32, by the Threefry-2x32 cipher with 20 rounds.

    Shapes: `seed` is `(2,)`, uint32. Source: Salmon et al. (2011), https://doi.org/10.1145/2063384.2063405.

    Args:
        seed: tensor, two numbers, `(2,)`, uint32.
        shape: int or tuple of ints, the sizes of the result.

    >>> random_bits(np.array([0, 0], "uint32"), (2, 3)).shape
    (2, 3)
    """
    counter = TensorSpec((_count(shape),), "uint32")
    return reshape(add(counter, take(seed, 0, axis=0)), shape)


@random_bits.define
def _threefry(seed: Any, shape: Any) -> Any:
    # Said twice, as a body and as a definition: the body alone would be 140 calls each time that a graph draws.
    counter = cast(arange(_count(shape), dtype="int32"), "uint32")
    keys = take(seed, 0, axis=0), take(seed, 1, axis=0)
    start = add(zeros_like(counter), keys[0])
    return reshape(threefry(start, counter, keys, add, bitwise_xor, _rotated), shape)


def threefry(
    x: Any, y: Any, keys: tuple[Any, Any], add: Operation, bitwise_xor: Operation, rotated: Callable[[Any, int], Any]
) -> Any:
    """Return the first halves of what the cipher makes of counters, given what computes with 32 bits.

    Args:
        x: the first halves of the counters, all zero, plus the first key.
        y: the second halves.
        keys: the two halves of the key.
        add: sum of two numbers, modulo 2**32.
        bitwise_xor: exclusive or of two numbers.
        rotated: a number with its bits moved to the left, the first ones to the end.
    """
    key1, key2 = keys
    all_keys = (key1, key2, bitwise_xor(bitwise_xor(key1, key2), np.uint32(0x1BD11BDA)))
    y = add(y, key2)
    for block in range(5):
        for rotation in ((13, 15, 26, 6), (17, 29, 16, 24))[block % 2]:
            x = add(x, y)
            y = bitwise_xor(x, rotated(y, rotation))
        x = add(x, all_keys[(block + 1) % 3])
        y = add(add(y, all_keys[(block + 2) % 3]), np.uint32(block + 1))
    return x


def _rotated(x: Any, count: int) -> Any:
    return add(left_shift(x, np.uint32(count)), right_shift(x, np.uint32(32 - count)))


def _count(shape: Any) -> Any:
    count: Any = 1
    for length in shape:
        count = length * count
    return count


@op
def random_uniform(seed: Tensor, shape: Shape, dtype: FloatDType = None) -> Tensor:
    """Draw floats from [0, 1), all multiples of a power of two that the dtype holds exactly.

    Shapes: `seed` is `(2,)`.

    Args:
        seed: tensor, two numbers, `(2,)`, uint32.
        shape: int or tuple of ints, the sizes of the result.
        dtype: floating dtype or its name; None, for `config.floatx()`.
    """
    digits = MANTISSA[dtype]
    bits = random_bits(seed, shape)
    if digits <= 32:
        return cast(multiply(cast(right_shift(bits, np.uint32(32 - digits)), "float32"), 2.0**-digits), dtype)
    more = random_bits(bitwise_xor(seed, np.array([0x9E3779B9, 0x7F4A7C15], "uint32")), shape)
    low = multiply(cast(right_shift(more, np.uint32(64 - digits)), dtype), 2.0**-digits)
    return add(multiply(cast(bits, dtype), 2.0**-32), low)


@op
def random_normal(seed: Tensor, shape: Shape, dtype: FloatDType = None) -> Tensor:
    """Draw from the normal distribution of mean 0 and variance 1. Shapes: `seed` is `(2,)`.

    Args:
        seed: tensor, two numbers, `(2,)`, uint32.
        shape: int or tuple of ints, the sizes of the result.
        dtype: floating dtype or its name; None, for `config.floatx()`.
    """
    wide = dtypes.at_least_float32(dtype)
    u = random_uniform(seed, shape, wide)
    # Half a step away from 0, so that no number is infinite.
    return cast(multiply(erfinv(2.0 * (u + 2.0 ** -(MANTISSA[wide] + 1)) - 1.0), math.sqrt(2.0)), dtype)


@op
def random_truncated_normal(seed: Tensor, shape: Shape, dtype: FloatDType = None) -> Tensor:
    """Draw from the standard normal distribution, given that it lies between -2 and 2. Shapes: `seed` is `(2,)`.

    Args:
        seed: tensor, two numbers, `(2,)`, uint32.
        shape: int or tuple of ints, the sizes of the result.
        dtype: floating dtype or its name; None, for `config.floatx()`.
    """
    wide = dtypes.at_least_float32(dtype)
    inside = math.erf(2.0 / math.sqrt(2.0))
    u = random_uniform(seed, shape, wide)
    return cast(multiply(erfinv((2.0 * u - 1.0) * inside), math.sqrt(2.0)), dtype)


@op
def random_randint(seed: Tensor, shape: Shape, minval: int, maxval: int, dtype: DType = "int32") -> Tensor:
    """Draw integers from [minval, maxval), with a bias below (maxval - minval) / 2**64.

    Shapes: `seed` is `(2,)`. Raises: `ArgumentError` if the interval is empty; `DTypeError` if `dtype` is no integer.

    Args:
        seed: tensor, two numbers, `(2,)`, uint32.
        shape: int or tuple of ints, the sizes of the result.
        minval: int, the least integer drawn.
        maxval: int, one above the greatest.
        dtype: dtype, an integer dtype, or its name; "int32".
    """
    if dtype not in dtypes.INTEGERS:
        raise DTypeError(f"random integers can not be {dtype}", fix="use an integer dtype, or uniform")
    span = int(maxval) - int(minval)
    least, most = dtypes.limits(dtype)
    if span <= 0 or minval < least or maxval - 1 > most:
        problem = f"there are no {dtype} integers from minval={minval} to below maxval={maxval}"
        raise ArgumentError(problem, fix="pass minval < maxval, both within the dtype")
    if span > 2**31:
        raise ArgumentError(f"maxval - minval is {span}, above 2**31", fix="draw two and combine them")
    high, low = (
        random_bits(seed, shape),
        random_bits(bitwise_xor(seed, np.array([0x9E3779B9, 0x7F4A7C15], "uint32")), shape),
    )
    remainder = _remainder(high, low, span)
    if minval < 0 and dtype_of(remainder) == "uint32":
        remainder = cast(remainder, "int32")
    return cast(add(remainder, int(minval)), dtype)


def _remainder(high: Any, low: Any, span: int) -> Any:
    """Return (high * 2**32 + low) mod span, of two tensors of uint32 and a number up to 2**31."""
    if current_backend().canonical_dtype("int64") == "int64":  # no number is over 2**62
        high, low = cast(high, "int64") % span, cast(low, "int64") % span
        return (high * (2**32 % span) + low) % span
    # In 32 bits: as many digits at once as leave room for the remainder before them.
    room = 32 - (span - 1).bit_length() if span > 1 else 31
    number = zeros_like(high)
    for word in (high, low):
        for left in range(32, 0, -room):
            count = min(room, left)
            digits = right_shift(left_shift(word, np.uint32(32 - left)), np.uint32(32 - count))
            number = mod(add(multiply(number, np.uint32(2**count)), digits), np.uint32(span))
    return number


@op
def random_shuffle(x: Tensor, seed: Tensor, axis: int = 0) -> Tensor:
    """Put the slices of `x` along `axis` into a random order. Shapes: `seed` is `(2,)`; the result is like `x`.

    Args:
        x: tensor, any tensor, `(..., n, ...)`.
        seed: tensor, two numbers, `(2,)`, uint32.
        axis: int, the axis whose slices change places; 0.
    """
    axis = normalize_axis(axis, len(x.shape))
    return take(x, argsort(random_bits(seed, (shape(x)[axis],))), axis=axis)


@op
def random_categorical(logits: Tensor, seed: Tensor, num_samples: int, dtype: DType = "int32") -> Tensor:
    """Draw `num_samples` classes for each row of unnormalized log probabilities.

    Shapes: `logits` is `(batch, classes)`, the result `(batch, num_samples)`.
    Source: the Gumbel trick, Maddison et al. (2014), arXiv:1411.0030.

    Args:
        logits: tensor, unnormalized log probabilities, `(batch, classes)`.
        seed: tensor, two numbers, `(2,)`, uint32.
        num_samples: int, how many classes to draw for each row.
        dtype: dtype, the dtype of the classes, or its name; "int32".
    """
    if len(logits.shape) != 2:
        problem = f"logits must have two axes, (batch, classes), and have shape {show_shape(logits.shape)}"
        raise ShapeError(problem, fix="reshape them")
    logits = cast(logits, "float32")
    batch, classes = shape(logits)
    u = random_uniform(seed, (batch, num_samples, classes), "float32") + 2.0**-25
    return cast(argmax(expand_dims(logits, 1) - log(-log(u)), axis=-1), dtype)


@op(dtypes={"x": floating})
def random_dropout(x: Tensor, seed: Tensor, rate: float, noise_shape: Any = None) -> Tensor:
    """Set a random part of `x` to zero and divide the rest by the part kept.

    Shapes: `noise_shape`, where given, broadcasts to the shape of `x`; None in it is the size of `x`.
    Raises: `ArgumentError` if `rate` is not in [0, 1]. Source: Srivastava et al. (2014), JMLR 15:1929.

    Args:
        x: floating tensor, what to set to zero in part.
        seed: tensor, two numbers, `(2,)`, uint32.
        rate: float, the fraction set to zero, in [0, 1].
        noise_shape: tuple of ints and None, or None, the shape of the mask, None for that of `x`; None.
    """
    if not 0 <= rate <= 1:
        raise ArgumentError(f"rate must be a fraction from 0 to 1 and is {rate}", fix="0.2 drops a fifth")
    sizes = shape(x)
    if noise_shape is not None:
        if len(noise_shape) != len(sizes):
            raise ShapeError(f"noise_shape={noise_shape} does not have {len(sizes)} axes, as the input has")
        sizes = tuple(given if wanted is None else wanted for given, wanted in zip(sizes, noise_shape, strict=True))
        broadcast_shapes(tuple(s for s in sizes if isinstance(s, int)), ())
    if rate == 1:
        return zeros_like(x)
    # Drawn in float32 at least, so that the rate is not rounded.
    kept = random_uniform(seed, sizes, dtypes.at_least_float32(dtype_of(x))) >= rate
    return where(broadcast_to(kept, shape(x)), divide(x, 1.0 - rate), zeros_like(x))
