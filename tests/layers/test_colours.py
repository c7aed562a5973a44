"""Layers that change colours: what each of them makes of known pixels, and what they refuse."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from augmentation_cases import IMAGES
from kcore_layers.layers.augmentation.adaptive_equalization import ContrastLimitedAdaptiveHistogramEqualization
from kcore_layers.layers.augmentation.auto_contrast import AutoContrast
from kcore_layers.layers.augmentation.equalization import Equalization
from kcore_layers.layers.augmentation.random_brightness import RandomBrightness
from kcore_layers.layers.augmentation.random_color_degeneration import RandomColorDegeneration
from kcore_layers.layers.augmentation.random_color_jitter import RandomColorJitter
from kcore_layers.layers.augmentation.random_contrast import RandomContrast
from kcore_layers.layers.augmentation.random_erasing import RandomErasing
from kcore_layers.layers.augmentation.random_gaussian_blur import RandomGaussianBlur
from kcore_layers.layers.augmentation.random_grayscale import RandomGrayscale
from kcore_layers.layers.augmentation.random_hue import RandomHue
from kcore_layers.layers.augmentation.random_invert import RandomInvert
from kcore_layers.layers.augmentation.random_posterization import RandomPosterization
from kcore_layers.layers.augmentation.random_saturation import RandomSaturation
from kcore_layers.layers.augmentation.random_sharpness import RandomSharpness
from kcore_layers.layers.augmentation.solarization import Solarization
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, ShapeError

# What they do is done by ops, which are the same everywhere; where each op is compiled anew that takes minutes.
pytestmark = pytest.mark.only("numpy", "torch")

# Layers that leave images as they are, whatever is drawn.
IDENTITIES = {
    "RandomBrightness": lambda: RandomBrightness(0.0),
    "RandomColorDegeneration": lambda: RandomColorDegeneration((0.0, 0.0)),
    "RandomColorJitter": lambda: RandomColorJitter(),
    "RandomContrast": lambda: RandomContrast(0.0),
    "RandomErasing": lambda: RandomErasing(0.0),
    "RandomGaussianBlur": lambda: RandomGaussianBlur(0.0),
    "RandomGaussianBlur of no width": lambda: RandomGaussianBlur((1.0, 1.0), sigma=0.0),
    "RandomGrayscale": lambda: RandomGrayscale(0.0),
    "RandomHue": lambda: RandomHue(0.0),
    "RandomInvert": lambda: RandomInvert(0.0),
    "RandomPosterization": lambda: RandomPosterization((8, 8)),
    "RandomSaturation": lambda: RandomSaturation((0.5, 0.5)),
    "RandomSharpness": lambda: RandomSharpness((0.5, 0.5)),
    "Solarization": lambda: Solarization(threshold_factor=(1.0, 1.0)),
}


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x)).astype("float64")


@pytest.mark.parametrize("name", IDENTITIES)
def test_a_factor_of_nothing_changes_nothing(backend, name):
    layer = IDENTITIES[name]()
    images = np.minimum(IMAGES, 254.0)  # the greatest value is inverted at a threshold of it
    np.testing.assert_allclose(numbers(layer(images)), images, atol=1e-3)


RANGED = {
    "RandomBrightness": lambda **k: RandomBrightness((0.3, 0.3), **k),
    "RandomContrast": lambda **k: RandomContrast(0.5, seed=1, **k),
    "RandomColorDegeneration": lambda **k: RandomColorDegeneration((0.5, 0.5), **k),
    "RandomHue": lambda **k: RandomHue(0.5, seed=1, **k),
    "RandomSaturation": lambda **k: RandomSaturation((0.7, 0.9), seed=1, **k),
    "RandomSharpness": lambda **k: RandomSharpness((0.9, 0.9), **k),
    "RandomInvert": lambda **k: RandomInvert(seed=1, **k),
    "RandomColorJitter": lambda **k: RandomColorJitter(
        brightness_factor=0.2, contrast_factor=0.2, saturation_factor=(0.3, 0.6), hue_factor=0.2, seed=1, **k
    ),
    "Solarization": lambda **k: Solarization(0.3, 0.5, seed=1, **k),
    "AutoContrast": lambda **k: AutoContrast(**k),
    "Equalization": lambda **k: Equalization(**k),
}


@pytest.mark.parametrize("name", RANGED)
@pytest.mark.parametrize("value_range", [(0, 1), (-1, 1)])
def test_images_of_another_range_are_changed_alike(backend, name, value_range):
    if name == "RandomSharpness" and value_range == (-1, 1):
        value_range = (0, 2)  # outside of an image is 0
    least, most = value_range
    expected = numbers(RANGED[name]()(IMAGES))
    scaled = (IMAGES / 255 * (most - least) + least).astype("float32")
    found = numbers(RANGED[name](value_range=value_range)(scaled))
    np.testing.assert_allclose((found - least) / (most - least) * 255, expected, atol=0.1)
    assert found.min() >= least - 1e-5 and found.max() <= most + 1e-5


def test_hue_turns_around_the_circle(backend):
    third = RandomHue((2 / 3, 2 / 3), seed=1)
    primary = np.array([[[200.0, 0, 0], [0, 200, 0], [0, 0, 200]]])
    y = numbers(third(primary))[0]
    assert any(np.allclose(y, np.roll(primary[0], turn, axis=0), atol=0.01) for turn in (1, 2))


def test_grey_has_no_saturation_to_change(backend):
    grey = np.repeat(IMAGES[..., :1], 3, axis=-1)
    for layer in (RandomSaturation((0.9, 0.9)), RandomColorDegeneration((-1.0, -1.0)), RandomHue(1.0)):
        np.testing.assert_allclose(numbers(layer(grey)), grey, atol=0.05)


def test_a_blur_keeps_the_sum_of_what_is_in_the_middle(backend):
    image = np.zeros((9, 9, 1), "float32")
    image[4, 4] = 100.0
    y = numbers(RandomGaussianBlur((1.0, 1.0), kernel_size=(3, 5), sigma=(1.0, 1.0))(image))[..., 0]
    np.testing.assert_allclose(y.sum(), 100.0, rtol=1e-4)
    # The window is 3 pixels wide and 5 high.
    np.testing.assert_array_equal((y > 0).sum(axis=1), [0, 0, 3, 3, 3, 3, 3, 0, 0])


def test_a_kept_bit_is_the_first(backend):
    y = numbers(RandomPosterization((2, 2))(IMAGES))
    np.testing.assert_array_equal(y, IMAGES // 64 * 64)


def test_contrast_is_stretched_to_the_range_of_each_channel(backend):
    images = 20 + IMAGES / 4
    images[0, ..., 1] = 7.0
    y = numbers(AutoContrast()(images))
    assert (y[0, ..., 1] == 7.0).all()
    np.testing.assert_allclose(y[1:].min((1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(y[1:].max((1, 2)), 255, rtol=1e-5)


def test_equalized_values_are_even_over_a_batch(backend):
    images = 20 + np.square(np.random.default_rng(0).random((4, 64, 64, 2), "float32")) * 230
    y = numbers(Equalization()(images))
    shares = [np.histogram(y[..., i], bins=5, range=(0, 256))[0] / y[..., i].size for i in range(2)]
    np.testing.assert_allclose(shares, 0.2, atol=0.06)
    np.testing.assert_array_equal(numbers(Equalization()(images, training=False)), images)


def test_tiles_are_equalized_each_by_its_own_values(backend):
    dark, bright = np.random.default_rng(0).integers(0, 40, (2, 64, 64, 1)).astype("float32")
    image = np.concatenate([dark, bright + 200], axis=1)
    y = numbers(ContrastLimitedAdaptiveHistogramEqualization(clip_limit=0, tile_grid_size=(1, 2))(image))
    for half in (y[:, :32], y[:, -32:]):
        assert half.min() < 10 and half.max() > 245
    limited = numbers(ContrastLimitedAdaptiveHistogramEqualization(clip_limit=1.0, tile_grid_size=(1, 2))(image))
    assert np.abs(limited - image).max() < np.abs(y - image).max()


def test_an_erased_rectangle_lies_within_the_image_and_has_the_area_asked_for(backend):
    images = np.zeros((200, 40, 60, 1), "float32")
    y = numbers(RandomErasing((1.0, 1.0), scale=(0.1, 0.4), fill_value=9.0, seed=1)(images))[..., 0]
    rows, columns = (y > 0).any(2).sum(1), (y > 0).any(1).sum(1)
    np.testing.assert_array_equal((y > 0).sum((1, 2)), rows * columns)
    assert 0.1**0.5 * 40 - 1 <= rows.min() < rows.max() <= 0.4**0.5 * 40 + 1
    assert 0.1**0.5 * 60 - 1 <= columns.min() < columns.max() <= 0.4**0.5 * 60 + 1
    assert (y.mean((1, 2)) > 0).all()


def test_jitter_is_its_four_layers_one_after_another(backend):
    layer = RandomColorJitter((0, 255), 0.2, 0.3, (0.2, 0.6), 0.4, seed=1)
    drawn = layer.get_random_transformation(IMAGES)
    expected = IMAGES
    for cls, key in (
        (RandomBrightness, "random_brightness"),
        (RandomContrast, "random_contrast"),
        (RandomSaturation, "random_saturation"),
        (RandomHue, "random_hue"),
    ):
        expected = cls(0.5).transform_images(expected, drawn[key])
    np.testing.assert_allclose(numbers(layer.transform_images(IMAGES, drawn)), numbers(expected), atol=1e-3)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: RandomBrightness(1.5), ArgumentError, "factor can not be 1.5\n  fix: pass numbers from -1 to 1"),
        (lambda: RandomBrightness("a"), ArgumentError, "factor can not be 'a'"),
        (lambda: RandomContrast(-0.1), ArgumentError, "factor can not be -0.1\n  fix: pass numbers from 0 to 1"),
        (lambda: RandomHue((0.5, 0.2, 0.1)), ArgumentError, r"factor can not be \(0.5, 0.2, 0.1\)"),
        (lambda: RandomPosterization(9), ArgumentError, "factor can not be 9\n  fix: pass numbers from 1 to 8"),
        (lambda: RandomGrayscale(2.0), ArgumentError, "factor can not be 2.0"),
        (lambda: RandomGrayscale("a"), ArgumentTypeError, "factor can not be 'a'"),
        (lambda: RandomErasing(scale=1.5), ArgumentError, "scale can not be 1.5"),
        (lambda: RandomErasing(fill_value=(1.0, 2.0)), ArgumentError, r"fill_value can not be \(1.0, 2.0\)"),
        (lambda: RandomErasing(fill_value="black"), ArgumentError, "fill_value can not be 'black'"),
        (lambda: RandomGaussianBlur(kernel_size=4), ArgumentError, "kernel_size can not be 4\n  fix: pass odd sizes"),
        (lambda: RandomGaussianBlur(kernel_size=2.5), ArgumentError, "kernel_size"),
        (lambda: RandomGaussianBlur(sigma=-1.0), ArgumentError, "sigma can not be -1.0"),
        (lambda: Solarization(2.0), ArgumentError, "addition_factor can not be 2.0"),
        (lambda: Solarization(0.0, -0.5), ArgumentError, "threshold_factor can not be -0.5"),
        (lambda: RandomInvert(value_range=(1, 0)), ArgumentError, r"value_range can not be \(1, 0\)\n  fix: pass the"),
        (lambda: AutoContrast("bytes"), ArgumentError, "value_range can not be 'bytes'"),
        (lambda: AutoContrast(value_range=(0, 1, 2)), ArgumentError, r"value_range can not be \(0, 1, 2\)"),
        (lambda: Equalization(bins=0), ArgumentError, "bins can not be 0"),
        (lambda: RandomColorJitter(hue_factor=2.0), ArgumentError, "factor can not be 2.0"),
        (
            lambda: ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(0, 1)),
            ArgumentError,
            "tile_grid_size",
        ),
        (
            lambda: ContrastLimitedAdaptiveHistogramEqualization(clip_limit="a"),
            ArgumentTypeError,
            "clip_limit can not be 'a'",
        ),
    ],
)
def test_wrong_options_are_refused(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "channels", "allowed"),
    [
        (lambda: RandomGrayscale(1.0), 2, "3 or 1"),
        (lambda: RandomColorDegeneration(0.5), 4, "3 or 1"),
        (lambda: RandomHue(0.5), 1, "3"),
        (lambda: RandomSaturation(0.5), 4, "3"),
    ],
)
def test_a_number_of_channels_that_is_no_colour_is_refused(backend, make, channels, allowed):
    images = np.repeat(IMAGES[..., :1], channels, axis=-1)
    message = rf"images of shape \(3, 8, 10, {channels}\) have {channels} channels, and not {allowed}\n"
    with pytest.raises(ShapeError, match=message):
        make()(images)
