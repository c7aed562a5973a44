"""Where oneDNN computes: TensorFlow's library for CPUs, some of whose results are wrong (TensorFlow 2.21)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = ["ON_CPU", "sizes_of"]

ON_CPU = all(device.device_type == "CPU" for device in tf.config.list_physical_devices())


def sizes_of(x: Any) -> list[Any]:
    """The sizes of a tensor: numbers, and tensors where only the running graph knows one."""
    known = x.shape.as_list()
    running: Any = tf.shape(x) if None in known else ()
    return [running[axis] if size is None else size for axis, size in enumerate(known)]
