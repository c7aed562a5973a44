"""Bounding boxes: formats and what is done to them."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.bounding_boxes import (
    affine_transform,
    clip_to_image_size,
    compute_ciou,
    compute_iou,
    convert_format,
    crop,
    decode_deltas_to_boxes,
    encode_box_to_deltas,
    pad,
)
from kcore_layers.bounding_boxes.formats import BoxFormat
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, ShapeError

# What they do is done by ops, which are the same everywhere; where each op is compiled anew that takes minutes.
pytestmark = pytest.mark.only("numpy", "torch")

FORMATS = BoxFormat.__args__
BOXES = np.array([[[1, 2, 4, 6], [0.5, 1, 2, 3]]], "float32")


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_a_box_comes_back_from_any_format(backend, source, target):
    there = convert_format(BOXES, source, target, height=10, width=20)
    back = convert_format(there, target, source, height=10, width=20)
    assert there.shape == (1, 2, 4) and backend.dtype(there) == "float32"
    np.testing.assert_allclose(numbers(back), BOXES, rtol=1e-5)


def test_sizes_may_be_tensors_and_boxes_part_of_a_dict(backend):
    size = ops.convert_to_tensor(np.float32(8))
    found = convert_format({"boxes": BOXES, "labels": [1, 2]}, "xyxy", "REL_YXYX", height=size, width=size)
    np.testing.assert_allclose(numbers(found["boxes"])[0, 0], [2 / 8, 1 / 8, 6 / 8, 4 / 8])
    assert found["labels"] == [1, 2]


def test_a_format_has_to_be_one_there_is_and_boxes_have_four_numbers(backend):
    with pytest.raises(ArgumentError, match="source can not be 'xyzw'\n  fix: use one of 'xyxy', 'yxyx'"):
        convert_format(BOXES, "xyzw", "xyxy")
    with pytest.raises(ArgumentError, match="with height=None and width=None: a relative format needs both"):
        convert_format(BOXES, "xyxy", "rel_xyxy")
    with pytest.raises(ShapeError, match=r"boxes have shape \(1, 2, 3\)\n  fix: pass \(\.\.\., 4\)"):
        convert_format(BOXES[..., :3], "xyxy", "xywh")


@pytest.mark.parametrize("name", FORMATS)
def test_what_lies_outside_is_cut_off_and_what_is_gone_has_the_label_minus_one(backend, name):
    boxes = np.array([[-1, 2, 30, 6], [0.5, 1, 0.5, 3], [21, 1, 23, 3], [3, 4, 5, 6]], "float32")
    given = {"boxes": convert_format(boxes, "xyxy", name, 10, 20), "labels": np.arange(4), "scores": "kept"}
    found = clip_to_image_size(given, 10, 20, name)
    clipped = numbers(convert_format(found["boxes"], name, "xyxy", 10, 20))
    expected = [[0, 2, 20, 6], [0.5, 1, 0.5, 3], [20, 1, 20, 3], [3, 4, 5, 6]]
    np.testing.assert_allclose(clipped, expected, rtol=1e-5)
    np.testing.assert_array_equal(numbers(found["labels"]), [0, -1, -1, 3])
    assert found["scores"] == "kept"


def test_clipping_takes_a_dict_and_the_size_of_the_image(backend):
    with pytest.raises(ArgumentTypeError, match="bounding_boxes is a ndarray\n  fix: pass a dict"):
        clip_to_image_size(BOXES, 10, 20)
    with pytest.raises(ArgumentError, match="height=10 and width=None: for boxes in pixels, 'xyxy', both are needed"):
        clip_to_image_size({"boxes": BOXES}, 10)


def test_a_crop_of_a_padded_image_has_the_boxes_there_were(backend):
    there = pad(BOXES, top=3, left=5)
    np.testing.assert_array_equal(numbers(there), BOXES + [5, 3, 5, 3])
    np.testing.assert_array_equal(numbers(crop(there, top=3, left=5, height=10, width=20)), BOXES)
    np.testing.assert_array_equal(numbers(crop(BOXES, 2, 2, 3, 1))[0, 0], [0, 0, 1, 3])


@pytest.mark.parametrize("function", [crop, pad])
def test_parts_of_images_take_edges_in_pixels_only(backend, function):
    with pytest.raises(ArgumentError, match="bounding_box_format can not be 'xywh' here\n  fix: convert_format"):
        function(BOXES, 1, 1, 2, 2, "xywh")


def test_an_affine_map_moves_the_corners(backend):
    nothing = dict(angle=0.0, translate_x=0.0, translate_y=0.0, scale=1.0, shear_x=0.0, shear_y=0.0)

    def moved(**options):
        return numbers(affine_transform(BOXES, **{**nothing, **options}, height=9, width=9))[0]

    np.testing.assert_allclose(moved(), BOXES[0], atol=1e-5)
    np.testing.assert_allclose(moved(translate_x=0.25, translate_y=0.5), BOXES[0] + [2, 4, 2, 4], atol=1e-5)
    np.testing.assert_allclose(moved(scale=np.array([2.0])), 4 + 2 * (BOXES[0] - 4), atol=1e-5)
    x1, y1, x2, y2 = BOXES[0].T
    np.testing.assert_allclose(moved(angle=90.0), np.stack([y1, 8 - x2, y2, 8 - x1], -1), atol=1e-5)
    leaning = moved(shear_y=45.0)
    np.testing.assert_allclose(leaning, np.stack([x1, y1 + x1 - 4, x2, y2 + x2 - 4], -1), atol=1e-5)
    with pytest.raises(ArgumentError, match="bounding_box_format can not be 'rel_xyxy' here"):
        affine_transform(BOXES, **nothing, height=9, width=9, bounding_box_format="rel_xyxy")


def test_overlaps_are_areas_by_areas(backend):
    one = np.array([[0, 0, 4, 4], [-1, -1, -1, -1]], "float32")
    other = np.array([[2, 2, 6, 6], [0, 0, 4, 4], [-1, -1, -1, -1]], "float32")
    np.testing.assert_allclose(numbers(compute_iou(one, other, "xyxy")), [[4 / 28, 1, 0], [0, 0, 0]], atol=1e-6)
    masked = compute_iou(one[None], other, "xyxy", use_masking=True, mask_val=-2)
    np.testing.assert_allclose(numbers(masked), [[[4 / 28, 1, -2], [-2, -2, -2]]], atol=1e-6)
    relative = compute_iou(one / 8, other / 8, "rel_xyxy", image_shape=(8, 8, 3))
    np.testing.assert_allclose(numbers(relative), [[4 / 28, 1, 0], [0, 0, 0]], atol=1e-6)
    same = numbers(compute_ciou(one[:1], one[:1], "xyxy"))
    np.testing.assert_allclose(same, [1], atol=1e-6)
    # The centres are 2 apart both ways, in a hull of 6 by 6.
    np.testing.assert_allclose(numbers(compute_ciou(one[:1], other[:1], "xyxy")), [4 / 28 - 8 / 72], atol=1e-6)
    with pytest.raises(ShapeError, match=r"boxes have shape \(4,\)\n  fix: pass \(boxes, 4\)"):
        compute_iou(one[0], other, "xyxy")
    for function in (compute_iou, compute_ciou):
        with pytest.raises(ArgumentError, match="'rel_xyxy' is a relative format, and image_shape is None"):
            function(one, one, "rel_xyxy")


@pytest.mark.parametrize("order", ["center_yxhw", "center_xywh"])
@pytest.mark.parametrize("variance", [None, [0.1, 0.1, 0.2, 0.2]])
def test_deltas_stand_for_the_boxes_they_were_made_of(backend, order, variance):
    anchors = np.array([[0, 0, 4, 4], [1, 1, 3, 5]], "float32")
    deltas = encode_box_to_deltas(anchors, BOXES, "xyxy", "xywh", order, variance)
    boxes = decode_deltas_to_boxes(anchors, deltas, "xyxy", "xywh", order, variance)
    assert deltas.shape == (1, 2, 4)
    np.testing.assert_allclose(numbers(boxes), BOXES, rtol=1e-4)
    levels = decode_deltas_to_boxes({3: anchors, 4: anchors}, {3: deltas, 4: deltas}, "xyxy", "xywh", order, variance)
    np.testing.assert_allclose(numbers(levels[4]), BOXES, rtol=1e-4)


def test_deltas_have_an_order_and_four_variances(backend):
    with pytest.raises(ArgumentError, match="encoding_format can not be 'xyxy'\n  fix: use one of 'center_yxhw'"):
        encode_box_to_deltas(BOXES, BOXES, "xyxy", "xyxy", "xyxy")
    with pytest.raises(ArgumentError, match="variance can not be \\[1, 2\\]\n  fix: pass four numbers, or None"):
        decode_deltas_to_boxes(BOXES, BOXES, "xyxy", "xyxy", variance=[1, 2])
    with pytest.raises(ArgumentError, match="anchors are a dict, and boxes_delta is none with the same keys"):
        decode_deltas_to_boxes({1: BOXES}, BOXES, "xyxy", "xyxy")
