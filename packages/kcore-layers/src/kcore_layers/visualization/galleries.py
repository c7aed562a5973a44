"""Pictures side by side, with what is known and what is predicted of them."""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from kcore_ops import Tensor, config
from kcore_ops.foundation.errors import ArgumentError, MissingDependency, located

from kcore_layers.visualization.overlays import as_pictures, draw_bounding_boxes, draw_segmentation_masks

__all__ = ["plot_bounding_box_gallery", "plot_image_gallery", "plot_segmentation_mask_gallery"]

Colour: TypeAlias = tuple[int, int, int]
DataFormat: TypeAlias = Literal["channels_last", "channels_first"] | None


def _matplotlib(module: str, user: str) -> Any:
    try:
        return importlib.import_module(f"matplotlib.{module}")
    except ImportError as error:
        raise MissingDependency(
            f"{user} needs matplotlib, which is not installed", fix="pip install matplotlib"
        ) from error


def plot_image_gallery(
    images: Tensor,
    y_true: Sequence[Any] | Tensor | None = None,
    y_pred: Sequence[Any] | Tensor | None = None,
    label_map: Mapping[Any, str] | None = None,
    rows: int | None = None,
    cols: int | None = None,
    value_range: tuple[float, float] = (0, 255),
    scale: float = 2,
    path: str | os.PathLike[str] | None = None,
    show: bool | None = None,
    transparent: bool = True,
    dpi: int = 60,
    legend_handles: Sequence[Any] | None = None,
    data_format: DataFormat = None,
) -> None:
    """Show pictures side by side, or write them to a file.

    Args:
        images: array or tensor, the pictures, (batch, height, width, channels), or with their channels first.
        y_true: list or array, or None, the class of each picture, None for no such; None.
        y_pred: list or array, or None, the class predicted of each, None for no such; None.
        label_map: dict or None, the names of classes, for those two; None.
        rows: int or None, the number of rows, None for what a square, or `cols`, takes; None.
        cols: int or None, the number of columns, None for what all pictures take; None.
        value_range: pair of numbers, those that stand for black and white; (0, 255).
        scale: float, the width and height of a picture in inches; 2.
        path: str, path or None, the file to write, None to show them; None.
        show: bool or None, whether to show them, None to do so where there is no `path`; None.
        transparent: bool, whether what is between them is transparent in the file; True.
        dpi: int, the resolution of the file in dots per inch; 60.
        legend_handles: list or None, artists of matplotlib's for a legend below, None for no legend; None.
        data_format: "channels_last", "channels_first" or None, where the channels are, None for
            `config.image_data_format()`; None.

    Raises:
        ArgumentError: if there are classes and no `label_map`, both or neither of `path` and `show`, or there are more
            pictures than places.
        ShapeError: if `images` are no batch of pictures.
        MissingDependency: if matplotlib is not installed.
    """
    with located("plot_image_gallery"):
        pictures = as_pictures(images, data_format, value_range)
        show = path is None if show is None else show
        if show == (path is not None):
            raise ArgumentError("a gallery is either shown or written", fix="pass path, or show=True")
        if (y_true is not None or y_pred is not None) and label_map is None:
            raise ArgumentError("y_true and y_pred are classes without names", fix="pass label_map")
        count = len(pictures)
        if rows is None:
            rows = math.ceil(math.sqrt(count)) if cols is None else math.ceil(count / cols)
        cols = math.ceil(count / rows) if cols is None else cols
        titles = [_title(y_true, y_pred, label_map or {}, i) for i in range(min(count, rows * cols))]
        pyplot = _matplotlib("pyplot", "plot_image_gallery")
        figure = pyplot.figure(figsize=(cols * scale, rows * scale), layout="constrained")
        try:
            for place, (picture, title) in enumerate(zip(pictures, titles, strict=False)):
                axes = figure.add_subplot(rows, cols, place + 1)
                axes.imshow(picture)
                axes.axis("off")
                if title:
                    axes.set_title(title)
            if legend_handles is not None:
                figure.legend(handles=list(legend_handles), loc="outside lower center")
            if show:
                pyplot.show()
            else:
                figure.savefig(path, transparent=transparent, dpi=dpi, bbox_inches="tight", pad_inches=0.05)
        finally:
            pyplot.close(figure)


def _title(y_true: Any, y_pred: Any, names: Mapping[Any, str], i: int) -> str:
    parts = []
    for what, labels in (("Label", y_true), ("Pred", y_pred)):
        if labels is not None:
            label = np.asarray(labels)[i].item()
            parts.append(f"{what}: {names.get(label, label)}")
    return "  ".join(parts)


