"""Cases of images. The references say what each pixel of a result is, in NumPy."""

from __future__ import annotations

import itertools
import math

import numpy as np
from hypothesis import strategies as st

import kcore_ops.image  # noqa: F401
import kcore_ops.ops.nn.blocks  # noqa: F401
from kcore_ops.conformance.case import FLOATS, REAL, arrays, case

SOME = ("float32", "float64", "float16", "uint8", "int32")  # where the dtype is kept, whatever it is

# Arguments.


def _layout(draw):
    return draw(st.sampled_from([None, "channels_last", "channels_first"]))


def _images(draw, dtype, data_format, sizes=(4, 5), channels=2, **limits):
    """Draw an image, or a batch of two, of the spatial sizes given."""
    shape = (channels, *sizes) if data_format == "channels_first" else (*sizes, channels)
    return draw(arrays(dtype, (2, *shape) if draw(st.booleans()) else shape, **limits))


# References. Batches with channels last inside.


def _batch(x, data_format, count=2):
    x = np.moveaxis(x, -count - 1, -1) if data_format == "channels_first" else x
    return x.reshape(-1, *x.shape[-count - 1 :])


def _like(result, x, data_format, count=2):
    """Give a batch with channels last in the layout of `x`."""
    result = np.moveaxis(result, -1, -count - 1) if data_format == "channels_first" else result
    return result[0] if x.ndim == count + 1 else result


def _rounded(y, x):
    return np.rint(y) if x.dtype == bool or np.issubdtype(x.dtype, np.integer) else y


def _lanczos(radius):
    return lambda d: np.sinc(d) * np.sinc(d / radius) * (d < radius)


_KERNELS = {
    "bilinear": lambda d: np.maximum(1 - d, 0),
    "bicubic": lambda d: np.where(d < 1, 1.5 * d**3 - 2.5 * d**2 + 1, (d < 2) * (-0.5 * d**3 + 2.5 * d**2 - 4 * d + 2)),
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}


def _along(x, axis, count, scale, shift, method, antialias):
    """Read `x` along an axis at the points that come to be the centres of `count` pixels."""
    lines, size = np.moveaxis(x, axis, 0).astype("float64"), x.shape[axis]
    result = np.zeros((count, *lines.shape[1:]))
    for i in range(count):
        centre = (i + 0.5 - shift) / scale - 0.5
        if -0.5 <= centre <= size - 0.5:
            distance = np.abs(centre - np.arange(size)) / (max(1 / scale, 1) if antialias else 1)
            weights = _KERNELS[method](distance)
            result[i] = np.tensordot(weights / weights.sum(), lines, 1)
    return np.moveaxis(result, 0, axis)


