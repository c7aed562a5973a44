"""Layers of colours and of mixing against Keras's: by the parameters that Keras has drawn, and by what is drawn."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import layers

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 24, 30, 3)).astype("float32")
IMAGES[1] = np.floor(40 + IMAGES[1] / 3)
IMAGES[2, ..., 1] = 9.0  # a channel of one value

# Name and arguments of a layer, and how far from Keras's its images may be, of 255.
CASES: list[tuple[str, dict[str, Any], float]] = [
    ("AutoContrast", {}, 1e-3),
    ("ContrastLimitedAdaptiveHistogramEqualization", {}, 1e-3),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"clip_limit": 1.5, "tile_grid_size": (4, 7)}, 1e-3),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"clip_limit": 0, "tile_grid_size": (1, 1)}, 1e-3),
    ("Equalization", {}, 1e-3),
    ("Equalization", {"bins": 16}, 1e-3),
    ("RandomBrightness", {"factor": 0.5}, 1e-3),
    ("RandomColorDegeneration", {"factor": 0.4}, 1e-3),
    ("RandomContrast", {"factor": (0.5, 1.0)}, 1e-3),
    ("RandomErasing", {}, 1e-3),
    ("RandomErasing", {"fill_value": (1.0, 2.0, 3.0), "factor": 0.5}, 1e-3),
    ("RandomGaussianBlur", {"kernel_size": 5, "sigma": (0.5, 2.0)}, 1e-2),
    ("RandomGrayscale", {}, 1e-3),
    ("RandomHue", {"factor": 0.8}, 1e-2),
    ("RandomInvert", {}, 1e-3),
    ("RandomPosterization", {"factor": 5}, 1e-3),
    ("RandomSaturation", {"factor": (0.0, 0.5)}, 1e-2),
    ("RandomSharpness", {"factor": 1.0}, 1e-2),
    ("Solarization", {"addition_factor": 0.3, "threshold_factor": 0.5}, 1e-3),
    ("MixUp", {}, 1e-2),
    ("CutMix", {}, 1e-3),
]
RANGED = [name for name, _, _ in CASES if name not in ("RandomGrayscale", "MixUp", "CutMix")]
# Where Keras is left aside: it stretches the contrast of rows where channels come first, inverts to values out of a
# range that does not begin at 0, takes the saturation of negative values, and has no colour to erase with where
# channels come first.
OTHERWISE = {("AutoContrast", "channels_first"), ("RandomInvert", (-1, 1)), ("RandomSaturation", (-1, 1))}


def numbers(x):
    return ops.tree.map_structure(
        lambda each: np.asarray(ops.convert_to_numpy(each)) if hasattr(each, "dtype") else each, x
    )


def of_keras(keras, x):
    """Return what Keras has drawn as arrays."""
    return keras.tree.map_structure(lambda y: keras.ops.convert_to_numpy(y) if hasattr(y, "dtype") else y, x)


def ids(case):
    name, arguments, _ = case
    return f"{name} " + " ".join(f"{key}={value}" for key, value in arguments.items())


@pytest.mark.parametrize("variant", ["channels_last", "channels_first", (0, 1), (-1, 1)])
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_what_keras_has_drawn_is_done_as_keras_does_it(backend, keras, case, variant):
    name, arguments, tolerance = case
    if (name, variant) in OTHERWISE or (isinstance(variant, tuple) and name not in RANGED):
        return
    if variant == "channels_first" and "fill_value" in arguments:
        return
    layout = variant if isinstance(variant, str) else "channels_last"
    least, most = variant if isinstance(variant, tuple) else (0, 255)
    options = {**arguments, "data_format": layout}
    if isinstance(variant, tuple):
        options["value_range"] = variant
        options.pop("fill_value", None)
    theirs, ours = getattr(keras.layers, name)(**options), getattr(layers, name)(**options)
    images = (IMAGES / 255 * (most - least) + least).astype("float32")
    images = images if layout == "channels_last" else np.moveaxis(images, -1, 1).copy()
    for _ in range(2):
        given = keras.ops.convert_to_tensor(images.copy())  # on torch Keras writes into it
        drawn = theirs.get_random_transformation(given)
        expected = of_keras(keras, theirs.transform_images(given, drawn)).astype("float32")
        found = numbers(ours.transform_images(images, of_keras(keras, drawn)))
        np.testing.assert_allclose(found, expected, atol=tolerance * (most - least) / 255)


@pytest.mark.parametrize(
    ("name", "labels"), [("MixUp", np.eye(3, 4)), ("CutMix", np.eye(3, 4)), ("RandomHue", np.eye(3))]
)
def test_labels_follow_images_as_in_keras(backend, keras, name, labels):
    arguments = {"factor": 0.5} if name == "RandomHue" else {}
    theirs, ours = getattr(keras.layers, name)(**arguments), getattr(layers, name)(**arguments)
    drawn = theirs.get_random_transformation(keras.ops.convert_to_tensor(IMAGES))
    expected = theirs.transform_labels(keras.ops.convert_to_tensor(labels.astype("float32")), drawn)
    found = ours.transform_labels(labels.astype("float32"), of_keras(keras, drawn))
    np.testing.assert_allclose(numbers(found), of_keras(keras, expected), atol=1e-5)


# What is drawn, as a number for each image.
MEASURED = [
    ("RandomBrightness", {"factor": (-0.2, 0.6)}, lambda t: t["rgb_delta"]),
    ("RandomContrast", {"factor": (0.2, 0.7)}, lambda t: t["contrast_factor"]),
    ("RandomColorDegeneration", {"factor": 0.4}, lambda t: t["factor"]),
    ("RandomHue", {"factor": (0.2, 0.6)}, lambda t: t["factor"]),
    ("RandomSaturation", {"factor": (0.1, 0.7)}, lambda t: t["factor"]),
    ("RandomSharpness", {"factor": 0.4}, lambda t: t["factor"]),
    ("RandomPosterization", {"factor": (2, 6)}, lambda t: t["shift_factor"]),
    ("RandomInvert", {"factor": 0.6}, lambda t: t["apply_inversion"]),
    ("RandomGrayscale", {"factor": 0.3}, lambda t: t),
    ("RandomGaussianBlur", {"factor": 0.6}, lambda t: t["should_apply_blur"]),
    ("RandomErasing", {"factor": 0.6}, lambda t: t["apply_erasing"]),
    ("RandomErasing", {"scale": (0.1, 0.5)}, lambda t: t["batch_masks"].mean((1, 2, 3))),
    ("RandomErasing", {}, lambda t: t["fill_value"][0]),
    ("Solarization", {"addition_factor": 0.4}, lambda t: t["additions"]),
    ("Solarization", {"threshold_factor": 0.4}, lambda t: t["thresholds"]),
    ("MixUp", {"alpha": 0.4}, lambda t: t["mix_weight"]),
    ("CutMix", {"factor": (1.0, 1.0)}, lambda t: t["mix_weight"]),
    ("CutMix", {"factor": (1.0, 1.0)}, lambda t: t["batch_masks"].mean((1, 2, 3))),
]


@pytest.mark.parametrize(("name", "arguments", "measure"), MEASURED)
def test_what_is_drawn_is_distributed_as_in_keras(backend, keras, name, arguments, measure):
    theirs, ours = getattr(keras.layers, name)(seed=1, **arguments), getattr(layers, name)(seed=1, **arguments)
    images = np.zeros((1500, 20, 16, 3), "float32")
    drawn = of_keras(keras, theirs.get_random_transformation(keras.ops.convert_to_tensor(images)))
    expected = np.sort(np.asarray(measure(drawn), "float64").ravel())
    found = np.sort(np.asarray(measure(numbers(ours.get_random_transformation(images))), "float64").ravel())
    # The statistic of Kolmogorov and Smirnov is above this once in 1e4 draws.
    together = np.concatenate([expected, found])
    shares = [np.searchsorted(x, together, side="right") / len(x) for x in (expected, found)]
    assert np.abs(shares[0] - shares[1]).max() < 2.23 * np.sqrt(1 / len(expected) + 1 / len(found))
    assert found.min() >= expected.min() - 0.05 * np.ptp(expected) - 1e-6
    assert found.max() <= expected.max() + 0.05 * np.ptp(expected) + 1e-6
