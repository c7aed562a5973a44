"""Images: what holds of transforms whatever the image, and what is said of arguments that do not fit."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import KerasTensor, TensorSpec, image
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError
from kcore_ops.ops.nn.blocks import depth_to_space, space_to_depth
from kcore_ops.ops.nn.psnr import psnr

rng = np.random.default_rng(0)
IMAGE = rng.uniform(0, 1, (6, 5, 3)).astype("float32")
BATCH = rng.uniform(0, 1, (2, 6, 5, 3)).astype("float32")


def tensor(x, dtype="float32"):
    return ops.convert_to_tensor(np.asarray(x, dtype))


def numbers(x):
    return ops.convert_to_numpy(x)


def first(x):
    """Channels first."""
    return np.moveaxis(x, -1, -3)


EACH = {
    "resize": lambda x, f: image.resize(x, (4, 7), "bicubic", data_format=f),
    "crop": lambda x, f: image.crop_images(x, 1, 1, target_height=3, target_width=2, data_format=f),
    "pad": lambda x, f: image.pad_images(x, 1, 1, target_height=8, target_width=9, data_format=f),
    "affine": lambda x, f: image.affine_transform(x, [1.1, 0.2, -0.5, 0.1, 0.9, 0.3, 0, 0], data_format=f),
    "elastic": lambda x, f: image.elastic_transform(x, 2.0, 1.0, seed=3, data_format=f),
    "blur": lambda x, f: image.gaussian_blur(x, (5, 3), (1.0, 2.0), data_format=f),
    "hsv": lambda x, f: image.rgb_to_hsv(x, f),
    "grey": lambda x, f: image.rgb_to_grayscale(x, f),
    "patches": lambda x, f: image.extract_patches(x, 2, data_format=f),
}
EACH_FUNCTION = pytest.mark.parametrize("function", EACH.values(), ids=EACH)


@EACH_FUNCTION
def test_channels_may_come_first(backend, function):
    expected = first(numbers(function(tensor(BATCH), "channels_last")))
    np.testing.assert_allclose(numbers(function(tensor(first(BATCH)), "channels_first")), expected, atol=1e-6)


@EACH_FUNCTION
def test_one_image_is_a_batch_of_one(backend, function):
    expected = numbers(function(tensor(IMAGE[None]), "channels_last"))[0]
    np.testing.assert_allclose(numbers(function(tensor(IMAGE), "channels_last")), expected, atol=1e-6)


@EACH_FUNCTION
def test_a_number_of_images_that_is_not_known_stays_so(backend, function):
    inferred = function(TensorSpec((None, 6, 5, 3)), "channels_last")
    assert inferred.shape == (None, *numbers(function(tensor(BATCH), "channels_last")).shape[1:])


@EACH_FUNCTION
def test_images_with_another_number_of_axes_are_refused(backend, function):
    with pytest.raises(ShapeError, match=r"images? ?.* has 2 axes, \(6, 5\)"):
        function(tensor(IMAGE[..., 0]), "channels_last")


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"])
def test_resizing_to_the_same_size_changes_nothing(backend, interpolation):
    np.testing.assert_allclose(numbers(image.resize(tensor(BATCH), (6, 5), interpolation)), BATCH, atol=1e-6)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos3", "lanczos5"])
def test_a_resized_plain_image_is_plain(backend, interpolation):
    resized = image.resize(tensor(np.full((6, 5, 1), 0.7)), (3, 9), interpolation, antialias=True)
    np.testing.assert_allclose(numbers(resized), 0.7, atol=1e-6)


def test_antialiasing_counts_every_pixel(backend):
    spot = np.zeros((64, 64, 1))
    spot[17, 42] = 1.0
    assert numbers(image.resize(tensor(spot), (8, 8))).sum() == 0
    np.testing.assert_allclose(numbers(image.resize(tensor(spot), (8, 8), antialias=True)).sum(), 1 / 64, rtol=0.05)


def test_resized_integers_are_rounded_and_stay_within_their_dtype(backend):
    edge = np.array([0, 0, 255, 255], "uint8").reshape(1, 4, 1)
    wide = numbers(image.resize(tensor(edge, "uint8"), (1, 12), "bicubic"))
    exact = numbers(image.resize(tensor(edge), (1, 12), "bicubic"))
    assert wide.dtype == "uint8" and exact.min() < 0 and exact.max() > 255
    np.testing.assert_array_equal(wide, np.clip(np.rint(exact), 0, 255))


def test_resize_is_scale_and_translate_without_translation(backend):
    scaled = image.scale_and_translate(tensor(IMAGE), (4, 9, 3), [4 / 6, 9 / 5], [0.0, 0.0], (0, 1), "lanczos3")
    expected = image.resize(tensor(IMAGE), (4, 9), "lanczos3", antialias=True)
    np.testing.assert_allclose(numbers(scaled), numbers(expected), atol=1e-5)


@pytest.mark.needs("gradient")
def test_the_gradient_of_a_translation_is_the_slope(backend):
    ramp = tensor(np.arange(10.0)[None, :, None] * 3)

    def value(shift):
        moved = image.scale_and_translate(ramp, (1, 10, 1), [1.0], shift, (1,), "linear", antialias=False)
        return ops.sum(moved[:, 4])

    np.testing.assert_allclose(numbers(ops.grad(value)(tensor([0.3]))), [-3.0], rtol=1e-5)


def test_a_resize_of_sizes_that_are_not_known_is_the_same(backend):
    def function(x):
        return image.resize(x, (4, 9), "bicubic", antialias=True, crop_to_aspect_ratio=True)

    specs = [TensorSpec((None, None, None, 3))] if "dynamic_shapes" in backend.capabilities else None
    if "jit" in backend.capabilities:
        compiled = backend.jit(function, specs=specs)
        np.testing.assert_allclose(numbers(compiled(tensor(BATCH))), numbers(function(tensor(BATCH))), atol=1e-5)
    assert function(KerasTensor((None, None, None, 3))).shape == (None, 4, 9, 3)


def test_the_identity_moves_nothing(backend):
    still = [1.0, 0, 0, 0, 1, 0, 0, 0]
    corners = [[0.0, 0.0], [4.0, 0.0], [0.0, 5.0], [4.0, 5.0]]
    for interpolation in ("nearest", "bilinear"):
        same = image.affine_transform(tensor(BATCH), still, interpolation)
        np.testing.assert_allclose(numbers(same), BATCH, atol=1e-6)
        same = image.perspective_transform(tensor(BATCH), corners, corners, interpolation)
        np.testing.assert_allclose(numbers(same), BATCH, atol=1e-5)
        same = image.elastic_transform(tensor(BATCH), 0.0, interpolation=interpolation, seed=1)
        np.testing.assert_allclose(numbers(same), BATCH, atol=1e-6)


def test_each_image_has_its_own_transform(backend):
    transforms = tensor([[1, 0, 1, 0, 1, 0, 0, 0], [1, 0, 0, 0, 1, -1, 0, 0]])
    moved = numbers(image.affine_transform(tensor(BATCH), transforms))
    np.testing.assert_allclose(moved[0, :, :-1], BATCH[0, :, 1:], atol=1e-6)
    np.testing.assert_allclose(moved[1, 1:], BATCH[1, :-1], atol=1e-6)


def test_the_last_two_coefficients_of_a_transform_divide(backend):
    """As Keras 3.15.1 on TensorFlow has it; on its other backends they are ignored."""
    ramp = np.broadcast_to(np.arange(8.0)[None, :, None], (4, 8, 1))
    moved = image.affine_transform(tensor(ramp), [1.0, 0, 0, 0, 1, 0, 0.1, 0])
    np.testing.assert_allclose(numbers(moved)[0, :, 0], np.arange(8) / (1 + 0.1 * np.arange(8)), rtol=1e-5)


def test_a_perspective_takes_start_points_to_end_points(backend):
    start = np.array([[1, 1], [5, 2], [2, 6], [6, 5]])
    end = np.array([[2, 1], [6, 1], [1, 5], [5, 6]])
    picture = np.zeros((8, 8, 1))
    for value, (x, y) in enumerate(start, 1):
        picture[y, x] = value
    moved = numbers(image.perspective_transform(tensor(picture), tensor(start), tensor(end)))
    np.testing.assert_allclose([moved[y, x, 0] for x, y in end], [1, 2, 3, 4], atol=1e-3)


def test_coordinates_far_away_and_none_at_all_read_nothing_else(backend):
    places = tensor([[1e12, -1e12, np.inf, -np.inf]])
    values = image.map_coordinates(tensor([1.0, 2.0, 3.0]), places, 0, "nearest")
    assert numbers(values).tolist() == [3, 1, 3, 1]
    assert numbers(image.map_coordinates(tensor([1.0, 2.0]), places, 0, "constant", -1)).tolist() == [-1] * 4


def test_of_two_elements_equally_near_the_one_farther_from_zero_is_read(backend):
    values = image.map_coordinates(tensor(np.arange(5.0)), tensor([[0.5, 1.5, 2.5, -0.5]]), 0, "constant", -1)
    assert numbers(values).tolist() == [1, 2, 3, -1]


@pytest.mark.needs("gradient")
def test_gradients_flow_to_coordinates(backend):
    squares = tensor(np.arange(6.0) ** 2)
    slope = ops.grad(lambda at: ops.sum(image.map_coordinates(squares, at, 1)))(tensor([[1.5, 3.2]]))
    np.testing.assert_allclose(numbers(slope), [[3, 7]], rtol=1e-5)


def test_elastic_displacements_are_as_large_and_as_smooth_as_said(backend):
    """Their standard deviation, 0.28 of alpha whatever sigma is, was measured on Keras 3.15.1."""
    column, row = np.meshgrid(np.arange(120.0), np.arange(120.0))
    places = np.stack([column, row], -1)
    for sigma in (1.0, 2.0):
        moved = image.elastic_transform(tensor(np.stack([places] * 8)), 1.0, sigma, fill_mode="nearest", seed=7)
        shift = (numbers(moved) - places)[:, 30:90, 30:90]
        assert abs(shift.std() / 0.2835 - 1) < 0.06
        neighbours = (shift[:, :, 1:] * shift[:, :, :-1]).mean() / shift.var()
        assert abs(neighbours - np.exp(-1 / (4 * sigma**2))) < 0.02
        assert abs((shift[..., 0] * shift[..., 1]).mean() / shift.var()) < 0.15


def test_an_elastic_transform_is_determined_by_its_seed(backend):
    same = [numbers(image.elastic_transform(tensor(BATCH), seed=seed)) for seed in (5, 5, 6)]
    np.testing.assert_array_equal(same[0], same[1])
    assert np.abs(same[0] - same[2]).max() > 0.01


def test_hsv_is_undone(backend):
    np.testing.assert_allclose(numbers(image.hsv_to_rgb(image.rgb_to_hsv(tensor(BATCH)))), BATCH, atol=1e-5)


def test_grey_has_no_hue_and_no_saturation(backend):
    np.testing.assert_allclose(numbers(image.rgb_to_hsv(tensor(np.full((1, 1, 3), 0.4)))), [[[0, 0, 0.4]]], rtol=1e-6)
    assert numbers(image.rgb_to_hsv(tensor(np.zeros((1, 1, 3))))).tolist() == [[[0, 0, 0]]]


def test_grey_images_stay_as_they_are(backend):
    np.testing.assert_array_equal(numbers(image.rgb_to_grayscale(tensor(BATCH[..., :1]))), BATCH[..., :1])


def test_a_blurred_plain_image_is_plain_inside(backend):
    blurred = numbers(image.gaussian_blur(tensor(np.full((7, 9, 2), 200), "uint8"), (3, 5), (1.0, 0.7)))
    assert blurred.dtype == "uint8" and (blurred[2:-2, 1:-1] == 200).all() and (blurred[0] < 200).all()


@pytest.mark.needs("gradient")
def test_gradients_flow_to_the_width_of_a_blur(backend):
    spot = np.zeros((5, 5, 1))
    spot[2, 2] = 1.0
    slope = ops.grad(lambda sigma: image.gaussian_blur(tensor(spot), (5, 5), sigma)[2, 2, 0])(tensor([0.8, 0.8]))
    assert (numbers(slope) < -0.1).all()


def test_edges_of_unsigned_integers_have_a_sign(backend):
    step = np.array([255, 255, 0, 0], "uint8")[None, :, None].repeat(3, 0)
    edges = numbers(image.sobel_edges(tensor(step, "uint8")))
    assert edges.dtype == "int32" and edges[1, :, 0, 1].tolist() == [1020, -1020, -1020, 0]


def test_images_are_most_like_themselves(backend):
    noisy = np.clip(BATCH + rng.normal(0, 0.2, BATCH.shape), 0, 1)
    np.testing.assert_allclose(numbers(image.ssim(tensor(BATCH), tensor(BATCH), filter_size=3)), 1, rtol=1e-5)
    assert (numbers(image.ssim(tensor(BATCH), tensor(noisy), filter_size=3)) < 0.9).all()
    assert np.isinf(numbers(psnr(tensor(BATCH), tensor(BATCH), 1.0)))


def test_patches_side_by_side_are_blocks_made_channels(backend):
    x = tensor(rng.normal(size=(2, 6, 4, 3)))
    np.testing.assert_array_equal(numbers(image.extract_patches(x, 2)), numbers(space_to_depth(x, 2)))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_space_to_depth_is_undone(backend, data_format):
    x = rng.normal(size=(2, 6, 4, 6)).astype("float32")
    back = depth_to_space(space_to_depth(tensor(x), 2, data_format), 2, data_format)
    np.testing.assert_array_equal(numbers(back), x)


FAULTS = [
    (lambda x: image.resize(x, 4), ArgumentError, "size=4 is not a height and a width"),
    (lambda x: image.resize(x, (4, 0)), ArgumentError, "does not fit 2 spatial axes"),
    (lambda x: image.resize(x, (4, 4), "cubic"), ArgumentError, "interpolation can not be 'cubic'"),
    (lambda x: image.resize(x, (4, 4), fill_mode="wrap"), ArgumentError, "fill_mode can not be 'wrap'"),
    (
        lambda x: image.resize(x, (4, 4), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
        ArgumentError,
        "either cropped or padded",
    ),
    (lambda x: image.resize(x[:, :0], (4, 4)), ShapeError, r"\(2, 0, 5, 3\) have no pixels"),
    (
        lambda x: image.scale_and_translate(x, (2, 9, 9, 1), [1.0, 1.0], [0.0, 0.0], (1, 2), "linear"),
        ShapeError,
        "must be the same but along spatial_dims",
    ),
    (
        lambda x: image.scale_and_translate(x, (2, 9, 9, 3), [1.0], [0.0, 0.0], (1, 2), "linear"),
        ShapeError,
        r"scale has shape \(1,\)",
    ),
    (
        lambda x: image.scale_and_translate(x, (2, 9, 9, 3), [1.0], [0.0], (1,), "nearest"),
        ArgumentError,
        "method can not be 'nearest'",
    ),
    (lambda x: image.map_coordinates(x, np.zeros((4, 2)), 2), ArgumentError, "order can not be 2"),
    (lambda x: image.map_coordinates(x, np.zeros((3, 2)), 1), ShapeError, "inputs have 4 axes and coordinates have"),
    (lambda x: image.map_coordinates(x, np.zeros((4, 2)), 1, "edge"), ArgumentError, "fill_mode can not be 'edge'"),
    (lambda x: image.affine_transform(x, np.zeros((3, 8))), ShapeError, r"transform has shape \(3, 8\)"),
    (lambda x: image.affine_transform(x, np.zeros(6)), ShapeError, r"transform has shape \(6,\)"),
    (lambda x: image.affine_transform(x, np.zeros(8), "cubic"), ArgumentError, "interpolation can not be 'cubic'"),
    (
        lambda x: image.perspective_transform(x, np.zeros((4, 2)), np.zeros((4, 3))),
        ShapeError,
        r"end_points has shape \(4, 3\)",
    ),
    (lambda x: image.elastic_transform(x, sigma=0.0), ArgumentError, "sigma can not be 0.0"),
    (lambda x: image.crop_images(x, 1, 1), ArgumentError, "two of top_cropping, bottom_cropping, target_height"),
    (lambda x: image.crop_images(x, 4, 0, 3, 0), ShapeError, "have no 7 pixels along axis 1"),
    (lambda x: image.crop_images(x, -1, 0, 3, 0), ArgumentError, "a number of pixels is a non-negative integer"),
    (
        lambda x: image.pad_images(x, 1, 1, target_height=5, target_width=9),
        ShapeError,
        "larger than target_height=5 along axis 1",
    ),
    (lambda x: image.rgb_to_hsv(x[..., :2]), ShapeError, "have 2 colours, along axis 3"),
    (lambda x: image.rgb_to_hsv(ops.cast(x, "uint8")), DTypeError, "fractions from 0 to 1 and can not be uint8"),
    (lambda x: image.gaussian_blur(x, (3, 3), [1.0, 1.0, 1.0]), ShapeError, r"sigma has shape \(3,\)"),
    (lambda x: image.gaussian_blur(x, (3, 0)), ArgumentError, "kernel_size"),
    (lambda x: image.ssim(x, x[:1]), ShapeError, r"image1 has shape \(2, 6, 5, 3\) and image2 \(1, 6, 5, 3\)"),
    (lambda x: image.ssim(x, x), ShapeError, "a window that spans 11 does not fit into size"),
    (lambda x: psnr(x, x, 0), ArgumentError, "max_val can not be 0"),
    (lambda x: image.extract_patches(x, 7), ShapeError, "a window that spans 7 does not fit into size 6"),
    (lambda x: image.extract_patches_3d(x, (2, 2)), ArgumentError, "does not fit 3 spatial axes"),
    (lambda x: depth_to_space(x, 2), ShapeError, "size 3 along axis 3 is no multiple of 4"),
    (lambda x: space_to_depth(x, 2), ShapeError, "size 5 along axis 2 is no multiple of 2"),
    (lambda x: space_to_depth(x, 1), ArgumentError, "block_size can not be 1"),
]


@pytest.mark.parametrize("call, error, message", FAULTS)
def test_what_does_not_fit_is_said(backend, call, error, message):
    with pytest.raises(error, match=message):
        call(tensor(BATCH))
