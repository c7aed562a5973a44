"""Pictures in files as arrays of bytes, as TensorFlow decodes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.images.pillow import pillow

__all__ = ["decoded"]

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def decoded(path: str, num_channels: int) -> np.ndarray[Any, Any]:
    """Return a picture, (height, width, channels); of an animation the first.

    Args:
        path: the file.
        num_channels: 1 for grey, 3 for colours, 4 for colours and transparency.

    Raises:
        ArgumentError: if it holds no picture.
    """
    image_module = pillow("Image", "reading pictures")
    try:
        with image_module.open(path) as image:
            if image.mode.startswith("I;16"):  # of 16 bits the upper 8
                image = image_module.fromarray((np.asarray(image) >> 8).astype("uint8"))
            pixels = np.asarray(image.convert(_MODES[num_channels]))
    except image_module.UnidentifiedImageError as error:
        raise ArgumentError(f"{path} holds no picture", fix="remove it, or give it another name") from error
    return pixels[:, :, None] if pixels.ndim == 2 else pixels
