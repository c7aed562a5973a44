"""Images read at other places than their pixels: affine, perspective and elastic transforms."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

from kcore_ops.dtypes import result_type
from kcore_ops.dtypes.promotion import real, real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.image.filters import gaussian_blur
from kcore_ops.ops.image.layout import as_float, back_to, round_half_away, spatial_axes
from kcore_ops.ops.linalg.decompositions import solve
from kcore_ops.ops.nn.precision import widened
from kcore_ops.ops.numpy.arithmetic import add, maximum, minimum, mod, multiply
from kcore_ops.ops.numpy.comparison import greater_equal, less, where
from kcore_ops.ops.numpy.creation import arange, ones_like, zeros_like
from kcore_ops.ops.numpy.indexing import get_item, take
from kcore_ops.ops.numpy.joining import concatenate, stack
from kcore_ops.ops.numpy.logic import logical_and
from kcore_ops.ops.numpy.manipulation import broadcast_to, expand_dims, moveaxis, reshape, squeeze
from kcore_ops.ops.numpy.rounding import floor
from kcore_ops.ops.random.primitives import random_normal
from kcore_ops.ops.random.seeds import draw_seed
from kcore_ops.specs.shapes import differ, one_of, show_shape

__all__ = ["affine_transform", "elastic_transform", "map_coordinates", "perspective_transform"]

_FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")
_ORDERS = {"nearest": 0, "bilinear": 1}


@op(dtypes={"inputs": real, "coordinates": real_floating})
def map_coordinates(
    inputs: Tensor, coordinates: Tensor, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> Tensor:
    """Read `inputs` at `coordinates`, places between its elements, which lie at whole ones.

    `order` 0 reads the nearest element (of two equally near, the one farther from zero), 1 interpolates linearly.
    Beyond the edges `inputs` go on as `fill_mode` says: `k k | a b c | k k` with `fill_value`, 0 by default
    ("constant"), `a a | a b c | c c` ("nearest"), `b c | a b c | a b` ("wrap"), `c b | a b c | b a` ("mirror") or
    `b a | a b c | c b` ("reflect").

    Shapes: `coordinates` is `(number of axes of inputs, ...)`, and the result has the rest of its shape.
    Dtype: that of `inputs`; integers are the nearest ones to what is computed in float32.
    Raises: `ShapeError` if the shapes do not fit; `ArgumentError` for another order or mode.

    >>> map_coordinates([[0.0, 1.0], [2.0, 3.0]], [[0.5, 1.0], [0.5, 2.0]], order=1)
    array([1.5, 0. ], dtype=float32)
    """
    if order not in (0, 1):
        raise ArgumentError(f"order can not be {order!r}", fix="use 0, the nearest element, or 1, linear interpolation")
    rank = len(inputs.shape)
    if len(coordinates.shape) == 0 or differ(coordinates.shape[0], rank) or rank == 0:
        raise ShapeError(
            f"inputs have {rank} axes and coordinates have shape {show_shape(coordinates.shape)}",
            fix=f"pass coordinates ({rank}, ...), one for each axis" if rank else "a scalar has no coordinates",
        )
    sizes = shape(inputs)
    table = reshape(inputs, (math.prod(sizes), 1))
    places = [get_item(widened(coordinates), i) for i in range(rank)]
    return squeeze(_read(table, 0, sizes, places, order, fill_mode, fill_value), axis=-1)


def _read(
    table: Any, first: Any, sizes: Sequence[Any], places: Sequence[Any], order: int, fill_mode: str, fill_value: Any
) -> Any:
    """Read rows of a table, which belong to the points of a grid.

    Args:
        table: `(points, channels)`; the grid's points come in order.
        first: the row of the grid's first point; broadcasts with the places, as there may be several grids.
        sizes: of the grid.
        places: the coordinates to read at, a tensor for each axis of the grid.
        order: 0 or 1.
        fill_mode: how the grid goes on beyond its edges.
        fill_value: what it holds there if `fill_mode` is "constant".

    Returns:
        Rows of the dtype of `table`, in the places' shape.
    """
    one_of("fill_mode", fill_mode, _FILL_MODES)
    rows = as_float(table) if order else table
    kind = dtype_of(rows)

    def found(point: Any, share: Any, size: Any) -> tuple[Any, Any, Any]:
        """Return the index that a point along an axis has, whether it is inside, and how much it counts."""
        if fill_mode != "constant":
            return _within(point, size, fill_mode), None, share
        is_inside = logical_and(greater_equal(point, 0.0), less(point, _float_of(size, point)))
        return _within(point, size, fill_mode), is_inside, share

    # The two nearest points along each axis, or the nearest one.
    points: list[list[tuple[Any, Any, Any]]] = []
    for place, size in zip(places, sizes, strict=True):
        if order == 0:
            points.append([found(round_half_away(place), None, size)])
        else:
            below = floor(place)
            wide = result_type(kind, dtype_of(place))
            part = cast(cast(place, wide) - cast(below, wide), kind)
            points.append([found(below, 1.0 - part, size), found(below + 1.0, part, size)])
    total: Any = None
    for corner in itertools.product(*points):
        row = first
        for (index, _, _), size in zip(corner, sizes, strict=True):
            row = add(multiply(row, size), index)
        value = take(rows, row, axis=0)
        if fill_mode == "constant":
            is_inside = functools.reduce(logical_and, [inside for _, inside, _ in corner])
            value = where(expand_dims(is_inside, -1), value, cast(fill_value, kind))
        if order == 1:
            weight = functools.reduce(multiply, [share for _, _, share in corner])
            value = value * expand_dims(weight, -1)
        total = value if total is None else total + value
    return back_to(dtype_of(table), total)


def _float_of(size: Any, like: Any) -> Any:
    return float(size) if isinstance(size, int) else cast(size, dtype_of(like))


def _within(point: Any, size: Any, fill_mode: str) -> Any:
    """Return the index along an axis of what is found at whole coordinates, given as floats so that none overflows."""
    n = _float_of(size, point)
    if fill_mode in ("constant", "nearest"):
        point = minimum(maximum(point, 0.0), n - 1.0)
    elif fill_mode == "wrap":
        point = mod(point, n)
    elif fill_mode == "mirror":
        period = max(2.0 * n - 2.0, 1.0) if isinstance(n, float) else maximum(2.0 * n - 2.0, 1.0)
        point = mod(point, period)  # an axis of one element mirrors to itself
        point = minimum(point, period - point)
    else:
        point = mod(point, 2.0 * n)
        point = minimum(point, 2.0 * n - 1.0 - point)
    return cast(point, "int32")


@op(dtypes={"images": real, "transform": real_floating})
def affine_transform(
    images: Tensor,
    transform: Tensor,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Move the pixels of images: the pixel at column `x` and row `y` of the result is read where `transform` says.

    Of `transform`, `(a0, a1, a2, b0, b1, b2, c0, c1)`, it is the point with column `(a0 x + a1 y + a2) / k` and row
    `(b0 x + b1 y + b2) / k`, where k is `c0 x + c1 y + 1`: 1 for what is affine in the strict sense. It is read as
    `map_coordinates` reads, of order 0 with `interpolation="nearest"` and 1 with "bilinear", the default. Outside of
    the images is what `fill_mode` says there, by default the constant `fill_value`, 0.

    Shapes: `images` is `(height, width, channels)`, or `(channels, height, width)` with `data_format="channels_first"`
    (None is `config.image_data_format()`), or a batch of such;
    `transform` is `(8,)`, or `(batch, 8)`. Dtype: that of `images`.
    Raises: `ShapeError` if the shapes do not fit; `ArgumentError` for another interpolation or mode.

    >>> affine_transform([[[1.0], [2.0], [3.0]]], [1.0, 0, 1, 0, 1, 0, 0, 0])[..., 0]
    array([[2., 3., 0.]], dtype=float32)
    """
    axes = spatial_axes(images, data_format)
    _check_batch("transform", transform, images, (8,))
    places = _projected(images, axes, widened(transform))
    return moved(images, axes, places, interpolation, fill_mode, fill_value)


