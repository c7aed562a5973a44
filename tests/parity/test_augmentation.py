"""Layers that change images against Keras's: by the parameters that Keras has drawn, and by what is drawn."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from augmentation_cases import IMAGES, boxes_of
from kcore_layers import layers

FIRST = np.ascontiguousarray(np.moveaxis(IMAGES, -1, 1))

MODES = ("reflect", "wrap", "constant", "nearest")
# Name and arguments of a layer that draws, and how far from Keras's numbers, which are float32, its images may be.
DRAWN: list[tuple[str, dict[str, Any], float]] = [
    ("RandomFlip", {"mode": "horizontal"}, 1e-6),
    ("RandomFlip", {"mode": "vertical"}, 1e-6),
    ("RandomFlip", {}, 1e-6),
    *(
        ("RandomTranslation", {"height_factor": (-0.3, 0.2), "width_factor": 0.4, "fill_mode": mode}, 1e-2)
        for mode in MODES
    ),
    ("RandomTranslation", {"height_factor": 0.3, "width_factor": 0.4, "interpolation": "nearest"}, 1e-2),
    *(("RandomRotation", {"factor": 0.4, "fill_mode": mode, "fill_value": 9.0}, 1e-1) for mode in MODES),
    ("RandomZoom", {"height_factor": (-0.3, 0.5)}, 1e-2),
    ("RandomZoom", {"height_factor": 0.3, "width_factor": 0.4, "fill_mode": "constant"}, 1e-2),
    ("RandomShear", {"x_factor": 0.4, "y_factor": 0.3, "fill_mode": "constant"}, 1e-2),
    ("RandomPerspective", {"factor": 1.0, "scale": 0.4}, 0.2),
]
# The same of layers that draw nothing.
FIXED: list[tuple[str, dict[str, Any], float]] = [
    *(
        ("Resizing", {"height": height, "width": width, **options}, 1e-3)
        for height, width in ((4, 5), (12, 15), (5, 14), (6, 6))
        for options in (
            {},
            {"crop_to_aspect_ratio": True},
            {"pad_to_aspect_ratio": True, "fill_value": 7.0},
            {"interpolation": "nearest"},
            {"interpolation": "bicubic", "antialias": True},
            {"interpolation": "lanczos3"},
            {"interpolation": "lanczos5", "antialias": True},
        )
    ),
    *(
        ("CenterCrop", {"height": height, "width": width}, 1e-3)
        for height, width in ((4, 5), (8, 10), (12, 6), (12, 15))
    ),
]


def numbers(x):
    return ops.tree.map_structure(
        lambda each: np.asarray(ops.convert_to_numpy(each)) if hasattr(each, "dtype") else each, x
    )


def ids(case):
    name, arguments, _ = case
    return f"{name} " + " ".join(f"{key}={value}" for key, value in arguments.items())


def of_keras(keras, transformation):
    """Return what Keras has drawn as arrays."""
    return keras.tree.map_structure(
        lambda x: keras.ops.convert_to_numpy(x) if hasattr(x, "dtype") and hasattr(x, "shape") else x, transformation
    )


@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
@pytest.mark.parametrize("case", FIXED, ids=ids)
def test_what_is_not_random_is_what_keras_gives(backend, keras, case, layout):
    name, arguments, tolerance = case
    options = {**arguments, "data_format": layout, "bounding_box_format": "xyxy"}
    theirs, ours = getattr(keras.layers, name)(**options), getattr(layers, name)(**options)
    images = IMAGES if layout == "channels_last" else FIRST
    data = {"images": images, "bounding_boxes": boxes_of(images, layout)}
    if name == "Resizing":  # whose masks are resized as masks; Keras's crops blend the classes
        data["segmentation_masks"] = images[:, :, :, :1] if layout == "channels_last" else images[:, :1]
        integers = keras.ops.convert_to_numpy(theirs(images.astype("uint8")))
        found = ours(images.astype("uint8"))
        assert ops.dtype(found) == integers.dtype.name == "uint8"
        # A half is rounded to either side.
        np.testing.assert_allclose(numbers(found).astype(int), integers.astype(int), atol=1)
    expected = of_keras(keras, theirs(keras.tree.map_structure(keras.ops.convert_to_tensor, data)))
    found = numbers(ours(data))
    np.testing.assert_allclose(found["images"], expected["images"], atol=tolerance)
    if "segmentation_masks" in data:
        np.testing.assert_allclose(found["segmentation_masks"], expected["segmentation_masks"], atol=tolerance)
    np.testing.assert_allclose(found["bounding_boxes"]["boxes"], expected["bounding_boxes"]["boxes"], atol=1e-4)
    np.testing.assert_array_equal(found["bounding_boxes"]["labels"], expected["bounding_boxes"]["labels"])


@pytest.mark.parametrize("size", [(4, 5), (12, 6), (5, 14), (12, 15), (8, 10)])
def test_random_parts_are_those_of_keras(backend, keras, size):
    theirs, ours = keras.layers.RandomCrop(*size, seed=1), layers.RandomCrop(*size, seed=1)
    for training in (True, False):
        start = of_keras(
            keras, theirs.get_random_transformation(keras.ops.convert_to_tensor(IMAGES), training=training)
        )
        drawn = ours.get_random_transformation(IMAGES, training=training)
        if not training:
            assert tuple(drawn) == tuple(start)
        found, expected = (
            ours.transform_images(IMAGES, start),
            theirs.transform_images(keras.ops.convert_to_tensor(IMAGES), start),
        )
        np.testing.assert_allclose(numbers(found), keras.ops.convert_to_numpy(expected), atol=1e-3)


@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
@pytest.mark.parametrize("case", DRAWN, ids=ids)
def test_what_keras_has_drawn_is_done_as_keras_does_it(backend, keras, case, layout):
    name, arguments, tolerance = case
    options = {**arguments, "data_format": layout, "bounding_box_format": "xyxy", "seed": 3}
    theirs, ours = getattr(keras.layers, name)(**options), getattr(layers, name)(**options)
    images = IMAGES if layout == "channels_last" else FIRST
    boxes = boxes_of(images, layout)
    for _ in range(3):
        transformation = of_keras(keras, theirs.get_random_transformation(keras.ops.convert_to_tensor(images)))
        expected = keras.ops.convert_to_numpy(
            theirs.transform_images(keras.ops.convert_to_tensor(images), transformation)
        )
        np.testing.assert_allclose(numbers(ours.transform_images(images, transformation)), expected, atol=tolerance)
        expected = theirs.transform_segmentation_masks(keras.ops.convert_to_tensor(images[:, :, :, :1]), transformation)
        found = ours.transform_segmentation_masks(images[:, :, :, :1], transformation)
        np.testing.assert_allclose(numbers(found), keras.ops.convert_to_numpy(expected), atol=tolerance)
        if name == "RandomShear":  # Keras's boxes lean by fractions of the image, which pixels do only in square ones
            continue
        expected = of_keras(
            keras,
            theirs.transform_bounding_boxes(
                keras.tree.map_structure(keras.ops.convert_to_tensor, boxes), transformation
            ),
        )
        found = numbers(ours.transform_bounding_boxes(boxes, transformation))
        np.testing.assert_allclose(found["boxes"], expected["boxes"], atol=1e-3)
        np.testing.assert_array_equal(found["labels"], expected["labels"])


@pytest.mark.parametrize("count", [2, 5])
def test_as_many_boxes_are_kept_or_added_as_by_keras(backend, keras, count):
    theirs = keras.layers.MaxNumBoundingBoxes(count, bounding_box_format="xyxy")
    data = {"images": IMAGES, "bounding_boxes": boxes_of(IMAGES)}
    expected = of_keras(keras, theirs(keras.tree.map_structure(keras.ops.convert_to_tensor, data)))
    found = numbers(layers.MaxNumBoundingBoxes(count, bounding_box_format="xyxy")(data))
    for key in ("boxes", "labels"):
        np.testing.assert_array_equal(found["bounding_boxes"][key], expected["bounding_boxes"][key])


@pytest.mark.parametrize("factor", [(0.3, 0.0), (0.0, -0.4)])
def test_boxes_in_square_images_lean_as_those_of_keras(backend, keras, factor):
    images = IMAGES[:, :, :8]
    transformation = {"shear_factor": np.array([factor] * 3, "float32"), "input_shape": images.shape}
    options = {"x_factor": 0.5, "y_factor": 0.5, "bounding_box_format": "xyxy"}
    theirs, ours = keras.layers.RandomShear(**options), layers.RandomShear(**options)
    boxes = keras.tree.map_structure(keras.ops.convert_to_tensor, boxes_of(images))
    expected = of_keras(keras, theirs.transform_bounding_boxes(boxes, transformation))
    found = numbers(ours.transform_bounding_boxes(boxes_of(images), transformation))
    np.testing.assert_allclose(found["boxes"], expected["boxes"], atol=1e-4)
    np.testing.assert_array_equal(found["labels"], expected["labels"])


@pytest.mark.parametrize("case", DRAWN, ids=ids)
def test_what_is_drawn_has_the_form_of_what_keras_draws(backend, keras, case):
    name, arguments, _ = case
    theirs, ours = getattr(keras.layers, name)(seed=1, **arguments), getattr(layers, name)(seed=1, **arguments)
    for images in (IMAGES, IMAGES[0]):
        expected = theirs.get_random_transformation(keras.ops.convert_to_tensor(images))
        found = ours.get_random_transformation(images)
        assert set(found) == set(expected)
        for key, value in expected.items():
            if hasattr(value, "dtype"):
                assert tuple(found[key].shape) == tuple(value.shape), key
                assert ops.dtype(found[key]) == keras.backend.standardize_dtype(value.dtype), key
