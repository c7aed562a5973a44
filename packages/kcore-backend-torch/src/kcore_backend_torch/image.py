"""Images, on torch tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from kcore_ops import config, image
from kcore_ops.plugin import defined


def resize(images, size, interpolation, antialias, crop, pad, fill_mode, fill_value, data_format):
    is_plain = interpolation == "bilinear" and fill_mode == "constant" and not (antialias or crop or pad)
    is_float = images.dtype in (torch.float32, torch.float64)
    if not is_plain or not is_float or images.ndim not in (3, 4) or len(size) != 2:
        return _resize(images, size, interpolation, antialias, crop, pad, fill_mode, fill_value, data_format)
    x = images if images.ndim == 4 else images[None]
    if config.standardize_data_format(data_format) == "channels_first":
        x = F.interpolate(x, tuple(size), mode="bilinear")
    else:
        x = F.interpolate(x.movedim(-1, 1), tuple(size), mode="bilinear").movedim(1, -1)
    return x if images.ndim == 4 else x[0]


_resize = defined(image.resize)

TABLE: dict[str, Callable[..., Any]] = {"resize": resize}
