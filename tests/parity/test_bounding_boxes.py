"""Bounding boxes against Keras's."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import bounding_boxes
from kcore_layers.bounding_boxes.formats import BoxFormat

rng = np.random.default_rng(0)


def boxes_of(*shape):
    corners = rng.uniform(0, 8, (*shape, 4)).astype("float32")
    return np.concatenate(
        [np.minimum(corners[..., :2], corners[..., 2:]), np.maximum(corners[..., :2], corners[..., 2:]) + 1], -1
    )


def check(keras, name, *args, tolerance=1e-5, **kwargs):
    expected = keras.ops.convert_to_numpy(getattr(keras.utils.bounding_boxes, name)(*args, **kwargs))
    found = getattr(bounding_boxes, name)(*args, **kwargs)
    assert ops.dtype(found) == expected.dtype.name
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("source", BoxFormat.__args__)
@pytest.mark.parametrize("target", BoxFormat.__args__)
def test_formats_are_those_of_keras(backend, keras, source, target):
    check(keras, "convert_format", boxes_of(2, 3), source, target, height=10, width=20)


@pytest.mark.parametrize("name", ["xyxy", "xywh", "center_xywh"])
def test_overlaps_are_those_of_keras(backend, keras, name):
    one, other = boxes_of(2, 3), boxes_of(2, 3)
    one[0, 0] = -1
    for use_masking in (False, True):
        check(keras, "compute_iou", one, other, name, use_masking=use_masking)
    check(keras, "compute_iou", one, other, "rel_yxyx", image_shape=(8, 8, 3))
    check(keras, "compute_ciou", one, other, name)


@pytest.mark.parametrize("order", ["center_yxhw", "center_xywh"])
def test_deltas_are_those_of_keras(backend, keras, order):
    anchors, boxes = boxes_of(3), boxes_of(2, 3)
    for variance in (None, [0.1, 0.1, 0.2, 0.3]):
        check(keras, "encode_box_to_deltas", anchors, boxes, "xyxy", "yxyx", order, variance)
        check(keras, "decode_deltas_to_boxes", anchors, boxes / 10, "xyxy", "rel_yxyx", order, variance, (10, 20, 3))


def test_moved_boxes_are_those_of_keras(backend, keras):
    boxes, draw = boxes_of(4, 3), lambda least, most: rng.uniform(least, most, 4).astype("float32")
    check(keras, "crop", boxes, 1, 2, 3, 4)
    check(keras, "pad", boxes, 1, 2)
    for center in ({}, {"center_x": draw(0, 1), "center_y": draw(0, 1)}):
        options = dict(angle=draw(-180, 180), translate_x=draw(-1, 1), translate_y=draw(-1, 1), scale=draw(0.5, 2),
                       shear_x=draw(-40, 40), shear_y=draw(-40, 40), height=8, width=11)  # fmt: skip
        check(keras, "affine_transform", boxes, **options, **center, tolerance=1e-4)