@op(dtypes={"images": real, "start_points end_points": real_floating})
def perspective_transform(
    images: Tensor,
    start_points: Tensor,
    end_points: Tensor,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Move the pixels of images as in a photograph from elsewhere: what is at `start_points` comes to `end_points`.

    Pixels are read as by `affine_transform`, with `interpolation` "nearest" or "bilinear", the default. What comes from
    outside of the images is `fill_value`, 0 by default. Points of which three lie on one line give NaN or anything.

    Shapes: `images` is `(height, width, channels)`, or `(channels, height, width)` with `data_format="channels_first"`
    (None is `config.image_data_format()`), or a batch of such;
    the points are `(4, 2)`, or `(batch, 4, 2)`: column and row of each of four. Dtype: that of `images`.
    Raises: `ShapeError` if the shapes do not fit; `ArgumentError` for another interpolation.

    >>> corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], "float32")
    >>> perspective_transform(np.ones((1, 3, 1), "float32"), corners, corners + [1.0, 0.0])[..., 0]
    array([[0., 1., 1.]], dtype=float32)
    """
    axes = spatial_axes(images, data_format)
    _check_batch("start_points", start_points, images, (4, 2))
    _check_batch("end_points", end_points, images, (4, 2))
    transform = homography(widened(end_points), widened(start_points))
    return moved(images, axes, _projected(images, axes, transform), interpolation, "constant", fill_value)


def elastic_transform(
    images: Any,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Any:
    """Move the pixels of images at random, those close to one another in much the same way.

    Args:
        images: tensor, `(height, width, channels)` or `(channels, height, width)`, or a batch of such.
        alpha: float, how far: the displacements have a standard deviation of about `0.28 * alpha` pixels; 20.
        sigma: float, how smoothly: the standard deviation, in pixels, of the Gaussian that noise is smoothed with; 5.
        interpolation: str, how pixels between others are read, "nearest" or "bilinear"; "bilinear".
        fill_mode: str, what lies outside of the images, as in `map_coordinates`; "reflect".
        fill_value: number, what it is if `fill_mode` is "constant"; 0.
        seed: int, the same draws in each call; `SeedGenerator`, others in each; a seed tensor; or None, the next seed
            of the process; None.
        data_format: str or None, the layout, "channels_last" or "channels_first", None for
            `config.image_data_format()`; None.

    Returns:
        Images like those given.

    Raises:
        ShapeError: for another number of axes.
        ArgumentError: if another argument is not one of those allowed.

    Source: Simard et al. (2003), https://doi.org/10.1109/ICDAR.2003.1227801, section 2.

    >>> elastic_transform(np.ones((4, 5, 1), "float32"), seed=1).shape
    (4, 5, 1)
    """
    return random_elastic(images, draw_seed(seed), alpha, sigma, interpolation, fill_mode, fill_value, data_format)


@op(dtypes={"images": real})
def random_elastic(
    images: Tensor,
    seed: Tensor,
    alpha: float,
    sigma: float,
    interpolation: str,
    fill_mode: str,
    fill_value: float,
    data_format: str | None = None,
) -> Tensor:
    """Move the pixels of images at random, as `elastic_transform` says. Shapes: `seed` is `(2,)`."""
    if not sigma > 0:
        raise ArgumentError(f"sigma can not be {sigma!r}", fix="pass a positive number of pixels")
    axes = spatial_axes(images, data_format)
    sizes = shape(images)
    batch = sizes[0] if len(sizes) == 4 else 1
    height, width = (sizes[axis] for axis in axes)
    noise = random_normal(seed, (batch, height, width, 2), "float32")
    span = 2 * int(3 * sigma) + 1
    smooth = gaussian_blur(noise, (span, span), sigma, "channels_last") * (alpha * sigma)
    x, y = _pixels(images, axes, "float32")
    places = x + get_item(smooth, (..., 0)), y + get_item(smooth, (..., 1))
    return moved(images, axes, places, interpolation, fill_mode, fill_value)


def _check_batch(name: str, given: Any, images: Any, needed: tuple[int, ...]) -> None:
    batch = images.shape[0] if len(images.shape) == 4 else 1
    extra = len(given.shape) - len(needed)
    ends = given.shape[extra:] if extra >= 0 else ()
    if (
        extra not in (0, 1)
        or any(differ(size, wanted) for size, wanted in zip(ends, needed, strict=True))
        or (extra == 1 and differ(given.shape[0], 1) and differ(given.shape[0], batch))
    ):
        each = ", ".join(map(str, needed))
        raise ShapeError(
            f"{name} has shape {show_shape(given.shape)} and images {show_shape(images.shape)}",
            fix=f"pass ({each}{',' if len(needed) == 1 else ''}), or (batch, {each})",
        )


def _pixels(images: Any, axes: Sequence[int], kind: str) -> tuple[Any, Any]:
    """Return the columns and the rows of the pixels, `(1, width)` and `(height, 1)`."""
    height, width = (cast(arange(shape(images)[axis]), kind) for axis in axes)
    return expand_dims(width, 0), expand_dims(height, 1)


def _projected(images: Any, axes: Sequence[int], transform: Any) -> tuple[Any, Any]:
    """Return the columns and rows that transforms, `(8,)` or `(batch, 8)`, make of those of the pixels."""
    x, y = _pixels(images, axes, dtype_of(transform))
    # The axes are added in a step of their own: TensorFlow 2.21 forgets them where it takes what was stacked apart.
    columns = (get_item(transform, (..., i)) for i in range(8))
    a0, a1, a2, b0, b1, b2, c0, c1 = (expand_dims(expand_dims(each, -1), -1) for each in columns)
    k = c0 * x + c1 * y + 1.0
    return (a0 * x + a1 * y + a2) / k, (b0 * x + b1 * y + b2) / k


def homography(source: Any, target: Any) -> Any:
    """Return the transforms that take four points, `(..., 4, 2)`, to four others.

    Source: Heckbert (1989), "Fundamentals of texture mapping and image warping", section 2.2.3.
    """
    x, y = get_item(source, (..., 0)), get_item(source, (..., 1))
    u, v = get_item(target, (..., 0)), get_item(target, (..., 1))
    x, y, u, v = x + zeros_like(u), y + zeros_like(u), u + zeros_like(x), v + zeros_like(x)
    one, zero = ones_like(x), zeros_like(x)
    of_u = stack([x, y, one, zero, zero, zero, -u * x, -u * y], axis=-1)
    of_v = stack([zero, zero, zero, x, y, one, -v * x, -v * y], axis=-1)
    equations = concatenate([of_u, of_v], axis=-2)
    return squeeze(solve(equations, expand_dims(concatenate([u, v], axis=-1), -1)), axis=-1)


def moved(
    images: Any, axes: Sequence[int], places: tuple[Any, Any], interpolation: str, fill_mode: str, fill_value: Any
) -> Any:
    """Read images at other places: columns and rows, which broadcast to `(batch, height, width)`."""
    order = _ORDERS[one_of("interpolation", interpolation, tuple(_ORDERS))]
    is_batch, is_first = len(images.shape) == 4, axes[-1] == len(images.shape) - 1
    x = images if is_batch else expand_dims(images, 0)
    x = moveaxis(x, 1, -1) if is_first else x
    batch, height, width, channels = shape(x)
    columns, rows = (broadcast_to(place, (batch, height, width)) for place in places)
    table = reshape(x, (batch * height * width, channels))
    first = reshape(arange(batch), (batch, 1, 1))
    x = _read(table, first, (height, width), (rows, columns), order, fill_mode, fill_value)
    x = moveaxis(x, -1, 1) if is_first else x
    return x if is_batch else squeeze(x, axis=0)
