"""PNG files of small images."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

__all__ = ["COLOR_TYPES", "png"]

# By number of channels: gray, RGB, and RGB with opacity, as PNG numbers them.
COLOR_TYPES = {1: 0, 3: 2, 4: 6}


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return an image as the contents of a PNG file.

    Args:
        pixels: (height, width, channels) with 1, 3 or 4 channels.
    """
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each begins with how it is filtered: not at all
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, COLOR_TYPES[channels], 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(name, content) for name, content in parts)


def _part(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
