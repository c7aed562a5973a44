"""Tensors as small integers and scales: rounding to int8 and int4, and two int4 in a byte."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
from kcore_ops.dtypes import standardize_dtype
from kcore_ops.engine.op import DType, Tensor
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError
from kcore_ops.ops.nn.precision import narrowed, widened

__all__ = [
    "abs_max_quantize",
    "abs_max_quantize_grouped_with_zero_point",
    "fake_quant_with_min_max_vars",
    "pack_int4",
    "unpack_int4",
]


def abs_max_quantize(
    inputs: Tensor,
    axis: int | Sequence[int] | None,
    value_range: tuple[int, int] = (-127, 127),
    dtype: DType = "int8",
    epsilon: float = 1e-7,
    to_numpy: bool = False,
) -> tuple[Tensor, Tensor]:
    """Round a tensor to integers, scaled so that the largest absolute value along an axis is the largest integer.

    Shapes: the integers have that of `inputs`, the scale has 1 at each of `axis`. Dtypes: the integers are `dtype`, the
    scale is as `inputs`. Divide by the scale to get the numbers back, to half a step: `integers / scale`.

    Args:
        inputs: floating tensor.
        axis: int or ints, along which numbers share a scale; None, all of them.
        value_range: the least and the greatest integer; (-127, 127).
        dtype: integer dtype or its name, that of the integers; "int8".
        epsilon: float, added to the largest absolute value, which may be 0; 1e-7.
        to_numpy: bool, whether the work is done in NumPy, on the host, which spares a device's memory; False. The
            results are tensors either way.

    Returns:
        `(integers, scale)`.

    >>> integers, scale = abs_max_quantize([[0.5, -1.0], [2.0, 1.0]], axis=-1)
    >>> integers
    array([[  63, -127],
           [ 127,   64]], dtype=int8)
    >>> (integers / scale).round(2)
    array([[ 0.5 , -1.  ],
           [ 2.  ,  1.01]], dtype=float32)
    """
    if to_numpy:
        with ops.use_backend("numpy"):
            found = abs_max_quantize(ops.convert_to_numpy(inputs), axis, value_range, dtype, epsilon)
        return tuple(ops.convert_to_tensor(ops.convert_to_numpy(each)) for each in found)
    inputs = ops.convert_to_tensor(inputs)
    least, most = value_range
    axes = tuple(axis) if isinstance(axis, Sequence) else axis
    wide = widened(inputs)
    largest = ops.max(ops.abs(wide), axis=axes, keepdims=True)
    scale = narrowed(ops.divide(most, ops.add(largest, epsilon)), inputs)
    integers = ops.clip(ops.round(ops.multiply(wide, widened(scale))), least, most)
    return ops.cast(integers, dtype), scale


def abs_max_quantize_grouped_with_zero_point(
    inputs: Tensor,
    block_size: int,
    value_range: tuple[int, int] = (-8, 7),
    dtype: DType = "int8",
    epsilon: float = 1e-7,
    to_numpy: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Round the columns of a matrix to integers, each block of its rows with a scale and a zero point of its own.

    Shapes: `inputs` and the integers are `(rows, columns)`, scale and zero point `(blocks, columns)`; the last block
    may have fewer rows. The numbers are `(integers - zero_point) * scale`, to a step: here the scale is one. (Keras
    clips zero points, and with them the numbers, where all of a block have one sign.)

    Args:
        inputs: floating tensor `(rows, columns)`.
        block_size: int, number of rows in a block.
        value_range: the least and the greatest integer; (-8, 7).
        dtype: integer dtype or its name, that of integers and zero points; "int8".
        epsilon: float, added to the range of a block's numbers; 1e-7.
        to_numpy: bool, whether the work is done in NumPy, on the host; False. The results are tensors either way.

    Returns:
        `(integers, scale, zero_point)`.

    Raises:
        ShapeError: if `inputs` is no matrix.
        ArgumentError: if `block_size` is not a positive integer.

    >>> integers, scale, zero = abs_max_quantize_grouped_with_zero_point([[0.0], [1.5], [-1.0], [0.5]], block_size=2)
    >>> integers.T, zero.T
    (array([[-8,  7, -8,  7]], dtype=int8), array([[-8,  2]], dtype=int8))
    """
    if to_numpy:
        with ops.use_backend("numpy"):
            found = abs_max_quantize_grouped_with_zero_point(
                ops.convert_to_numpy(inputs), block_size, value_range, dtype, epsilon
            )
        return tuple(ops.convert_to_tensor(ops.convert_to_numpy(each)) for each in found)
    place = "abs_max_quantize_grouped_with_zero_point"
    if isinstance(block_size, bool) or not hasattr(block_size, "__index__") or block_size < 1:
        raise ArgumentError(f"block_size can not be {block_size!r}", fix="pass a positive integer").at(place)
    inputs = ops.convert_to_tensor(inputs)
    if len(inputs.shape) != 2:
        raise ShapeError(f"inputs has {len(inputs.shape)} axes, and a matrix has two", fix="reshape it").at(place)
    rows, columns = inputs.shape
    least, most = value_range
    blocks = -(-rows // block_size)
    wide = widened(inputs)
    padded = ops.reshape(ops.pad(wide, ((0, blocks * block_size - rows), (0, 0))), (blocks, block_size, columns))
    # With 0 in the range the zero point is one of the integers, and nothing is clipped.
    low, high = ops.minimum(ops.min(padded, axis=1), 0), ops.maximum(ops.max(padded, axis=1), 0)
    is_zero = ops.cast(ops.equal(low, high), ops.dtype(low))
    low, high = ops.subtract(low, is_zero), ops.add(high, is_zero)  # zeros, too, have a range
    scale = ops.divide(ops.add(ops.subtract(high, low), epsilon), most - least)
    zero = ops.clip(ops.add(ops.round(ops.divide(ops.negative(low), scale)), least), least, most)
    steps = ops.round(ops.divide(padded, ops.expand_dims(scale, 1)))
    integers = ops.clip(ops.add(steps, ops.expand_dims(zero, 1)), least, most)
    integers = ops.reshape(integers, (blocks * block_size, columns))[:rows]
    return ops.cast(integers, dtype), narrowed(scale, inputs), ops.cast(zero, dtype)


def fake_quant_with_min_max_vars(
    inputs: Tensor,
    min_vals: Tensor,
    max_vals: Tensor,
    num_bits: int = 8,
    narrow_range: bool = False,
    axis: int | None = None,
) -> Tensor:
    """Round a tensor to what integers of a few bits can say between two bounds, as floats.

    The bounds are moved so that 0 is a step. Gradients pass to `inputs` where these are within the bounds, and
    to the bound elsewhere (Jacob et al., 2018, arXiv:1712.05877, section 3).

    Args:
        inputs: floating tensor.
        min_vals: tensor, the lower bound: a scalar, or one for each place along `axis`.
        max_vals: tensor, the upper bound, likewise.
        num_bits: int, number of bits; 8.
        narrow_range: bool, whether the least integer is not used, so that there are as many on both sides of 0; False.
        axis: int, the axis along which bounds differ; None, they do not.

    Raises:
        ArgumentError: if `num_bits` is not a positive integer.

    >>> fake_quant_with_min_max_vars([-2.0, 0.1, 0.6], -1.0, 1.0, num_bits=2).round(3)
    array([-1.333,  0.   ,  0.667], dtype=float32)
    """
    if isinstance(num_bits, bool) or not hasattr(num_bits, "__index__") or num_bits < 1:
        raise ArgumentError(f"num_bits can not be {num_bits!r}", fix="pass a positive integer").at(
            "fake_quant_with_min_max_vars"
        )
    inputs = ops.convert_to_tensor(inputs)
    wide = widened(inputs)
    low, high = (_along(bound, axis, wide) for bound in (min_vals, max_vals))
    first, last = int(narrow_range), 2 ** int(num_bits) - 1
    step = ops.divide(ops.subtract(high, low), last - first)
    zero = ops.clip(ops.round(ops.subtract(first, ops.divide_no_nan(low, step))), first, last)
    bottom, top = ops.multiply(first - zero, step), ops.multiply(last - zero, step)
    clipped = ops.clip(wide, bottom, top)
    steps = ops.floor(ops.add(ops.divide_no_nan(ops.subtract(clipped, bottom), step), 0.5))
    rounded = ops.add(ops.multiply(steps, step), bottom)
    # What has the gradient, and what has the value.
    passing = ops.where(ops.less(wide, bottom), low, ops.where(ops.greater(wide, top), high, wide))
    return narrowed(ops.add(ops.subtract(passing, ops.stop_gradient(passing)), ops.stop_gradient(rounded)), inputs)


def _along(bound: Any, axis: int | None, like: Any) -> Any:
    """Return bounds as a tensor that broadcasts along an axis of another one."""
    bound = ops.cast(ops.convert_to_tensor(bound), ops.dtype(like))
    if axis is None or not len(bound.shape):
        return bound
    shape = [1] * len(like.shape)
    shape[axis] = -1
    return ops.reshape(bound, shape)


def pack_int4(arr: Tensor, axis: int = 0, dtype: DType = "int8") -> tuple[Tensor, tuple[int, ...], int]:
    """Put neighbours along an axis, integers of 4 bits, into one byte: the first into its lower half.

    Args:
        arr: tensor of integers from -8 to 7 as int8, or from 0 to 15 as uint8.
        axis: int, along which neighbours share a byte; 0. If its size is odd, half of the last byte is 0.
        dtype: "int8" or "uint8", that of `arr` and of the bytes; "int8".

    Returns:
        `(bytes, their shape, size of arr along the axis)`; the last is what `unpack_int4` needs.

    Raises:
        ArgumentError: if `dtype` is another one.
        DTypeError: if that of `arr` is another one.

    >>> packed, shape, size = pack_int4(np.array([1, 2, -1], "int8"))
    >>> packed, shape, size
    (array([33, 15], dtype=int8), (2,), 3)
    >>> unpack_int4(packed, size)
    array([ 1,  2, -1], dtype=int8)
    """
    dtype = _byte(dtype, "pack_int4")
    arr = ops.convert_to_tensor(arr)
    if ops.dtype(arr) != dtype:
        raise DTypeError(f"arr is {ops.dtype(arr)}, and {dtype} is packed", fix=f"cast it to {dtype}").at("pack_int4")
    size = int(arr.shape[axis])
    last = ops.cast(ops.moveaxis(arr, axis, -1), "int32")
    if size % 2:
        last = ops.pad(last, ((0, 0),) * (len(last.shape) - 1) + ((0, 1),))
    low, high = last[..., ::2], last[..., 1::2]
    packed = ops.bitwise_or(ops.bitwise_and(low, 15), ops.left_shift(ops.bitwise_and(high, 15), 4))
    packed = ops.moveaxis(_as_byte(packed, dtype), -1, axis)
    return packed, tuple(packed.shape), size


def unpack_int4(packed: Tensor, orig_len: int, axis: int = 0, dtype: DType = "int8") -> Tensor:
    """Return the integers of 4 bits that `pack_int4` has put into bytes.

    Args:
        packed: int8 or uint8 tensor, the bytes.
        orig_len: int, how many integers there are along the axis.
        axis: int, along which two share a byte; 0.
        dtype: "int8" for integers from -8 to 7, "uint8" for those from 0 to 15; "int8".

    Raises:
        ArgumentError: if `dtype` is another one.
        DTypeError: if `packed` is neither int8 nor uint8.

    >>> unpack_int4(np.array([-16], "int8"), 2)
    array([ 0, -1], dtype=int8)
    """
    dtype = _byte(dtype, "unpack_int4")
    packed = ops.convert_to_tensor(packed)
    if ops.dtype(packed) not in ("int8", "uint8"):
        raise DTypeError(f"packed is {ops.dtype(packed)}", fix="pass the bytes that pack_int4 gave").at("unpack_int4")
    last = ops.bitwise_and(ops.cast(ops.moveaxis(packed, axis, -1), "int32"), 255)
    halves = ops.stack([ops.bitwise_and(last, 15), ops.right_shift(last, 4)], axis=-1)
    if dtype == "int8":
        halves = ops.where(ops.greater_equal(halves, 8), ops.subtract(halves, 16), halves)
    shape = ops.shape(last)
    flat = ops.reshape(halves, (*shape[:-1], 2 * shape[-1]))[..., :orig_len]
    return ops.cast(ops.moveaxis(flat, -1, axis), dtype)


def _byte(dtype: Any, place: str) -> str:
    try:
        name = standardize_dtype(dtype)
    except TypeError:
        name = dtype
    if name not in ("int8", "uint8"):
        raise ArgumentError(f"dtype can not be {name!r}", fix='pass "int8" or "uint8"').at(place)
    return str(name)


def _as_byte(value: Any, dtype: str) -> Any:
    """Return integers from 0 to 255 as bytes of a dtype, those beyond 127 as negative ones if it is signed."""
    return ops.cast(
        value if dtype == "uint8" else ops.where(ops.greater(value, 127), ops.subtract(value, 256), value), dtype
    )
