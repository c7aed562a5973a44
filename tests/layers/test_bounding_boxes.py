"""Bounding boxes: formats and what is done to them."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.bounding_boxes import clip_to_image_size, convert_format
from kcore_layers.bounding_boxes.formats import BoxFormat
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, ShapeError

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
