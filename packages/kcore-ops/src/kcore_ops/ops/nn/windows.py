"""Where sliding windows stand: the geometry that convolutions and pools share, and the faults found in it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from kcore_ops.engine.op import Tensor
from kcore_ops.foundation import settings
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import one_of, pair, same_padding, show_shape, show_size, window_size
from kcore_ops.specs.spec import is_unknown

__all__ = ["TransposedWindows", "Windows", "adaptive_windows", "average_weights", "conv_transpose_windows",
           "conv_windows", "depthwise_conv_windows", "laid_out", "pool_windows"]  # fmt: skip

Sizes = tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class Windows:
    """Windows that slide over the spatial axes of a tensor. Each tuple has an entry for each spatial axis.

    Attributes:
        batch: number of examples; like all sizes of tensors, None or a stand-in where it is not known.
        channels: number of channels.
        sizes: spatial sizes.
        channels_first: whether channels come before the spatial axes rather than last.
        window: sizes of the window.
        strides: steps from one window to the next.
        dilation: steps from one element of a window to the next.
        is_same: whether the tensor is padded for ceil(size / stride) windows; otherwise windows stay inside.
        positions: numbers of windows.
        groups: number of groups into which a convolution splits the channels.
        filters: number of channels of the result.
    """

    batch: Any
    channels: Any
    sizes: Sizes
    channels_first: bool
    window: Sizes
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    is_same: bool
    positions: Sizes
    groups: Any = 1
    filters: Any = None

    @property
    def spans(self) -> Sizes:
        """From the first element of a window to its last, inclusive."""
        return tuple((size - 1) * step + 1 for size, step in zip(self.window, self.dilation, strict=True))

    @property
    def result_shape(self) -> Sizes:
        """Shape of what the windows give, in the tensor's layout."""
        return laid_out(self.batch, self.positions, self.filters, self.channels_first)

    def padding(self, sizes: Sequence[Any] | None = None) -> tuple[tuple[Any, Any], ...]:
        """Padding (before, after) of each spatial axis; of `sizes`, perhaps tensors, where some are not known."""
        if not self.is_same:
            return ((0, 0),) * len(self.sizes)
        axes = zip(self.sizes if sizes is None else sizes, self.window, self.strides, self.dilation, strict=True)
        return tuple(same_padding(*axis) for axis in axes)

    def offsets(self) -> Iterator[tuple[int, ...]]:
        """Each element of the window, by its index.

        Raises:
            ShapeError: if the window's size is not known.
        """
        if any(is_unknown(size) for size in self.window):
            raise ShapeError("the kernel's window sizes are not known", fix="give the kernel a static shape")
        return product(*map(range, self.window))

    def slices(self, offset: tuple[int, ...]) -> tuple[slice, ...]:
        """Index of the element at `offset` of every window, in the padded tensor.

        Stops are counted from the end, so that the sizes need not be known.
        """
        axes = zip(offset, self.spans, self.strides, self.dilation, strict=True)
        spatial = [slice(i * d, i * d - span + 1 or None, stride) for i, span, stride, d in axes]
        return tuple(laid_out(slice(None), spatial, slice(None), self.channels_first))


@dataclasses.dataclass(frozen=True)
class TransposedWindows(Windows):
    """Windows of a transposed convolution: each element of the tensor is spread over a window of the result.

    Attributes:
        cropped: what is cut off the sum of all windows, (before, after); a negative number adds zeros.
    """

    cropped: tuple[tuple[int, int], ...] = ()


def laid_out(batch: Any, spatial: Sequence[Any], channels: Any, channels_first: bool) -> Sizes:
    """Return what belongs to each axis in the order of the layout."""
    return (batch, channels, *spatial) if channels_first else (batch, *spatial, channels)


