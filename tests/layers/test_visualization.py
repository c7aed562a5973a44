"""Pictures with boxes and masks drawn on them, and galleries of such."""

from __future__ import annotations

import sys

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.visualization import (
    draw_bounding_boxes,
    draw_segmentation_masks,
    plot_bounding_box_gallery,
    plot_image_gallery,
    plot_segmentation_mask_gallery,
)
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, DTypeError, MissingDependency, ShapeError

# What they do is done by ops, which are the same everywhere; where each op is compiled anew that takes minutes.
pytestmark = pytest.mark.only("numpy", "torch")

Image = pytest.importorskip("PIL.Image")
matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

PICTURES = np.full((2, 60, 80, 3), 200.0, "float32")
BOXES = {"boxes": np.array([[[20.0, 30, 50, 50]]] * 2), "labels": np.array([[1], [-1]])}
MASKS = np.zeros((2, 60, 80), "int32")
MASKS[:, 10:20, 10:30] = 1
MASKS[:, 50:, 70:] = -1


@pytest.mark.parametrize("thickness", [1, 2, 3])
def test_the_lines_of_a_box_have_their_middles_on_its_edges(backend, thickness):
    drawn = draw_bounding_boxes(PICTURES, BOXES, "xyxy", color=(255, 0, 0), line_thickness=thickness)
    assert (drawn.dtype, drawn.shape) == (np.uint8, PICTURES.shape)
    is_red = (drawn[0] == (255, 0, 0)).all(-1)
    rows, columns = np.nonzero(is_red[40])[0], np.nonzero(is_red[:, 35])[0]
    for found, edges in ((rows, (20, 50)), (columns, (30, 50))):
        assert len(found) == 2 * thickness
        assert set(edges) <= set(found.tolist())
    assert (drawn[0][~is_red] == 200).all()
    assert (drawn[1] == 200).all()  # its label is that of no box


def test_boxes_of_every_format_are_drawn_in_the_same_place(backend):
    wanted = draw_bounding_boxes(PICTURES, BOXES, "xyxy")
    relative = {**BOXES, "boxes": BOXES["boxes"] / (80, 60, 80, 60)}
    np.testing.assert_array_equal(draw_bounding_boxes(PICTURES, relative, "rel_xyxy"), wanted)
    first = ops.convert_to_tensor(PICTURES.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(draw_bounding_boxes(first, BOXES, "xyxy", data_format="channels_first"), wanted)


def test_names_are_written_above_their_boxes(backend):
    plain = draw_bounding_boxes(PICTURES, BOXES, "xyxy")
    named = draw_bounding_boxes(PICTURES, BOXES, "xyxy", class_mapping={1: "cat"}, font_scale=0.5)
    changed = np.nonzero((plain[0] != named[0]).any(-1))
    assert 10 < changed[0].min() <= changed[0].max() < 30
    assert 18 <= changed[1].min()
    sure = {**BOXES, "confidences": np.array([[0.87], [0.5]])}
    longer = draw_bounding_boxes(PICTURES, sure, "xyxy", class_mapping={1: "cat"}, font_scale=0.5, text_thickness=2)
    assert (longer != plain).sum() > (named != plain).sum()


def test_masks_are_mixed_with_pictures_or_put_over_them(backend):
    colours = {0: (0, 0, 0), 1: (255, 0, 10)}
    mixed = draw_segmentation_masks(PICTURES, MASKS, color_mapping=colours, alpha=0.5)
    assert (mixed.dtype, mixed.shape) == (np.uint8, PICTURES.shape)
    assert [mixed[0, y, x].tolist() for y, x in ((15, 15), (0, 0), (55, 75))] == [
        [227, 100, 105],
        [100, 100, 100],
        [200, 200, 200],
    ]
    over = draw_segmentation_masks(PICTURES, MASKS[..., None], color_mapping=colours, blend=False)
    assert over[0, 15, 15].tolist() == [255, 0, 10]
    first = draw_segmentation_masks(
        PICTURES.transpose(0, 3, 1, 2), MASKS[:, None], color_mapping=colours, alpha=0.5, data_format="channels_first"
    )
    np.testing.assert_array_equal(first, mixed)


def test_classes_without_colours_of_one_s_own_get_different_ones(backend):
    masks = np.arange(12, dtype="int32").reshape(1, 3, 4)
    drawn = draw_segmentation_masks(np.zeros((1, 3, 4, 1)), masks, blend=False)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) == 12
    assert drawn[0, 0, 0].tolist() == [0, 0, 0]


