"""Pictures in a directory as a dataset."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from kcore_layers.images.decoding import decoded
from kcore_layers.images.pillow import pillow
from kcore_layers.images.resizing import INTERPOLATIONS, cropped, padded, resized
from kcore_ops import config
from kcore_ops.backends.datasets import Element
from kcore_ops.foundation.errors import ArgumentError, located

from kcore_train.datasets.directories import Selection
from kcore_train.datasets.labelled import datasets_of_files

__all__ = ["image_dataset_from_directory"]

_ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Literal["inferred"] | Sequence[float] | None = "inferred",
    label_mode: Literal["int", "categorical", "binary"] | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: Literal["rgb", "rgba", "grayscale"] = "rgb",
    batch_size: int | None = 32,
    image_size: tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: Literal["training", "validation", "both"] | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: Literal["channels_last", "channels_first"] | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Return a dataset of the pictures in a directory, read as they are needed.

    The pictures are the files whose names end in .bmp, .gif, .jpeg, .jpg or .png; of an animation the first one. With
    labels that are inferred, each directory inside is a class. The dataset's `class_names` are the names of the
    classes, and its `file_paths` the paths of the files.

    Shapes: batches are (batch_size, height, width, channels), or have their channels first; labels (batch_size,), or
    (batch_size, 1) for "binary", or (batch_size, num_classes) for "categorical". Dtypes: pictures are float32, from 0
    to 255; labels int32, or float32 for "binary" and "categorical".

    Args:
        directory: str or path, the directory.
        labels: "inferred", list, or None, the labels: the directories' numbers, or one for each file in the order of
            the sorted paths of directories, then of names; None for none; "inferred".
        label_mode: "int", "categorical" (a 1 at the place of the class), "binary" (0 or 1) or None, the form of labels,
            None for no labels; "int".
        class_names: list of str or None, the directories that are classes, in the order of their numbers, None for all
            of them, sorted; None.
        color_mode: "rgb", "rgba" or "grayscale", which channels pictures have; "rgb".
        batch_size: int or None, the number of pictures in a batch, None for single ones; 32.
        image_size: (height, width), the size in pixels that pictures get; (256, 256).
        shuffle: bool, whether the files are shuffled, and each pass of those for training anew; False sorts them; True.
        seed: int or None, what that follows from, None for a seed that is drawn; None.
        validation_split: float or None, which fraction of the files is for validation, None for no such; None.
        subset: "training", "validation" or "both", which files to take; "both" returns a list of two datasets; None for
            all; None.
        interpolation: str, how pixels in between are found: "bilinear", "nearest", "bicubic", "area", "lanczos3",
            "lanczos5", "gaussian" or "mitchellcubic"; "bilinear".
        follow_links: bool, whether links to directories inside the classes are followed; False.
        crop_to_aspect_ratio: bool, whether pictures are cropped around their centres, so as not to be distorted; False.
        pad_to_aspect_ratio: bool, whether they are padded with black around them instead; False.
        data_format: "channels_last", "channels_first" or None, where channels are, None for
            `config.image_data_format()`; None.
        format: str, "tf" for a `tf.data.Dataset`, where TensorFlow is installed, and else a `PyDataset`, which
            "py_dataset" asks for; "grain" for an `IterDataset` of Grain's; "tf".
        verbose: bool, whether to print how many files were found; True.

    Raises:
        ArgumentError: if an argument is not one of those allowed, or does not go with another, or there are no
            pictures.
        ArgumentTypeError: if `labels` are no list.
        MissingDependency: if Pillow is not installed.
    """
    with located("image_dataset_from_directory"):
        pillow("Image", "image_dataset_from_directory")
        if color_mode not in _CHANNELS:
            raise ArgumentError(f"color_mode={color_mode!r} is none", fix=f"use one of {', '.join(_CHANNELS)}")
        if interpolation not in INTERPOLATIONS:
            raise ArgumentError(
                f"there is no interpolation {interpolation!r}", fix=f"use one of {', '.join(INTERPOLATIONS)}"
            )
        if not isinstance(image_size, list | tuple) or len(image_size) != 2 or not all(s > 0 for s in image_size):
            raise ArgumentError(f"image_size={image_size!r} is not a height and a width", fix="pass two integers")
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ArgumentError("a picture is either cropped or padded to the aspect ratio", fix="pass one of the two")
        has_channels_first = config.standardize_data_format(data_format) == "channels_first"
        size, channels = (int(image_size[0]), int(image_size[1])), _CHANNELS[color_mode]

        def picture(path: str) -> np.ndarray[Any, Any]:
            pixels = decoded(path, channels)
            if pad_to_aspect_ratio:
                pixels = padded(pixels, size, interpolation)
            else:
                pixels = resized(cropped(pixels, size) if crop_to_aspect_ratio else pixels, size, interpolation)
            return pixels.transpose(2, 0, 1) if has_channels_first else pixels

        shape = (channels, *size) if has_channels_first else (*size, channels)
        return datasets_of_files(
            Selection(
                directory, labels, label_mode, class_names, shuffle, seed, validation_split, subset, follow_links
            ),
            (lambda paths: (np.stack([picture(path) for path in paths]),), (Element(shape, "float32"),)),
            _ENDINGS,
            "pictures",
            batch_size,
            format,
            verbose,
        )
