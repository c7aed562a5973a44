"""Pooling: the largest element, or the mean, of each of a grid of windows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kcore_ops.dtypes import limits
from kcore_ops.dtypes.promotion import real, real_floating
from kcore_ops.engine.define import primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.core.conversion import cast, dtype, shape
from kcore_ops.ops.nn.windows import adaptive_windows, laid_out, padded, pool_windows
from kcore_ops.specs.spec import TensorSpec

__all__ = ["adaptive_average_pool", "adaptive_max_pool", "average_pool", "max_pool"]


@primitive(dtypes=real)
def max_pool(
    inputs: Tensor,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Take the largest element of each window of `pool_size`, `strides` apart: by default, side by side.

    `pool_size` and `strides` are one number of elements for all spatial axes, or one for each.

    Shapes: `inputs` is `(batch, *spatial, channels)`, or `(batch, channels, *spatial)` with
    `data_format="channels_first"` (None is `config.image_data_format()`). All windows lie inside; with `padding="same"`
    there are ceil(size / stride) windows along an axis, which may reach over the edges. Dtype: that of `inputs`; of
    booleans, the logical or.
    Raises: `ShapeError` if a window does not fit; `ArgumentError` for an unknown padding or layout.

    >>> max_pool(np.arange(6.0).reshape(1, 6, 1), 3).ravel()
    array([2., 5.])
    """
    return TensorSpec(pool_windows(inputs.shape, pool_size, strides, padding, data_format).result_shape, inputs.dtype)


@max_pool.define
def _max_pool(
    inputs: Tensor, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    from kcore_ops.ops.numpy.arithmetic import maximum
    from kcore_ops.ops.numpy.indexing import get_item

    windows = pool_windows(tuple(inputs.shape), pool_size, strides, padding, data_format)
    x = padded(inputs, windows, lowest(dtype(inputs)))
    return functools.reduce(maximum, (get_item(x, windows.slices(offset)) for offset in windows.offsets()))


def lowest(name: str) -> Any:
    """Return the number of a dtype that is larger than no other.

    >>> lowest("int8"), lowest("float32")
    (-128, -inf)
    """
    if name == "bool":
        return False
    return int(limits(name)[0]) if "int" in name else -np.inf


@primitive(dtypes=real_floating)
def average_pool(
    inputs: Tensor,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Average each window of `pool_size`, `strides` apart, over those of its elements inside the tensor.

    `strides`, by default `pool_size`, `padding`, by default "valid", and `data_format`, by default
    `config.image_data_format()`, are as for `max_pool`.

    Shapes: those of `max_pool`. Dtype: that of `inputs`; integers and booleans become the default float.
    Raises: `ShapeError` if a window does not fit; `ArgumentError` for an unknown padding or layout.

    >>> average_pool(np.arange(5.0).reshape(1, 5, 1), 2, padding="same").ravel()
    array([0.5, 2.5, 4. ])
    """
    return TensorSpec(pool_windows(inputs.shape, pool_size, strides, padding, data_format).result_shape, inputs.dtype)


@average_pool.define
def _average_pool(
    inputs: Tensor, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    from kcore_ops.ops.numpy.creation import ones
    from kcore_ops.ops.numpy.indexing import get_item

    windows = pool_windows(tuple(inputs.shape), pool_size, strides, padding, data_format)
    name = dtype(inputs)
    x = cast(inputs, "float32") if name in ("bfloat16", "float16") else inputs

    def total(x: Tensor) -> Tensor:
        x = padded(x, windows)
        return functools.reduce(
            lambda a, b: a + b, (get_item(x, windows.slices(offset)) for offset in windows.offsets())
        )

    if windows.is_same:
        sizes = shape(x)
        spatial = sizes[2:] if windows.channels_first else sizes[1:-1]
        count = total(ones(laid_out(1, spatial, 1, windows.channels_first), dtype=dtype(x)))
    else:
        count = float(np.prod(windows.window))
    return cast(total(x) / count, name)


@primitive(dtypes=real)
def adaptive_max_pool(inputs: Tensor, output_size: int | Sequence[int], data_format: str | None = None) -> Tensor:
    """Take the largest element of each of `output_size` windows, which cover each spatial axis as evenly as they can.

    `output_size` is one number for all spatial axes, or one for each. Of `n` elements window `i` of `m` holds those
    from floor(i n / m) to before ceil((i + 1) n / m).

    Shapes: `inputs` and `data_format`, by default `config.image_data_format()`, as for `max_pool`; the result has
    `output_size` in place of the spatial sizes. Dtype: that of `inputs`.
    Raises: `ShapeError` if there is nothing along a spatial axis; `ArgumentError` if `output_size` does not fit.

    >>> adaptive_max_pool(np.arange(5.0).reshape(1, 5, 1), 2).ravel()
    array([2., 4.])
    """
    return TensorSpec(adaptive_windows(inputs.shape, output_size, data_format).result_shape, inputs.dtype)


@adaptive_max_pool.define
def _adaptive_max_pool(inputs: Tensor, output_size: Any, data_format: str | None = None) -> Tensor:
    from kcore_ops.ops.numpy.reductions import max

    return _adaptive(inputs, output_size, data_format, lowest(dtype(inputs)), lambda x, count: max(x, axis=-1))


@primitive(dtypes=real_floating)
def adaptive_average_pool(inputs: Tensor, output_size: int | Sequence[int], data_format: str | None = None) -> Tensor:
    """Average each of `output_size` windows, which cover each spatial axis as evenly as they can.

    Shapes: those of `adaptive_max_pool`, with the same windows, `data_format`, by default `config.image_data_format()`,
    included. Dtype: that of `inputs`; integers and booleans become the default float.
    Raises: `ShapeError` if there is nothing along a spatial axis; `ArgumentError` if `output_size` does not fit.

    >>> adaptive_average_pool(np.arange(5.0).reshape(1, 5, 1), 2).ravel()
    array([1., 3.])
    """
    return TensorSpec(adaptive_windows(inputs.shape, output_size, data_format).result_shape, inputs.dtype)


@adaptive_average_pool.define
def _adaptive_average_pool(inputs: Tensor, output_size: Any, data_format: str | None = None) -> Tensor:
    from kcore_ops.ops.numpy.reductions import sum

    name = dtype(inputs)
    x = cast(inputs, "float32") if name in ("bfloat16", "float16") else inputs
    means = _adaptive(x, output_size, data_format, 0, lambda x, count: sum(x, axis=-1) / cast(count, dtype(x)))
    return cast(means, name)


def _adaptive(
    x: Tensor, output_size: Any, data_format: str | None, outside: Any, reduce: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """Reduce the windows along one spatial axis after the other."""
    from kcore_ops.ops.numpy.comparison import greater_equal, less, where
    from kcore_ops.ops.numpy.creation import arange
    from kcore_ops.ops.numpy.logic import logical_and
    from kcore_ops.ops.numpy.manipulation import expand_dims, moveaxis

    windows = adaptive_windows(tuple(x.shape), output_size, data_format)
    for axis, positions in enumerate(windows.positions, 2 if windows.channels_first else 1):
        size = shape(x)[axis]
        i, j = arange(positions), arange(size)
        starts, ends = i * size // positions, ((i + 1) * size + (positions - 1)) // positions
        inside = logical_and(greater_equal(j, expand_dims(starts, 1)), less(j, expand_dims(ends, 1)))
        x = expand_dims(moveaxis(x, axis, -1), -2)
        x = reduce(where(inside, x, outside), ends - starts)
        x = moveaxis(x, -1, axis)
    return x
