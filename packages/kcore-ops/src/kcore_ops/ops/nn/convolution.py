"""Convolutions: plain, depthwise, separable and transposed, along one to three spatial axes."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any

from kcore_ops.dtypes.promotion import exact
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.conversion import cast, dtype, shape
from kcore_ops.ops.nn.windows import (
    Windows,
    channels_back,
    channels_last,
    conv_transpose_windows,
    conv_windows,
    depthwise_conv_windows,
    padded,
)
from kcore_ops.ops.numpy.arithmetic import add, multiply
from kcore_ops.specs.shapes import show_shape
from kcore_ops.specs.spec import TensorSpec, is_unknown

__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]


@primitive(dtypes=exact)
def conv(
    inputs: Tensor,
    kernel: Tensor,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Sum, at each position of a sliding window, the elements under it times a kernel.

    The window moves by `strides`, 1 by default, and takes every `dilation_rate`-th element, by default each: one number
    for all spatial axes, or one for each. It stays inside with `padding="valid"`; with `padding="same"` zeros are added
    around, one more at the end if their number is odd, for ceil(size / stride) positions. Where the kernel takes a
    divisor of the input channels, both are split into groups of that many.

    Shapes: `inputs` is `(batch, *spatial, channels)`, or `(batch, channels, *spatial)` with
    `data_format="channels_first"` (None is `config.image_data_format()`); `kernel` is
    `(*window, channels / groups, filters)`; the result has `filters` channels. Dtype: the common one; float16 and
    bfloat16 are summed in float32 where the framework can.
    Raises: `ShapeError` if axes, channels or window do not fit; `ArgumentError` for an unknown padding or layout.

    >>> conv([[[1.0], [2.0], [3.0]]], [[[1.0]], [[10.0]]]).tolist()
    [[[21.0], [32.0]]]
    """
    windows = conv_windows(inputs.shape, kernel.shape, strides, padding, dilation_rate, data_format)
    return TensorSpec(windows.result_shape, inputs.dtype)


