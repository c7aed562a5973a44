"""Images of another size. Each axis of the result is a weighted sum along that axis of the image: a matrix product."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

from kcore_ops.dtypes import epsilon_of
from kcore_ops.dtypes.promotion import real, real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Shape, Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.image.layout import as_float, back_to, spatial_axes
from kcore_ops.ops.numpy.arithmetic import absolute, divide, maximum, minimum
from kcore_ops.ops.numpy.comparison import equal, greater, greater_equal, less, less_equal, where
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.indexing import get_item, take
from kcore_ops.ops.numpy.logic import logical_and
from kcore_ops.ops.numpy.manipulation import expand_dims, moveaxis, pad_constant
from kcore_ops.ops.numpy.products import tensordot
from kcore_ops.ops.numpy.reductions import sum
from kcore_ops.ops.numpy.trigonometry import sin
from kcore_ops.specs.shapes import differ, normalize_axes, one_of, pair, show_shape
from kcore_ops.specs.spec import is_unknown

__all__ = ["resize", "scale_and_translate"]


# How much an element counts, by its distance from the point that is asked for, in elements.


def _triangle(distance: Any) -> Any:
    return maximum(1.0 - distance, 0.0)


def _cubic(distance: Any) -> Any:
    """Keys (1981), https://doi.org/10.1109/TASSP.1981.1163711, equation 15, with a = -1/2."""
    near = ((1.5 * distance - 2.5) * distance) * distance + 1.0
    far = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    return where(less(distance, 1.0), near, where(less(distance, 2.0), far, 0.0))


def _lanczos(radius: int) -> Callable[[Any], Any]:
    def kernel(distance: Any) -> Any:
        """Duchon (1979): sinc(x) sinc(x / radius), up to the radius."""
        is_zero = less(distance, 1e-3)
        angle = where(is_zero, 1.0, distance) * math.pi
        value = radius * sin(angle) * sin(angle / radius) / (angle * angle)
        return where(greater(distance, radius), 0.0, where(is_zero, 1.0, value))

    return kernel


_KERNELS = {"bilinear": _triangle, "bicubic": _cubic, "lanczos3": _lanczos(3), "lanczos5": _lanczos(5)}
_METHODS = {"linear": "bilinear", "trilinear": "bilinear", "cubic": "bicubic", "tricubic": "bicubic"}


