"""`ContrastLimitedAdaptiveHistogramEqualization`: images whose contrast is raised everywhere, and not too much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import pair

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.histograms import counts_of, lookup
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.options.weight_options import checked_number
from kcore_layers.serialization.registry import builtin

__all__ = ["ContrastLimitedAdaptiveHistogramEqualization"]

_BINS = 256


@builtin("keras.layers")
class ContrastLimitedAdaptiveHistogramEqualization(ColourLayer):
    """Equalize the values of each channel in tiles of each image, while training and otherwise.

    In a tile no value counts more often than the limit; what is above it is spread evenly over all 256. Between the
    middles of tiles the results of the nearest four are interpolated.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too.

    Args:
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        clip_limit: number, how many times the mean of a tile's counts each of them is at most; 0 or less sets no
            limit; 4.
        tile_grid_size: pair of ints, how many tiles there are along the height and the width; an image that they do not
            divide is continued by its last pixels; (8, 8).
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    Source: Zuiderveld (1994), "Contrast limited adaptive histogram equalization", Graphics Gems IV.

    >>> layer = ContrastLimitedAdaptiveHistogramEqualization(clip_limit=0, tile_grid_size=(1, 1))
    >>> layer(np.array([[[100.0], [100.0], [120.0], [150.0]]])).ravel()
    array([127.5 , 127.5 , 191.25, 255.  ], dtype=float32)
    """

    _is_deterministic = True

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Sequence[int] = (8, 8),
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(value_range=value_range, data_format=data_format, **kwargs)
        self.clip_limit = checked_number(self, "clip_limit", clip_limit)
        try:
            self.tile_grid_size = pair(tile_grid_size, 2, "tile_grid_size")
        except ArgumentError as error:
            raise error.at(type(self).__name__) from None

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        return None

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        x = ops.moveaxis(images, 1, -1) if self.data_format == "channels_first" else images
        values = ops.cast(self._as_bytes(x), "int32")
        tables = self._tables(values)
        y = self._from_bytes(ops.cast(self._interpolated(tables, values), ops.dtype(images)))
        return ops.moveaxis(y, -1, 1) if self.data_format == "channels_first" else y

    def _cells(self, values: Any, down: Any, across: Any) -> Any:
        """Return the numbers of values in the tables of tiles: those in row `down` and column `across` of the grid."""
        rows, columns = self.tile_grid_size
        batch, _, _, channels = ops.shape(values)
        image = ops.reshape(ops.arange(batch, dtype="int32"), (-1, 1, 1, 1)) * rows
        tile = (image + ops.reshape(down, (1, -1, 1, 1))) * columns + ops.reshape(across, (1, 1, -1, 1))
        return (tile * channels + ops.arange(channels, dtype="int32")) * _BINS + values

    def _tables(self, values: Any) -> Any:
        """Return what each value becomes in each tile, `(batch * rows * columns * channels, 256)`."""
        rows, columns = self.tile_grid_size
        batch, height, width, channels = ops.shape(values)
        down, across = _tile_size(height, rows), _tile_size(width, columns)
        # Pixels beyond the image are those at its edge.
        i, j = ops.arange(down * rows, dtype="int32"), ops.arange(across * columns, dtype="int32")
        padded = ops.take(ops.take(values, ops.minimum(i, height - 1), axis=1), ops.minimum(j, width - 1), axis=2)
        cells = self._cells(padded, i // down, j // across)
        counts = ops.reshape(counts_of(cells, batch * rows * columns * channels * _BINS), (-1, _BINS))
        if self.clip_limit > 0:
            pixels = ops.cast(down * across, "float32")
            limit = ops.floor(pixels * (self.clip_limit / _BINS))
            counts = ops.minimum(counts, limit)
            counts = counts + (pixels - ops.sum(counts, axis=1, keepdims=True)) / _BINS
        below = ops.cumsum(counts, axis=1)
        least = below[:, :1]
        return (below - least) / ops.maximum(below[:, -1:] - least, 1e-7) * 255.0

    def _interpolated(self, tables: Any, values: Any) -> Any:
        rows, columns = self.tile_grid_size
        _, height, width, _ = ops.shape(values)
        up, down, y = _neighbours(height, rows)
        left, right, x = _neighbours(width, columns)
        y, x = ops.reshape(y, (-1, 1, 1)), ops.reshape(x, (-1, 1))

        def across(row: Any) -> Any:
            first, second = (lookup(tables, self._cells(values, row, column)) for column in (left, right))
            return first + (second - first) * x

        above, beneath = across(up), across(down)
        return above + (beneath - above) * y

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "clip_limit": self.clip_limit, "tile_grid_size": self.tile_grid_size}


def _tile_size(size: Any, count: int) -> Any:
    """Return how many pixels a tile has along an axis, the last one filled up; 1 of nothing."""
    tile = (size + count - 1) // count
    return max(tile, 1) if isinstance(tile, int) else ops.maximum(tile, 1)


def _neighbours(size: Any, count: int) -> tuple[Any, Any, Any]:
    """Return the tiles whose middles are before and after each pixel, and how far it is from the first middle."""
    place = ops.arange(size, dtype="float32") / ops.cast(_tile_size(size, count), "float32") - 0.5
    before = ops.floor(place)
    first, second = (ops.cast(ops.clip(tile, 0.0, count - 1.0), "int32") for tile in (before, before + 1.0))
    return first, second, place - before