@conv.define
def _conv(
    inputs: Tensor,
    kernel: Tensor,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    from kcore_ops.ops.numpy.manipulation import reshape, transpose
    from kcore_ops.ops.numpy.products import matmul

    windows = conv_windows(tuple(inputs.shape), tuple(kernel.shape), strides, padding, dilation_rate, data_format)
    *_, depth, filters = shape(kernel)
    groups = 1 if _is_one(windows.groups) else shape(inputs)[1 if windows.channels_first else -1] // depth

    def product(patch: Tensor, element: Tensor) -> Tensor:
        if _is_one(groups):
            return matmul(patch, element)
        *sizes, _ = shape(patch)
        by_group = transpose(reshape(element, (depth, groups, filters // groups)), (1, 0, 2))
        return reshape(matmul(reshape(patch, (*sizes, groups, 1, depth)), by_group), (*sizes, filters))

    products = (product(*pair) for pair in _patches(inputs, kernel, windows))
    result = cast(functools.reduce(add, products), dtype(inputs))
    return channels_back(result, windows.channels_first)


@primitive(dtypes=exact)
def depthwise_conv(
    inputs: Tensor,
    kernel: Tensor,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Convolve each channel with kernels of its own.

    `strides` and `dilation_rate`, 1 by default, `padding`, by default "valid", and `data_format`, by default
    `config.image_data_format()`, are as for `conv`.

    Shapes: `inputs` and spatial axes as for `conv`; `kernel` is `(*window, channels, multiplier)`; the result has
    `channels * multiplier` channels, those of one input channel side by side. Dtype: the common one.
    Raises: `ShapeError` if axes, channels or window do not fit; `ArgumentError` for an unknown padding or layout.

    >>> depthwise_conv([[[1.0, 2.0], [3.0, 4.0]]], [[[1.0], [10.0]]]).tolist()
    [[[1.0, 20.0], [3.0, 40.0]]]
    """
    windows = depthwise_conv_windows(inputs.shape, kernel.shape, strides, padding, dilation_rate, data_format)
    return TensorSpec(windows.result_shape, inputs.dtype)


@depthwise_conv.define
def _depthwise_conv(
    inputs: Tensor,
    kernel: Tensor,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    from kcore_ops.ops.numpy.manipulation import expand_dims, reshape

    shapes = tuple(inputs.shape), tuple(kernel.shape)
    windows = depthwise_conv_windows(*shapes, strides, padding, dilation_rate, data_format)
    products = (multiply(expand_dims(patch, -1), element) for patch, element in _patches(inputs, kernel, windows))
    total = cast(functools.reduce(add, products), dtype(inputs))
    *sizes, depth, multiplier = shape(total)
    return channels_back(reshape(total, (*sizes, depth * multiplier)), windows.channels_first)


def _patches(inputs: Tensor, kernel: Tensor, windows: Windows) -> Iterator[tuple[Tensor, Tensor]]:
    """Return each element of the kernel with what it meets at every position, channels last, in float32 at least."""
    from kcore_ops.ops.numpy.indexing import get_item

    x = channels_last(inputs, windows.channels_first)
    if dtype(inputs) in ("bfloat16", "float16"):
        x, kernel = cast(x, "float32"), cast(kernel, "float32")
    windows = dataclasses.replace(windows, channels_first=False)
    x = padded(x, windows)
    for offset in windows.offsets():
        yield get_item(x, windows.slices(offset)), get_item(kernel, offset)


def _is_one(size: Any) -> bool:
    return isinstance(size, int) and size == 1


@op(dtypes=exact)
def separable_conv(
    inputs: Tensor,
    depthwise_kernel: Tensor,
    pointwise_kernel: Tensor,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Convolve each channel with kernels of its own, then mix the channels at each position.

    The former takes `strides` and `dilation_rate`, 1 by default, and `padding`, by default "valid"; they and
    `data_format`, by default `config.image_data_format()`, are as for `conv`.

    Shapes: `inputs` as for `conv`; `depthwise_kernel` is `(*window, channels, multiplier)`; `pointwise_kernel` is
    `(1, ..., 1, channels * multiplier, filters)`. Dtype: the common one.
    Raises: `ShapeError` if axes, channels or window do not fit; `ArgumentError` for an unknown padding or layout.
    Source: Chollet (2017), arXiv:1610.02357, section 1.

    >>> separable_conv([[[1.0, 2.0], [3.0, 4.0]]], [[[1.0], [10.0]]], [[[1.0], [1.0]]]).tolist()
    [[[21.0], [43.0]]]
    """
    if any(not is_unknown(size) and size != 1 for size in pointwise_kernel.shape[:-2]):
        raise ShapeError(
            f"pointwise_kernel has shape {show_shape(pointwise_kernel.shape)}: it must be 1 along its window's axes",
            fix="use conv for a kernel that covers several positions",
        )
    x = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(x, pointwise_kernel, 1, "valid", data_format, 1)


@primitive(dtypes=exact)
def conv_transpose(
    inputs: Tensor,
    kernel: Tensor,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    output_padding: int | Sequence[int] | None = None,
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Spread each element over a window, times a kernel, and sum where windows overlap: the gradient of `conv`.

    Windows start `strides` apart, 1 by default, and their elements lie `dilation_rate` apart, 1 by default.
    `padding="same"` crops the sum of them to size * stride, `"valid"`, the default, keeps all of it, and at least size
    * stride. Given `output_padding`, the size is instead (size - 1) * stride + span + output_padding, where span is
    that of the dilated window, with 2 * (span // 2) cropped if `padding="same"`.

    Shapes: `inputs` and `data_format`, by default `config.image_data_format()`, as for `conv`; `kernel` is
    `(*window, filters, channels)`; the result has `filters` channels.
    Dtype: the common one.
    Raises: `ShapeError` if axes or channels do not fit; `ArgumentError` if `output_padding` is not below the stride.
    Source: Dumoulin & Visin (2016), arXiv:1603.07285, chapter 4.

    >>> conv_transpose([[[1.0], [2.0]]], [[[1.0]], [[10.0]], [[100.0]]], strides=2).tolist()
    [[[1.0], [10.0], [102.0], [20.0], [200.0]]]
    """
    shapes = inputs.shape, kernel.shape
    windows = conv_transpose_windows(*shapes, strides, padding, output_padding, dilation_rate, data_format)
    return TensorSpec(windows.result_shape, inputs.dtype)


@conv_transpose.define
def _conv_transpose(
    inputs: Tensor,
    kernel: Tensor,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    from kcore_ops.ops.numpy.indexing import get_item
    from kcore_ops.ops.numpy.manipulation import flip, pad, reshape, swapaxes

    shapes = tuple(inputs.shape), tuple(kernel.shape)
    windows = conv_transpose_windows(*shapes, strides, padding, output_padding, dilation_rate, data_format)
    windows.offsets()  # the window must be known
    x = channels_last(inputs, windows.channels_first)
    axes = zip(windows.strides, windows.spans, windows.cropped, strict=True)
    stops: list[Any] = []
    for axis, (stride, span, (before, after)) in enumerate(axes, 1):
        if stride > 1:  # zeros between the elements, and after the last
            sizes = shape(x)
            spread = [(0, 0)] * (len(sizes) + 1)
            spread[axis + 1] = (0, stride - 1)
            x = pad(reshape(x, (*sizes[: axis + 1], 1, *sizes[axis + 1 :])), spread)
            x = reshape(x, (*sizes[:axis], sizes[axis] * stride, *sizes[axis + 1 :]))
        end = span - stride - after
        x = pad(x, [(span - 1 - before, max(end, 0)) if i == axis else (0, 0) for i in range(len(x.shape))])
        stops.append(end if end < 0 else None)
    x = get_item(x, (slice(None), *(slice(None, stop) for stop in stops)))
    backward = swapaxes(flip(kernel, axis=tuple(range(len(stops)))), -1, -2)
    result = conv(x, backward, 1, "valid", "channels_last", windows.dilation)
    return channels_back(result, windows.channels_first)