def _remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Keep results, so that a convolution run again is not studied again; stand-ins for sizes are not kept."""
    kept = functools.lru_cache(1024)(function)

    @functools.wraps(function)
    def windows(*args: Any) -> Any:
        settled: list[Any] = [
            tuple(arg) if hasattr(arg, "__iter__") and not isinstance(arg, str) else arg for arg in args
        ]
        settled[-1] = settings.standardize_data_format(settled[-1])
        plain = all(type(size) is int or size is None for arg in settled if isinstance(arg, tuple) for size in arg)
        return (kept if plain else function)(*settled)

    return windows


@_remembered
def pool_windows(inputs: Sizes, pool_size: Any, strides: Any, padding: str, data_format: str | None) -> Windows:
    """Check the arguments of a pool and give its windows.

    Raises:
        ShapeError: if `inputs` has no spatial axes, or a window does not fit.
        ArgumentError: if a static argument is not one of those allowed.
    """
    batch, channels, sizes, is_first = _split(inputs, data_format)
    window = pair(pool_size, len(sizes), "pool_size")
    steps = window if strides is None else pair(strides, len(sizes), "strides")
    return _windows(batch, channels, sizes, is_first, window, steps, (1,) * len(sizes), padding, 1, channels)


@_remembered
def adaptive_windows(inputs: Sizes, output_size: Any, data_format: str | None) -> Windows:
    """Check the arguments of an adaptive pool; its windows differ in size, and only their number is known.

    Raises:
        ShapeError: if `inputs` has no spatial axes, or nothing along them.
        ArgumentError: if a static argument is not one of those allowed.
    """
    batch, channels, sizes, is_first = _split(inputs, data_format)
    positions = pair(output_size, len(sizes), "output_size")
    if any(not is_unknown(size) and size == 0 for size in sizes):
        raise ShapeError(f"inputs have an empty spatial axis: {show_shape(inputs)}", fix="pass at least one element")
    ones = (1,) * len(sizes)
    return Windows(batch, channels, sizes, is_first, ones, ones, ones, False, positions, 1, channels)


@_remembered
def conv_windows(
    inputs: Sizes, kernel: Sizes, strides: Any, padding: str, dilation_rate: Any, data_format: str | None
) -> Windows:
    """Check the arguments of a convolution and give its windows.

    Raises:
        ShapeError: if the numbers of axes or of channels do not fit, or the kernel does not.
        ArgumentError: if a static argument is not one of those allowed.
    """
    batch, channels, sizes, is_first = _split(inputs, data_format, kernel)
    *window, depth, filters = kernel
    if _differ(depth, 0) is False:
        raise ShapeError("kernel takes 0 channels", fix="give the kernel at least one input channel")
    groups = None if channels is None or depth is None else channels // depth
    if groups is not None and not is_unknown(groups) and groups * depth != channels:
        raise _channels_differ(channels, depth, is_first, "or a divisor of it, for a convolution in groups")
    if groups is not None and not is_unknown(groups) and not is_unknown(filters) and groups and filters % groups:
        raise ShapeError(
            f"kernel gives {filters} channels, which do not split into {groups} groups: inputs have {channels} channels"
            f" and kernel takes {depth}",
            fix=f"the last size of the kernel must be a multiple of {groups}",
        )
    steps, dilation = pair(strides, len(sizes), "strides"), pair(dilation_rate, len(sizes), "dilation_rate")
    return _windows(batch, channels, sizes, is_first, tuple(window), steps, dilation, padding, groups, filters)


@_remembered
def depthwise_conv_windows(
    inputs: Sizes, kernel: Sizes, strides: Any, padding: str, dilation_rate: Any, data_format: str | None
) -> Windows:
    """Check the arguments of a depthwise convolution and give its windows; raises as `conv_windows`."""
    batch, channels, sizes, is_first = _split(inputs, data_format, kernel)
    *window, depth, multiplier = kernel
    if _differ(channels, depth):
        raise _channels_differ(channels, depth, is_first)
    depth = channels if is_unknown(depth) else depth
    filters = None if depth is None or multiplier is None else depth * multiplier
    steps, dilation = pair(strides, len(sizes), "strides"), pair(dilation_rate, len(sizes), "dilation_rate")
    return _windows(batch, depth, sizes, is_first, tuple(window), steps, dilation, padding, depth, filters)


@_remembered
def conv_transpose_windows(
    inputs: Sizes,
    kernel: Sizes,
    strides: Any,
    padding: str,
    output_padding: Any,
    dilation_rate: Any,
    data_format: str | None,
) -> TransposedWindows:
    """Check the arguments of a transposed convolution and give its windows; raises as `conv_windows`."""
    batch, channels, sizes, is_first = _split(inputs, data_format, kernel)
    *window, filters, depth = kernel
    if _differ(channels, depth):
        raise _channels_differ(channels, depth, is_first)
    steps, dilation = pair(strides, len(sizes), "strides"), pair(dilation_rate, len(sizes), "dilation_rate")
    is_same = _is_same(padding)
    extra = _output_padding(output_padding, steps)
    cropped: list[tuple[int, int]] = []
    positions: list[Any] = []
    for size, width, stride, rate, more in zip(sizes, window, steps, dilation, extra, strict=True):
        if not is_unknown(size) and size == 0:
            raise ShapeError(
                f"inputs have an empty spatial axis: {show_shape(inputs)}", fix="pass at least one element"
            )
        if width is None:
            cropped.append((0, 0))
            positions.append(None)
            continue
        span = (width - 1) * rate + 1
        if more is None:
            total = span - stride if is_same else min(span - stride, 0)
        else:
            total = (span // 2 * 2 if is_same else 0) - more
        before = max(total, 0) // 2 if is_same else 0
        cropped.append((before, total - before))
        count: Any = None if size is None else (size - 1) * stride + span - total
        if not is_unknown(count) and count < 1:
            raise ShapeError(
                f"with padding='same' and output_padding={more}, size {show_size(size)} gives an empty result",
                fix="raise output_padding, or leave it out",
            )
        positions.append(count)
    return TransposedWindows(
        batch, channels, sizes, is_first, tuple(window), steps, dilation, is_same, tuple(positions), 1, filters,
        tuple(cropped),
    )  # fmt: skip


def _windows(
    batch: Any, channels: Any, sizes: Sizes, is_first: bool, window: Sizes, strides: tuple[int, ...],
    dilation: tuple[int, ...], padding: str, groups: Any, filters: Any,
) -> Windows:  # fmt: skip
    is_same = _is_same(padding)
    positions = tuple(
        None
        if size is None or width is None
        else window_size(size, width, stride, rate, "same" if is_same else "valid")
        for size, width, stride, rate in zip(sizes, window, strides, dilation, strict=True)
    )
    return Windows(batch, channels, sizes, is_first, window, strides, dilation, is_same, positions, groups, filters)


def _is_same(padding: Any) -> bool:
    name = padding.lower() if isinstance(padding, str) else padding
    return one_of("padding", name, ("valid", "same")) == "same"


def _split(inputs: Sizes, data_format: Any, kernel: Sizes | None = None) -> tuple[Any, Any, Sizes, bool]:
    """Return batch, channels, spatial sizes, and whether channels come first."""
    if kernel is not None and len(kernel) != len(inputs):
        raise ShapeError(
            f"inputs have {len(inputs)} axes, {show_shape(inputs)}, and kernel has {len(kernel)}, {show_shape(kernel)}",
            fix="both have two axes more than there are spatial ones: batch and channels; channels in and channels out",
        )
    if not 3 <= len(inputs) <= 5:
        raise ShapeError(
            f"inputs have {len(inputs)} axes, {show_shape(inputs)}",
            fix="pass a batch axis, one to three spatial axes, and a channel axis",
        )
    is_first = data_format == "channels_first"
    batch, *rest = inputs
    channels = rest.pop(0) if is_first else rest.pop()
    return batch, channels, tuple(rest), is_first


def _differ(size1: Any, size2: Any) -> bool:
    return not is_unknown(size1) and not is_unknown(size2) and bool(size1 != size2)


def _channels_differ(channels: Any, depth: Any, channels_first: bool, hint: str = "") -> ShapeError:
    return ShapeError(
        f"inputs have {show_size(channels)} channels (axis {1 if channels_first else -1}) "
        f"and kernel takes {show_size(depth)}",
        fix=f"the kernel must take {show_size(channels)} channels{', ' + hint if hint else ''}"
        "; if channels are at another axis, pass data_format",
    )


def _output_padding(value: Any, strides: tuple[int, ...]) -> tuple[Any, ...]:
    if value is None:
        return (None,) * len(strides)
    values = tuple(value) if hasattr(value, "__iter__") else (value,) * len(strides)
    fits = len(values) == len(strides) and all(
        hasattr(v, "__index__") and 0 <= v < stride for v, stride in zip(values, strides, strict=False)
    )
    if not fits:
        raise ArgumentError(
            f"output_padding={value!r} does not fit strides {strides}",
            fix="pass None, or for each spatial axis a number from 0 to its stride - 1",
        )
    return values


# Steps of the definitions.


def padded(x: Tensor, windows: Windows, value: Any = 0) -> Tensor:
    """Pad the spatial axes with a number for the windows to stand on."""
    from kcore_ops.ops.core.conversion import shape
    from kcore_ops.ops.numpy.manipulation import pad

    first = 2 if windows.channels_first else 1
    padding = windows.padding(shape(x)[first : first + len(windows.sizes)])
    if all(isinstance(count, int) and count == 0 for counts in padding for count in counts):
        return x
    return pad(x, laid_out((0, 0), padding, (0, 0), windows.channels_first), constant_values=value)


def channels_last(x: Tensor, is_first: bool) -> Tensor:
    """Move the channels from after the batch to the end, if they are there."""
    from kcore_ops.ops.numpy.manipulation import transpose

    return transpose(x, (0, *range(2, len(x.shape)), 1)) if is_first else x


def channels_back(x: Tensor, is_first: bool) -> Tensor:
    """Move the channels from the end to after the batch, if they belong there."""
    from kcore_ops.ops.numpy.manipulation import transpose

    return transpose(x, (0, len(x.shape) - 1, *range(1, len(x.shape) - 1))) if is_first else x


def average_weights(windows: Windows) -> np.ndarray[Any, Any]:
    """Share of each window that lies inside the tensor, shaped to multiply with the result. The sizes must be known."""
    weights = np.ones((1,) * len(windows.sizes))
    axes = zip(windows.sizes, windows.window, windows.strides, windows.positions, windows.padding(), strict=True)
    for axis, (size, width, stride, count, (before, _)) in enumerate(axes):
        starts = np.arange(count) * stride - before
        inside = np.minimum(starts + width, size) - np.maximum(starts, 0)
        weights = weights * (inside / width).reshape([-1 if i == axis else 1 for i in range(weights.ndim)])
    return weights.reshape(laid_out(1, weights.shape, 1, windows.channels_first))