def size_of(path):
    with Image.open(path) as image:
        return image.size


def test_galleries_have_a_place_for_every_picture(backend, tmp_path):
    path = tmp_path / "gallery.png"
    for count, rows, columns in ((1, 1, 1), (2, 2, 1), (5, 3, 2), (10, 4, 3)):
        plot_image_gallery(np.repeat(PICTURES[:1], count, 0), path=path, dpi=50)
        width, height = size_of(path)
        assert abs(width - columns * 100) < 25 * columns
        assert abs(height - rows * 100) < 50 * rows
    plot_image_gallery(PICTURES / 255, [0, 1], [1, 1], {0: "a", 1: "b"}, rows=1, value_range=(0, 1), path=path)
    assert size_of(path)[0] > 1.5 * size_of(path)[1]


def test_galleries_are_written_with_boxes_and_masks(backend, tmp_path):
    plain, drawn = tmp_path / "plain.png", tmp_path / "drawn.png"
    plot_bounding_box_gallery(PICTURES, "xyxy", path=plain)
    plot_bounding_box_gallery(PICTURES, "xyxy", BOXES, BOXES, class_mapping={1: "a"}, path=drawn, legend=True)
    assert plain.read_bytes() != drawn.read_bytes()
    plot_segmentation_mask_gallery(PICTURES, 2, y_true=MASKS, y_pred=MASKS, path=drawn)
    width, height = size_of(drawn)
    assert width > height  # three columns and two rows
    first = PICTURES.transpose(0, 3, 1, 2)
    plot_segmentation_mask_gallery(first, 2, y_true=MASKS[:, None], data_format="channels_first", path=drawn)


def test_a_gallery_is_shown_and_closed(backend, monkeypatch):
    from matplotlib import pyplot

    shown = []
    monkeypatch.setattr(pyplot, "show", lambda: shown.append([axes.get_title() for axes in pyplot.gcf().axes]))
    plot_image_gallery(PICTURES, y_true=[0, 1], y_pred=[1, 1], label_map={0: "a", 1: "b"})
    assert shown == [["Label: a  Pred: b", "Label: b  Pred: b"]]
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: draw_bounding_boxes(PICTURES[0], BOXES, "xyxy"), ShapeError, "have 3 axes"),
        (
            lambda: draw_bounding_boxes(PICTURES, BOXES["boxes"], "xyxy"),
            ArgumentTypeError,
            "no dict of boxes and labels",
        ),
        (lambda: draw_bounding_boxes(PICTURES[:1], BOXES, "xyxy"), ShapeError, "1 pictures, boxes of shape"),
        (lambda: draw_bounding_boxes(PICTURES, BOXES, "zyx"), ArgumentError, "zyx"),
        (
            lambda: draw_segmentation_masks(PICTURES, MASKS.astype("float32")),
            DTypeError,
            "masks of float32 are no classes",
        ),
        (lambda: draw_segmentation_masks(PICTURES, MASKS[:, :3]), ShapeError, "do not fit"),
        (lambda: draw_segmentation_masks(PICTURES, MASKS, num_classes=1), ArgumentError, "class 1 has no colour"),
        (lambda: draw_segmentation_masks(PICTURES[..., :2], MASKS), ShapeError, "images have 2 channels"),
        (lambda: plot_image_gallery(PICTURES, path="x.png", show=True), ArgumentError, "either shown or written"),
        (lambda: plot_image_gallery(PICTURES, y_true=[0, 1]), ArgumentError, "classes without names"),
        (
            lambda: plot_bounding_box_gallery(PICTURES, "xyxy", legend=True, legend_handles=[]),
            ArgumentError,
            "both given",
        ),
    ],
)
def test_what_can_not_be_drawn_is_refused(backend, call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_without_matplotlib_the_error_says_what_to_install(backend, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(
        MissingDependency, match="needs matplotlib, which is not installed\n  fix: pip install matplotlib"
    ):
        plot_image_gallery(PICTURES)
