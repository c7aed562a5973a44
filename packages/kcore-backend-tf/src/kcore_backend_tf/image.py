"""Images, on TensorFlow tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from kcore_ops import config, image
from kcore_ops.plugin import defined


def resize(images, size, interpolation, antialias, crop, pad, fill_mode, fill_value, data_format):
    def defined(x):
        return _resize(x, size, interpolation, antialias, crop, pad, fill_mode, fill_value, data_format)

    is_plain = interpolation == "bilinear" and fill_mode == "constant" and not (antialias or crop or pad)
    if not is_plain or images.dtype != tf.float32 or images.shape.rank not in (3, 4) or len(size) != 2:
        return defined(images)
    is_first = config.standardize_data_format(data_format) == "channels_first"

    @tf.custom_gradient
    def resized(x):
        def gradient(dy):
            # The kernel's gradient has none itself (TensorFlow 2.21): that of the definition has.
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = defined(x)
            return tape.gradient(y, x, dy)

        if not is_first:
            return tf.image.resize(x, size), gradient
        batch = list(range(x.shape.rank - 3))
        rank = len(batch)
        y = tf.image.resize(tf.transpose(x, [*batch, rank + 1, rank + 2, rank]), size)
        return tf.transpose(y, [*batch, rank + 2, rank, rank + 1]), gradient

    return resized(images)


_resize = defined(image.resize)

TABLE: dict[str, Callable[..., Any]] = {"resize": resize}
