"""Keywords that layers of images have in common."""

from __future__ import annotations

from kcore_layers.bounding_boxes.formats import BoxFormat
from kcore_layers.options.argument_types import DataFormat, LayerOptions, LayerOptionsBesideName

__all__ = ["FormattedImageLayerOptions", "ImageLayerOptions", "ImageLayerOptionsBesideName"]


class ImageLayerOptions(LayerOptions, total=False):
    """The keywords of `Layer`, and the format of bounding boxes."""

    bounding_box_format: BoxFormat | None


class ImageLayerOptionsBesideName(LayerOptionsBesideName, total=False):
    """The same for a layer that has `name` among its own."""

    bounding_box_format: BoxFormat | None


class FormattedImageLayerOptions(ImageLayerOptions, total=False):
    """Those, and where the channel axis is, for layers that take it by name alone."""

    data_format: DataFormat | None