@op(dtypes={"images": real})
def resize(
    images: Tensor,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Resize images to `size`, which is (height, width) in pixels.

    The centre of pixel `i` of the result lies at `(i + 1/2) * old size / new size` of the image, whose pixels are 1
    wide. Its value is interpolated as `interpolation` says: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
    With `antialias` the kernel is widened where the image shrinks, so that every pixel counts; "nearest" knows no such
    thing.

    An image of another aspect ratio than that of `size` is distorted, or cropped around its centre before
    (`crop_to_aspect_ratio`), or padded around it with `fill_value` (`pad_to_aspect_ratio`): that is what "constant"
    means, the only `fill_mode`.

    Shapes: `images` is `(height, width, channels)`, or `(channels, height, width)` with `data_format="channels_first"`
    (None is `config.image_data_format()`), or a batch of such.
    Dtype: that of `images`; integers are the nearest ones to what is computed in float32.
    Raises: `ShapeError` for another number of axes; `ArgumentError` if another argument is not one of those allowed.
    Source: the kernels are those of Keys (1981), https://doi.org/10.1109/TASSP.1981.1163711, and Duchon (1979).

    >>> resize([[[0.0], [4.0]]], (1, 4))[..., 0]
    array([[0., 1., 3., 4.]], dtype=float32)
    """
    axes = spatial_axes(images, data_format)
    wanted = _checked_size(size)
    one_of("interpolation", interpolation, ("nearest", *_KERNELS))
    one_of("fill_mode", fill_mode, ("constant",))
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ArgumentError("an image is either cropped or padded to the aspect ratio", fix="pass one of the two")
    if any(not is_unknown(images.shape[axis]) and images.shape[axis] == 0 for axis in axes):
        raise ShapeError(f"images of shape {show_shape(images.shape)} have no pixels", fix="pass images that have some")
    if crop_to_aspect_ratio:
        images = _cropped(images, axes, wanted)
    if pad_to_aspect_ratio:
        images = _padded(images, axes, wanted, fill_value)
    sizes = shape(images)
    steps = [(axis, sizes[axis], count) for axis, count in zip(axes, wanted, strict=True)]
    if interpolation == "nearest":
        for axis, length, count in steps:
            images = take(images, ((2 * arange(count) + 1) * length) // (2 * count), axis=axis)
        return images
    x = as_float(images)
    kind = dtype_of(x)
    for axis, length, count in steps:
        step = _number(length, kind) / count
        x = _combined(x, axis, _weights(length, count, step, 0.0, _KERNELS[interpolation], antialias, kind))
    return back_to(dtype_of(images), x)


def _checked_size(size: Any) -> tuple[int, ...]:
    if not hasattr(size, "__len__") or len(size) != 2:
        raise ArgumentError(f"size={size!r} is not a height and a width", fix="pass two positive integers")
    return pair(size, 2, "size")


def _number(size: Any, kind: str) -> Any:
    return float(size) if isinstance(size, int) else cast(size, kind)


def _cropped(images: Any, axes: tuple[int, ...], wanted: tuple[int, ...]) -> Any:
    """Return the largest part around the centre that has the aspect ratio wanted."""
    for axis, (size, rest) in zip(axes, _proportions(images, axes, wanted), strict=True):
        count = _bounded(builtins.min, minimum, size, _bounded(builtins.max, maximum, rest, 1))
        images = take(images, arange(count) + (size - count) // 2, axis=axis)
    return images


def _padded(images: Any, axes: tuple[int, ...], wanted: tuple[int, ...], fill_value: Any) -> Any:
    """Return the images with the same margin on both sides, such that they have the aspect ratio wanted, or nearly."""
    widths: list[tuple[Any, Any]] = [(0, 0)] * len(images.shape)
    for axis, (size, rest) in zip(axes, _proportions(images, axes, wanted), strict=True):
        missing = _bounded(builtins.max, maximum, size, rest) - size
        widths[axis] = (missing // 2, missing // 2)
    return pad_constant(images, tuple(widths), fill_value)


def _proportions(images: Any, axes: tuple[int, ...], wanted: tuple[int, ...]) -> list[tuple[Any, Any]]:
    """Return, for height and width, the size there is and the one that would go with the other axis."""
    height, width = (shape(images)[axis] for axis in axes)
    return [(height, width * wanted[0] // wanted[1]), (width, height * wanted[1] // wanted[0])]


def _bounded(of_numbers: Callable[..., Any], of_tensors: Callable[..., Any], *sizes: Any) -> Any:
    return of_numbers(*sizes) if all(isinstance(size, int) for size in sizes) else of_tensors(*sizes)


@op(dtypes={"images": real, "scale translation": real_floating})
def scale_and_translate(
    images: Tensor,
    output_shape: Shape,
    scale: Tensor,
    translation: Tensor,
    spatial_dims: Any,
    method: str,
    antialias: bool = True,
) -> Tensor:
    """Scale and shift images: what is at `x`, in pixels, comes to be at `x * scale + translation`.

    Pixel `i` lies from `i` to `i + 1`. What lies outside of the images is 0, and so are pixels whose centre comes from
    there. `method` is "linear", "cubic", "lanczos3" or "lanczos5" ("bilinear" and "trilinear", "bicubic" and "tricubic"
    are other names of the first two); with `antialias` the kernel is widened where `scale` is below 1.

    Shapes: `output_shape` has a size for each axis of `images`, the same but along `spatial_dims`; `scale` and
    `translation` are `(len(spatial_dims),)`. Dtype: that of `images`; integers are the nearest ones to what is computed
    in float32. Gradients flow to `scale` and `translation` too.
    Raises: `ShapeError` if sizes or axes do not fit; `ArgumentError` if there is no such method.

    >>> scale_and_translate([[2.0, 4.0, 6.0]], (1, 3), [1.0], [1.0], (1,), "linear")
    array([[0., 2., 4.]], dtype=float32)
    """
    kernel = _KERNELS[_METHODS.get(one_of("method", method, (*_METHODS, *_KERNELS)), method)]
    rank = len(images.shape)
    axes = normalize_axes(spatial_dims, rank, "spatial_dims")
    if len(output_shape) != rank or any(
        differ(images.shape[i], size) for i, size in enumerate(output_shape) if i not in axes
    ):
        raise ShapeError(
            f"output_shape is {show_shape(output_shape)} and images have shape {show_shape(images.shape)}",
            fix=f"the sizes must be the same but along spatial_dims, {axes}",
        )
    for name, given in (("scale", scale), ("translation", translation)):
        if len(given.shape) != 1 or differ(given.shape[0], len(axes)):
            raise ShapeError(
                f"{name} has shape {show_shape(given.shape)}", fix=f"pass ({len(axes)},), one for each axis"
            )
    x = as_float(images)
    kind = dtype_of(x)
    sizes = shape(x)
    for i, axis in enumerate(axes):
        step = divide(1.0, cast(get_item(scale, i), kind))
        start = -cast(get_item(translation, i), kind) * step
        x = _combined(x, axis, _weights(sizes[axis], output_shape[axis], step, start, kernel, antialias, kind))
    return back_to(dtype_of(images), x)


def _weights(
    size: Any, count: Any, step: Any, start: Any, kernel: Callable[[Any], Any], antialias: bool, kind: str
) -> Any:
    """Return the matrix (size, count) of how much each element counts for each of `count` points, `step` apart.

    The weights for one point sum to 1; those for a point outside are 0.
    """
    place = (cast(arange(count), kind) + 0.5) * step + (start - 0.5)
    distance = absolute(place - expand_dims(cast(arange(size), kind), 1))
    if antialias:
        distance = distance / (builtins.max(step, 1.0) if isinstance(step, float) else maximum(step, 1.0))
    weights = kernel(distance)
    total = sum(weights, axis=0)
    is_something = greater(absolute(total), 1000 * epsilon_of(kind))
    is_inside = logical_and(greater_equal(place, -0.5), less_equal(place, _number(size, kind) - 0.5))
    weights = divide(weights, where(equal(total, 0.0), 1.0, total))
    return where(logical_and(is_something, is_inside), weights, 0.0)


def _combined(x: Any, axis: int, weights: Any) -> Any:
    """Return the sums along an axis of `x` that the columns of `weights` say."""
    return moveaxis(tensordot(x, weights, axes=[[axis], [0]]), -1, axis)
