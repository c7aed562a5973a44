"""Pictures of Pillow's as arrays, and arrays as such pictures; from and to files."""

from __future__ import annotations

import io
import os
import warnings
from typing import Any, Literal, TypeAlias

import kcore_ops as ops
import numpy as np
from kcore_ops import Tensor, config
from kcore_ops.dtypes import standardize_dtype
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, ShapeError

from kcore_layers.images.pillow import pillow

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img"]

ColorMode: TypeAlias = Literal["rgb", "rgba", "grayscale"]
DataFormat: TypeAlias = Literal["channels_last", "channels_first"] | None

_MODES = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}
# Pillow's modes of grey pictures of more than 8 bits, which stay as they are.
_DEEP_GREYS = ("L", "I", "I;16")
_FILTERS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def load_img(
    path: str | os.PathLike[str] | io.BytesIO,
    color_mode: ColorMode = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Return the picture in a file as an `Image` of Pillow's.

    Args:
        path: str, path or `io.BytesIO`, the file.
        color_mode: "rgb", "rgba" or "grayscale", what its pixels become; a grey picture of 16 or 32 bits keeps them
            with the latter; "rgb".
        target_size: (height, width) or None, the size in pixels that it gets, None for its own; None.
        interpolation: str, how pixels in between are found: "nearest", "bilinear", "bicubic", "hamming", "box" or
            "lanczos", filters of Pillow's; "nearest".
        keep_aspect_ratio: bool, whether it is cropped around its centre before, so as not to be distorted; False.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
        ArgumentTypeError: if `path` is no file.
        MissingDependency: if Pillow is not installed.
    """
    image_module = pillow("Image", "load_img")
    if color_mode not in _MODES:
        raise ArgumentError(f"color_mode={color_mode!r} is none", fix=f"use one of {', '.join(_MODES)}").at("load_img")
    if not isinstance(path, str | bytes | os.PathLike | io.BytesIO):
        raise ArgumentTypeError(
            f"path has type {type(path).__name__}, which names no file", fix="pass a path, or io.BytesIO"
        ).at("load_img")
    if isinstance(path, io.BytesIO):
        data = path
    else:
        with open(path, "rb") as file:
            data = io.BytesIO(file.read())
    image = image_module.open(data)
    mode = _MODES[color_mode]
    if image.mode != mode and not (mode == "L" and image.mode in _DEEP_GREYS):
        image = image.convert(mode)
    return image if target_size is None else _resized(image, target_size, interpolation, keep_aspect_ratio)


def _resized(image: Any, target_size: Any, interpolation: str, keep_aspect_ratio: bool) -> Any:
    if not hasattr(target_size, "__len__") or len(target_size) != 2:
        raise ArgumentError(f"target_size={target_size!r} is not a height and a width", fix="pass two integers").at(
            "load_img"
        )
    height, width = target_size
    if image.size == (width, height):
        return image
    if interpolation not in _FILTERS:
        raise ArgumentError(f"there is no interpolation {interpolation!r}", fix=f"use one of {', '.join(_FILTERS)}").at(
            "load_img"
        )
    box = None
    if keep_aspect_ratio:
        own_width, own_height = image.size
        kept_height = min(own_height, own_width * height // width) or own_height
        kept_width = min(own_width, own_height * width // height) or own_width
        left, top = (own_width - kept_width) // 2, (own_height - kept_height) // 2
        box = (left, top, left + kept_width, top + kept_height)
    filters = pillow("Image", "load_img").Resampling
    return image.resize((width, height), getattr(filters, interpolation.upper()), box=box)


def img_to_array(img: Any, data_format: DataFormat = None, dtype: Any = None) -> np.ndarray[Any, Any]:
    """Return a picture as an array of its numbers.

    Shapes: (height, width, channels), or (channels, height, width); one channel where the picture is grey.

    Args:
        img: `Image` of Pillow's, or array of two or three axes, the picture.
        data_format: "channels_last", "channels_first" or None, where the channels of the result are, None for
            `config.image_data_format()`; None.
        dtype: dtype or None, that of the result, None for `config.floatx()`; None.

    Raises:
        ArgumentError: if there is no such layout.
        ShapeError: if an array has another number of axes.

    >>> img_to_array(np.zeros((2, 3), "uint8"), dtype="uint8").shape
    (2, 3, 1)
    """
    layout = config.standardize_data_format(data_format)
    x = np.asarray(ops.convert_to_numpy(img) if ops.is_tensor(img) else img)
    x = x.astype(standardize_dtype(dtype))
    if x.ndim not in (2, 3):
        raise ShapeError(
            f"a picture of shape {x.shape} has {x.ndim} axes", fix="pass one of height, width, and maybe channels"
        ).at("img_to_array")
    if x.ndim == 2:
        return x[None] if layout == "channels_first" else x[:, :, None]
    # The channels of a picture of Pillow's come last.
    return x.transpose(2, 0, 1) if layout == "channels_first" else x


def array_to_img(x: Tensor, data_format: DataFormat = None, scale: bool = True, dtype: Any = None) -> Any:
    """Return an array as an `Image` of Pillow's.

    Shapes: `x` is (height, width, channels), or (channels, height, width), with 1, 3 or 4 channels.

    Args:
        x: array or tensor, the numbers.
        data_format: "channels_last", "channels_first" or None, where the channels are, None for
            `config.image_data_format()`; None.
        scale: bool, whether the smallest number becomes 0 and the largest 255; without it they are taken as they are,
            from 0 to 255, or beyond that in a grey picture; True.
        dtype: dtype or None, what to compute in, None for `config.floatx()`; None.

    Raises:
        ArgumentError: if there is no such layout.
        ShapeError: if it has another number of axes, or of channels.
        MissingDependency: if Pillow is not installed.
    """
    image_module = pillow("Image", "array_to_img")
    layout = config.standardize_data_format(data_format)
    pixels = np.asarray(ops.convert_to_numpy(x) if ops.is_tensor(x) else x)
    pixels = pixels.astype(standardize_dtype(dtype))
    if pixels.ndim != 3:
        raise ShapeError(
            f"x of shape {pixels.shape} has {pixels.ndim} axes, and a picture three", fix="pass a single picture"
        ).at("array_to_img")
    if layout == "channels_first":
        pixels = pixels.transpose(1, 2, 0)
    num_channels = pixels.shape[2]
    if num_channels not in (1, 3, 4):
        raise ShapeError(f"x has {num_channels} channels", fix="pass 1, 3 or 4, in their place").at("array_to_img")
    if scale:
        pixels = _scaled(pixels)
    if num_channels > 1:
        return image_module.fromarray(_as_bytes(pixels))
    grey = pixels[:, :, 0]
    if grey.size and np.max(grey) > 255:
        return image_module.fromarray(grey.astype("int32"))
    return image_module.fromarray(_as_bytes(grey))


def _scaled(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    wide = pixels if pixels.dtype.kind == "f" else pixels.astype("float32")
    wide = wide - np.min(wide)
    top = np.max(wide)
    spread: np.ndarray[Any, Any] = (wide / top if top != 0 else wide) * 255
    return spread


def _as_bytes(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return numbers as bytes, those that are out of range as what their lowest 8 bits say, NaN as 0."""
    whole: np.ndarray[Any, Any] = np.nan_to_num(pixels) if pixels.dtype.kind == "f" else pixels
    return whole.astype("int64").astype("uint8")


def save_img(
    path: str | os.PathLike[str] | io.BytesIO,
    x: Tensor,
    data_format: DataFormat = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array as a picture to a file.

    Args:
        path: str, path or `io.BytesIO`, the file.
        x: array or tensor, the numbers, (height, width, channels) or (channels, height, width).
        data_format: "channels_last", "channels_first" or None, where the channels are, None for
            `config.image_data_format()`; None.
        file_format: str or None, a format that Pillow writes, None for what the name of the file ends in; None.
        scale: bool, whether the smallest number becomes 0 and the largest 255; True.
        **kwargs: what Pillow's `Image.save` takes for the format, `quality` for one.

    Raises:
        ArgumentError: if there is no such layout, or no such format.
        ShapeError: if the array has another number of axes, or of channels.
        MissingDependency: if Pillow is not installed.
    """
    picture = array_to_img(x, data_format, scale)
    format = None if file_format is None else {"jpg": "jpeg"}.get(file_format.lower(), file_format)
    ending = "" if isinstance(path, io.BytesIO) else os.path.splitext(os.fspath(path))[1].lower()
    is_jpeg = format.lower() == "jpeg" if format is not None else ending in (".jpg", ".jpeg")
    if is_jpeg and picture.mode == "RGBA":
        warnings.warn("JPEG has no transparency: the picture is written without it", stacklevel=2)
        picture = picture.convert("RGB")
    image_module = pillow("Image", "save_img")
    image_module.init()
    if format is None and ending not in image_module.registered_extensions() and ending != "":
        raise ArgumentError(f"there is no format for {ending!r}", fix="pass file_format").at("save_img")
    if format is None and ending == "":
        raise ArgumentError("the name of the file does not say its format", fix="pass file_format").at("save_img")
    if format is not None and format.upper() not in image_module.SAVE:
        raise ArgumentError(f"Pillow writes no format {file_format!r}", fix="pass one that it does, such as 'png'").at(
            "save_img"
        )
    picture.save(path, format=format, **kwargs)