def _resize(
    x, size, interpolation="bilinear", antialias=False, crop=False, pad=False, fill_mode="constant", fill=0.0,
    data_format=None,
):  # fmt: skip
    y = _batch(x, data_format)
    height, width = y.shape[1:3]
    fit = (int(width * size[0] / size[1]), int(height * size[1] / size[0]))
    if crop:
        kept = (min(height, max(fit[0], 1)), min(width, max(fit[1], 1)))
        starts = ((height - kept[0]) // 2, (width - kept[1]) // 2)
        y = y[:, starts[0] : starts[0] + kept[0], starts[1] : starts[1] + kept[1]]
    if pad:
        margins = [(max(want - have, 0) // 2,) * 2 for want, have in zip(fit, (height, width), strict=True)]
        y = np.pad(y, [(0, 0), *margins, (0, 0)], constant_values=fill)
    for axis, count in enumerate(size, 1):
        if interpolation == "nearest":
            y = np.take(y, [math.floor((i + 0.5) * y.shape[axis] / count) for i in range(count)], axis)
        else:
            y = _along(y, axis, count, count / y.shape[axis], 0.0, interpolation, antialias)
    return _like(_rounded(y, x), x, data_format)


def _scale_and_translate(x, output_shape, scale, translation, axes, method, antialias=True):
    y, kernel = x, {"linear": "bilinear", "cubic": "bicubic"}.get(method, method)
    for axis, factor, shift in zip(axes, scale, translation, strict=True):
        y = _along(y, axis, output_shape[axis], factor, shift, kernel, antialias)
    return _rounded(y, x)


_PAD_MODES = {"constant": "constant", "nearest": "edge", "wrap": "wrap", "mirror": "reflect", "reflect": "symmetric"}
_MARGIN = 12


def _map_coordinates(x, coordinates, order, fill_mode="constant", fill_value=0):
    """Read a tensor that goes on beyond its edges as NumPy pads."""
    values = {"constant_values": fill_value} if fill_mode == "constant" else {}
    y = np.pad(x, _MARGIN, _PAD_MODES[fill_mode], **values).astype("float64")
    result = np.zeros(coordinates.shape[1:])
    for place in np.ndindex(result.shape):
        point = np.array([c[place] for c in coordinates])
        if order == 0:
            result[place] = y[tuple((np.sign(point) * np.floor(np.abs(point) + 0.5)).astype(int) + _MARGIN)]
            continue
        below = np.floor(point).astype(int)
        for corner in itertools.product((0, 1), repeat=len(point)):
            weight = np.prod(np.where(corner, point - below, 1 - (point - below)))
            result[place] += weight * y[tuple(below + corner + _MARGIN)]
    return _rounded(result, x)


def _projected(x, transforms, interpolation, fill_mode, fill_value, data_format):
    images = _batch(x, data_format)
    transforms = np.broadcast_to(transforms, (len(images), 8))
    row, column = np.indices(images.shape[1:3]).astype("float64")
    result = np.zeros(images.shape)
    for image, into, (a0, a1, a2, b0, b1, b2, c0, c1) in zip(images, result, transforms, strict=True):
        k = c0 * column + c1 * row + 1
        places = np.stack([(b0 * column + b1 * row + b2) / k, (a0 * column + a1 * row + a2) / k])
        for c in range(image.shape[-1]):
            into[..., c] = _map_coordinates(image[..., c], places, interpolation == "bilinear", fill_mode, fill_value)
    return _like(result, x, data_format)


def _affine(x, transform, interpolation="bilinear", fill_mode="constant", fill_value=0, data_format=None):
    return _projected(x, transform, interpolation, fill_mode, fill_value, data_format)


def _perspective(x, start, end, interpolation="bilinear", fill_value=0, data_format=None):
    def transform(source, target):
        equations, results = [], []
        for (a, b), (u, v) in zip(source, target, strict=True):
            equations += [[a, b, 1, 0, 0, 0, -u * a, -u * b], [0, 0, 0, a, b, 1, -v * a, -v * b]]
            results += [u, v]
        return np.linalg.solve(equations, results)

    pairs = zip(end.reshape(-1, 4, 2), start.reshape(-1, 4, 2), strict=True)
    transforms = np.stack([transform(*pair) for pair in pairs])
    return _projected(x, transforms, interpolation, "constant", fill_value, data_format)


def _ends(before, after, left, size):
    """Give where a crop starts and where it stops."""
    if before is None:
        return size - after - left, size - after
    return before, size - after if left is None else before + left


def _crop(x, top=None, left=None, bottom=None, right=None, height=None, width=None, data_format=None):
    y = _batch(x, data_format)
    rows, columns = _ends(top, bottom, height, y.shape[1]), _ends(left, right, width, y.shape[2])
    return _like(y[:, slice(*rows), slice(*columns)], x, data_format)


def _pad(x, top=None, left=None, bottom=None, right=None, height=None, width=None, data_format=None):
    y = _batch(x, data_format)
    ends = []
    for before, after, total, size in ((top, bottom, height, y.shape[1]), (left, right, width, y.shape[2])):
        before = total - size - after if before is None else before
        ends.append((before, total - size - before if after is None else after))
    return _like(np.pad(y, [(0, 0), *ends, (0, 0)]), x, data_format)


def _colours(function):
    def of_images(x, data_format=None):
        y = _batch(x, data_format)
        return _like(function(y), x, data_format)

    return of_images


def _grey(y):
    grey = (y @ np.array([0.2989, 0.587, 0.114]))[..., None]
    return np.trunc(grey) if np.issubdtype(y.dtype, np.integer) else grey


def _each_pixel(y, function):
    return np.array([function(*pixel) for pixel in y.reshape(-1, 3)]).reshape(y.shape)


def _to_hsv(y):
    import colorsys

    return _each_pixel(y, colorsys.rgb_to_hsv)


def _to_rgb(y):
    import colorsys

    return _each_pixel(y, colorsys.hsv_to_rgb)


def _correlated(y, kernel, padding):
    """Correlate each channel of a batch with a kernel `(height, width)`."""
    height, width = kernel.shape
    if padding == "same":
        ends = [((size - 1) // 2, size - 1 - (size - 1) // 2) for size in kernel.shape]
        y = np.pad(y, [(0, 0), *ends, (0, 0)])
    rows, columns = y.shape[1] - height + 1, y.shape[2] - width + 1
    parts = (kernel[i, j] * y[:, i : i + rows, j : j + columns] for i in range(height) for j in range(width))
    return sum(parts)


def _gaussian(size, sigma):
    weights = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / sigma) ** 2)
    return weights / weights.sum()


def _blur(x, kernel_size=(3, 3), sigma=(1.0, 1.0), data_format=None):
    sigma = np.broadcast_to(sigma, 2)
    kernel = np.outer(_gaussian(kernel_size[1], sigma[1]), _gaussian(kernel_size[0], sigma[0]))
    return _like(_rounded(_correlated(_batch(x, data_format), kernel, "same"), x), x, data_format)


def _sobel(x, data_format=None):
    y = _batch(x, data_format)
    down = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
    slopes = [_like(_correlated(y, kernel, "same"), x, data_format) for kernel in (down, down.T)]
    return np.stack(slopes, -1)


def _ssim(x, y, max_val=1.0, size=11, sigma=1.5, k1=0.01, k2=0.03, data_format=None):
    kernel = np.outer(_gaussian(size, sigma), _gaussian(size, sigma))

    def mean(z):
        return _correlated(_batch(z, data_format), kernel, "valid")

    mx, my = mean(x), mean(y)
    vx, vy, covariance = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    likeness = (2 * mx * my + c1) * (2 * covariance + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    means = likeness.mean((1, 2, 3))
    return means[0] if x.ndim == 3 else means


def _psnr(x, y, max_val):
    return 10 * np.log10(max_val**2 / np.mean((x.astype("float64") - y) ** 2))


def _patches(count):
    def patches(x, size, strides=None, dilation=1, padding="valid", data_format=None):
        y = _batch(x, data_format, count)
        size, dilation = np.broadcast_to(size, count), np.broadcast_to(dilation, count)
        strides = size if strides is None else np.broadcast_to(strides, count)
        spans = (size - 1) * dilation + 1
        sizes = np.array(y.shape[1:-1])
        if padding == "same":
            found = -(-sizes // strides)
            missing = np.maximum((found - 1) * strides + spans - sizes, 0)
            y = np.pad(y, [(0, 0), *((n // 2, n - n // 2) for n in missing), (0, 0)])
        else:
            found = (sizes - spans) // strides + 1
        result = np.zeros((len(y), *found, int(np.prod(size)) * y.shape[-1]), y.dtype)
        for position in itertools.product(*map(range, found)):
            axes = zip(position, strides, spans, dilation, strict=True)
            part = y[(slice(None), *(slice(p * s, p * s + span, d) for p, s, span, d in axes))]
            result[(slice(None), *position)] = part.reshape(len(y), -1)
        return _like(result, x, data_format, count)

    return patches


def _depth_to_space(x, block, data_format=None):
    is_first = data_format == "channels_first"
    y = np.moveaxis(x, 1, -1) if is_first else x
    batch, height, width, channels = y.shape
    left = channels // block**2
    result = np.zeros((batch, height * block, width * block, left), x.dtype)
    for i, j, c in itertools.product(range(block), range(block), range(left)):
        source = (c * block + i) * block + j if is_first else (i * block + j) * left + c
        result[:, i::block, j::block, c] = y[..., source]
    return np.moveaxis(result, -1, 1) if is_first else result


def _space_to_depth(x, block, data_format=None):
    is_first = data_format == "channels_first"
    y = np.moveaxis(x, 1, -1) if is_first else x
    batch, height, width, channels = y.shape
    result = np.zeros((batch, height // block, width // block, channels * block**2), x.dtype)
    for i, j, c in itertools.product(range(block), range(block), range(channels)):
        target = (c * block + i) * block + j if is_first else (i * block + j) * channels + c
        result[..., target] = y[:, i::block, j::block, c]
    return np.moveaxis(result, -1, 1) if is_first else result


# Cases.


@case("resize", _resize, dtypes=FLOATS)
def _resize_case(draw, dtype):
    data_format, size = _layout(draw), draw(st.sampled_from([(2, 3), (7, 8), (9, 2)]))
    x = _images(draw, dtype, data_format, draw(st.sampled_from([(4, 5), (6, 3)])))
    crop, pad = draw(st.sampled_from([(False, False), (False, False), (True, False), (False, True)]))
    interpolation = draw(st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]))
    return x, size, interpolation, draw(st.booleans()), crop, pad, "constant", 0.5, data_format


@case("resize", _resize, dtypes=("uint8", "int32", "int16"), gradient=False)
def _resize_of_integers(draw, dtype):
    # Three times as large, all results are ninths, and none lies half way between two integers.
    data_format = _layout(draw)
    x = _images(draw, dtype, data_format, (4, 5))
    return (
        x,
        (12, 15),
        draw(st.sampled_from(["nearest", "bilinear"])),
        False,
        False,
        False,
        "constant",
        0.0,
        data_format,
    )


@case("scale_and_translate", _scale_and_translate, dtypes=("float32", "float64", "float16"), tolerance=4)
def _scale_and_translate_case(draw, dtype):
    x = draw(arrays(dtype, (2, 4, 5)))
    axes = draw(st.sampled_from([(1, 2), (2, 1), (2,)]))
    scale = np.array([draw(st.sampled_from([0.63, 1.37, 2.11])) for _ in axes], "float32")
    translation = np.array([draw(st.sampled_from([0.43, -1.29])) for _ in axes], "float32")
    shape = tuple(n + 2 if i in axes else n for i, n in enumerate(x.shape))
    method = draw(st.sampled_from(["linear", "cubic", "lanczos3", "lanczos5"]))
    return x, shape, scale, translation, axes, method, draw(st.booleans())


def _mode(draw):
    return draw(st.sampled_from(list(_PAD_MODES)))


@case("map_coordinates", _map_coordinates, dtypes=SOME, tolerance=2)
def _map_coordinates_case(draw, dtype):
    x = draw(arrays(dtype, draw(st.sampled_from([(4, 3), (5,), (1, 4), (2, 3, 2)]))))
    places = draw(arrays("float32", (x.ndim, *draw(st.sampled_from([(6,), (2, 3), ()]))), low=-6.0, high=9.0))
    return x, places, draw(st.sampled_from([0, 1])), _mode(draw), 2


def _places_dtype(dtype):
    return "float64" if dtype == "float64" else "float32"


def _interpolation(draw):
    return draw(st.sampled_from(["nearest", "bilinear"]))


def _for_each(draw, x, make):
    """Draw one argument for an image, or one for each image of a batch."""
    return make() if x.ndim == 3 else np.stack([make() for _ in x])


@case("affine_transform", _affine, dtypes=SOME, tolerance=4)
def _affine_case(draw, dtype):
    data_format = _layout(draw)
    x = _images(draw, dtype, data_format)

    def transform():
        moved = draw(arrays(_places_dtype(dtype), (6,), low=-0.5, high=0.5))
        moved[[0, 4]] += 1
        return np.append(moved, np.zeros(2, moved.dtype))

    return x, _for_each(draw, x, transform), _interpolation(draw), _mode(draw), 2, data_format


@case("perspective_transform", _perspective, dtypes=SOME, tolerance=20)
def _perspective_case(draw, dtype):
    data_format = _layout(draw)
    x = _images(draw, dtype, data_format)

    def points():
        moved = draw(arrays(_places_dtype(dtype), (4, 2), low=-0.5, high=0.5))
        return moved + np.array([[0, 0], [4, 0], [0, 3], [4, 3]], moved.dtype)

    return x, _for_each(draw, x, points), _for_each(draw, x, points), _interpolation(draw), 2, data_format


@case("random_elastic", dtypes=("float32", "float64"), gradient=False)
def _elastic_case(draw, dtype):
    data_format = _layout(draw)
    seed = np.array([draw(st.integers(0, 2**32 - 1)), draw(st.integers(0, 9))], "uint32")
    return _images(draw, dtype, data_format), seed, 2.0, 1.5, "bilinear", _mode(draw), 0.5, data_format


@case("crop_images", _crop, dtypes=SOME)
def _crop_case(draw, dtype):
    data_format = _layout(draw)
    x = _images(draw, dtype, data_format)
    rows, columns = (draw(st.sampled_from([(1, 1, None), (1, None, 2), (None, 1, 2), (0, 0, None)])) for _ in range(2))
    return x, rows[0], columns[0], rows[1], columns[1], rows[2], columns[2], data_format


@case("pad_images", _pad, dtypes=SOME)
def _pad_case(draw, dtype):
    data_format = _layout(draw)
    x = _images(draw, dtype, data_format)
    rows, columns = (draw(st.sampled_from([(1, 2, None), (1, None, 7), (None, 1, 7), (0, 0, None)])) for _ in range(2))
    return x, rows[0], columns[0], rows[1], columns[1], rows[2], columns[2], data_format


@case("rgb_to_grayscale", _colours(_grey), dtypes=[dtype for dtype in REAL if dtype not in ("bool", "int8")])
def _grayscale_case(draw, dtype):
    data_format = _layout(draw)
    return _images(draw, dtype, data_format, (2, 3), 3), data_format


for _name, _function in {"rgb_to_hsv": _to_hsv, "hsv_to_rgb": _to_rgb}.items():

    @case(_name, _colours(_function), dtypes=FLOATS, tolerance=2)
    def _colours_case(draw, dtype):
        data_format = _layout(draw)
        return _images(draw, dtype, data_format, (2, 3), 3, low=0.05, high=0.95), data_format


@case("gaussian_blur", _blur, dtypes=FLOATS, tolerance=2)
def _blur_case(draw, dtype):
    data_format = _layout(draw)
    sigma = draw(st.sampled_from([np.array([0.7, 1.2], "float32"), np.array(0.9, "float32")]))
    return _images(draw, dtype, data_format), draw(st.sampled_from([(3, 3), (5, 2)])), sigma, data_format


@case("sobel_edges", _sobel, dtypes=(*FLOATS, "uint8", "int32"), tolerance=4)
def _sobel_case(draw, dtype):
    data_format = _layout(draw)
    return _images(draw, dtype, data_format), data_format


@case("ssim", _ssim, dtypes=("float32", "float64", "float16"), tolerance=20)
def _ssim_case(draw, dtype):
    data_format = _layout(draw)
    x = _images(draw, dtype, data_format, low=0.2, high=1.0)
    y = draw(arrays(dtype, x.shape, low=0.2, high=1.0))
    return x, y, 1.0, draw(st.sampled_from([2, 3])), 1.5, 0.1, 0.3, data_format


@case("psnr", _psnr, dtypes=(*FLOATS, "int32"), tolerance=4)
def _psnr_case(draw, dtype):
    shape = draw(st.sampled_from([(4,), (2, 3)]))
    return draw(arrays(dtype, shape, low=1, high=2)), draw(arrays(dtype, shape, low=3, high=4)), 2.0


@case("extract_patches", _patches(2), dtypes=SOME)
def _patches_case(draw, dtype):
    data_format = _layout(draw)
    size, strides, dilation = draw(
        st.sampled_from([(2, None, 1), ((2, 3), (1, 2), 1), (2, 1, 2), ((1, 2), 3, (1, 2)), ((3, 1), None, 1)])
    )
    padding = draw(st.sampled_from(["valid", "same"]))
    return _images(draw, dtype, data_format), size, strides, dilation, padding, data_format


@case("extract_patches", _patches(3), dtypes=("float32", "int32"))
def _patches_of_volumes_case(draw, dtype):
    data_format = _layout(draw)
    size, strides = draw(st.sampled_from([((2, 1, 3), (1, 2, 1)), ((1, 2, 2), None)]))
    return _images(draw, dtype, data_format, (2, 4, 3)), size, strides, 1, "valid", data_format


@case("extract_patches_3d", _patches(3), dtypes=SOME)
def _patches_3d_case(draw, dtype):
    data_format = _layout(draw)
    size, strides, dilation = draw(st.sampled_from([(2, None, 1), ((2, 1, 3), (1, 2, 1), 1), (2, 1, (1, 2, 1))]))
    padding = draw(st.sampled_from(["valid", "same"]))
    return _images(draw, dtype, data_format, (2, 4, 3)), size, strides, dilation, padding, data_format


@case("depth_to_space", _depth_to_space, dtypes=SOME)
def _depth_to_space_case(draw, dtype):
    data_format = draw(st.sampled_from(["channels_last", "channels_first"]))
    shape = (2, 8, 2, 3) if data_format == "channels_first" else (2, 2, 3, 8)
    return draw(arrays(dtype, shape)), 2, data_format


@case("space_to_depth", _space_to_depth, dtypes=SOME)
def _space_to_depth_case(draw, dtype):
    data_format = draw(st.sampled_from(["channels_last", "channels_first"]))
    shape = (2, 3, 4, 6) if data_format == "channels_first" else (2, 4, 6, 3)
    return draw(arrays(dtype, shape)), 2, data_format
