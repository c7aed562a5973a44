"""Weights as images, for TensorBoard."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kcore_train.callbacks.event_files import messages
from kcore_train.callbacks.event_files.png import COLOR_TYPES, png

__all__ = ["weight_images"]

_MOST_IMAGES = 3  # of one weight


def weight_images(weight: npt.NDArray[Any], are_channels_last: bool) -> bytes | None:
    """Return the images of a weight as a value of a summary, or None if it can not be shown as such.

    A vector is a column, a matrix an image that is wider than it is high. Of three axes the last are the images, or
    the first where channels are first; of four they are images, height, width and channels. Axes of size 1 do not
    count. Numbers go from 0, black, to 1; those outside are shown as the nearest of these.

    Args:
        weight: the numbers.
        are_channels_last: whether channels come last.
    """
    values = np.squeeze(np.asarray(weight))
    if values.ndim == 1:
        values = values.reshape(1, -1, 1, 1)
    elif values.ndim == 2:
        values = (values.T if values.shape[0] > values.shape[1] else values)[np.newaxis, :, :, np.newaxis]
    elif values.ndim == 3:
        values = (np.moveaxis(values, -1, 0) if are_channels_last else values)[..., np.newaxis]
    if values.ndim != 4 or values.shape[-1] not in COLOR_TYPES or 0 in values.shape:
        return None
    _, height, width, _ = values.shape
    return messages.images([png(_pixels(each)) for each in values[:_MOST_IMAGES]], width, height)


def _pixels(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    numbers = np.clip(np.nan_to_num(values.astype(np.float32), nan=0.0), 0, 1)
    return (numbers * np.float32(255.5)).astype(np.uint8)