def plot_bounding_box_gallery(
    images: Tensor,
    bounding_box_format: str,
    y_true: Mapping[str, Tensor] | None = None,
    y_pred: Mapping[str, Tensor] | None = None,
    value_range: tuple[float, float] = (0, 255),
    true_color: Colour = (0, 188, 212),
    pred_color: Colour = (255, 235, 59),
    line_thickness: int = 2,
    font_scale: float = 1.0,
    text_thickness: int | None = None,
    class_mapping: Mapping[int, str] | None = None,
    ground_truth_mapping: Mapping[int, str] | None = None,
    prediction_mapping: Mapping[int, str] | None = None,
    legend: bool = False,
    legend_handles: Sequence[Any] | None = None,
    rows: int | None = None,
    cols: int | None = None,
    data_format: DataFormat = None,
    **kwargs: Any,
) -> None:
    """Show pictures side by side with the boxes of what is on them, those that are known and those predicted.

    Args:
        images: array or tensor, the pictures, (batch, height, width, channels), or with their channels first.
        bounding_box_format: str, the format of the boxes, one of those that `bounding_boxes.convert_format` takes.
        y_true: dict or None, the boxes that are known, as `draw_bounding_boxes` takes them, None for none; None.
        y_pred: dict or None, those predicted, likewise; None.
        value_range: pair of numbers, those that stand for black and white; (0, 255).
        true_color: tuple of three ints, the colour of known boxes; (0, 188, 212).
        pred_color: tuple of three ints, that of predicted ones; (255, 235, 59).
        line_thickness: int, the width of the lines in pixels; 2.
        font_scale: float, the size of the letters, 1 for 22 pixels; 1.0.
        text_thickness: int or None, the boldness of the letters, None for that of the lines; None.
        class_mapping: dict or None, the names of classes, None for none; None.
        ground_truth_mapping: dict or None, the names for known boxes, None for `class_mapping`; None.
        prediction_mapping: dict or None, those for predicted boxes, None for `class_mapping`; None.
        legend: bool, whether a legend says which colour is which; False.
        legend_handles: list or None, artists of matplotlib's for a legend of one's own, None for that one; None.
        rows: int or None, the number of rows; None.
        cols: int or None, the number of columns; None.
        data_format: "channels_last", "channels_first" or None, where the channels are, None for
            `config.image_data_format()`; None.
        **kwargs: what `plot_image_gallery` takes beside these: `path`, `show`, `scale`, `transparent`, `dpi`.

    Raises:
        ArgumentError: if `legend` and `legend_handles` are both given, or as `draw_bounding_boxes` does.
        MissingDependency: if matplotlib or Pillow is not installed.
    """
    with located("plot_bounding_box_gallery"):
        if legend and legend_handles is not None:
            raise ArgumentError("legend and legend_handles were both given", fix="pass one of them")
        pictures = as_pictures(images, data_format, value_range)
        for boxes, colour, names in (
            (y_true, true_color, ground_truth_mapping), (y_pred, pred_color, prediction_mapping),
        ):  # fmt: skip
            if boxes is not None:
                pictures = draw_bounding_boxes(
                    pictures,
                    boxes,
                    bounding_box_format,
                    class_mapping if names is None else names,
                    colour,
                    line_thickness,
                    line_thickness if text_thickness is None else text_thickness,
                    font_scale,
                    data_format="channels_last",
                )
        if legend:
            patch = _matplotlib("patches", "plot_bounding_box_gallery").Patch
            legend_handles = [
                patch(color=tuple(number / 255 for number in colour), label=label)
                for colour, label in ((true_color, "Ground Truth"), (pred_color, "Prediction"))
            ]
        plot_image_gallery(
            pictures, rows=rows, cols=cols, legend_handles=legend_handles, data_format="channels_last", **kwargs
        )


def plot_segmentation_mask_gallery(
    images: Tensor,
    num_classes: int,
    value_range: tuple[float, float] = (0, 255),
    y_true: Tensor | None = None,
    y_pred: Tensor | None = None,
    color_mapping: Mapping[int, Colour] | None = None,
    blend: bool = True,
    alpha: float = 0.8,
    ignore_index: int = -1,
    data_format: DataFormat = None,
    **kwargs: Any,
) -> None:
    """Show pictures in rows: each as it is, with the classes of its pixels that are known, and with those predicted.

    Args:
        images: array or tensor, the pictures, (batch, height, width, channels), or with their channels first.
        num_classes: int, the number of classes.
        value_range: pair of numbers, those that stand for black and white; (0, 255).
        y_true: array or tensor of ints, or None, the classes that are known, as `draw_segmentation_masks` takes them,
            None for none; None.
        y_pred: array or tensor of ints, or None, those predicted, likewise; None.
        color_mapping: dict or None, the red, green and blue of each class, None for colours that are far apart; None.
        blend: bool, whether colours are mixed with the pictures rather than put over them; True.
        alpha: float, how much of the mixture is the colour; 0.8.
        ignore_index: int, the class of pixels that stay as they are; -1.
        data_format: "channels_last", "channels_first" or None, where the channels are, None for
            `config.image_data_format()`; None.
        **kwargs: what `plot_image_gallery` takes beside these: `path`, `show`, `scale`, `transparent`, `dpi`.

    Raises:
        ArgumentError: as `draw_segmentation_masks` and `plot_image_gallery` do.
        MissingDependency: if matplotlib is not installed.
    """
    with located("plot_segmentation_mask_gallery"):
        pictures = as_pictures(images, data_format, value_range)
        is_first = config.standardize_data_format(data_format) == "channels_first"
        columns = [pictures]
        for masks in (y_true, y_pred):
            if masks is not None:
                drawn = draw_segmentation_masks(
                    pictures.transpose(0, 3, 1, 2) if is_first else pictures,
                    masks,
                    num_classes,
                    color_mapping,
                    alpha,
                    blend,
                    ignore_index,
                    "channels_first" if is_first else "channels_last",
                )
                columns.append(drawn)
        side_by_side = np.stack(columns, axis=1).reshape(-1, *pictures.shape[1:])
        plot_image_gallery(side_by_side, rows=len(pictures), cols=len(columns), data_format="channels_last", **kwargs)
