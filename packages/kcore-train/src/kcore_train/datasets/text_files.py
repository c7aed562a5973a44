"""Texts in a directory as a dataset."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from kcore_ops.backends.datasets import Element
from kcore_ops.foundation.errors import ArgumentError, located

from kcore_train.datasets.directories import Selection
from kcore_train.datasets.labelled import datasets_of_files

__all__ = ["text_dataset_from_directory"]


def text_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Literal["inferred"] | Sequence[float] | None = "inferred",
    label_mode: Literal["int", "categorical", "binary"] | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: Literal["training", "validation", "both"] | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Return a dataset of the texts in a directory, read as they are needed.

    The texts are the files whose names end in .txt. With labels that are inferred, each directory inside is a class.
    The dataset's `class_names` are the names of the classes, and its `file_paths` the paths of the files.

    Shapes: batches are (batch_size,); labels (batch_size,), or (batch_size, 1) for "binary", or (batch_size,
    num_classes) for "categorical". Dtypes: texts are bytes of `tf.string` in a `tf.data.Dataset`, and else strings, of
    UTF-8 whose faults are left out; labels int32, or float32 for "binary" and "categorical".

    Args:
        directory: str or path, the directory.
        labels: "inferred", list, or None, the labels: the directories' numbers, or one for each file in the order of
            the sorted paths of directories, then of names; None for none; "inferred".
        label_mode: "int", "categorical" (a 1 at the place of the class), "binary" (0 or 1) or None, the form of labels,
            None for no labels; "int".
        class_names: list of str or None, the directories that are classes, in the order of their numbers, None for all
            of them, sorted; None.
        batch_size: int or None, the number of texts in a batch, None for single ones; 32.
        max_length: int or None, how many bytes are kept of a text, None for all; None.
        shuffle: bool, whether the files are shuffled, and each pass of those for training anew; False sorts them; True.
        seed: int or None, what that follows from, None for a seed that is drawn; None.
        validation_split: float or None, which fraction of the files is for validation, None for no such; None.
        subset: "training", "validation" or "both", which files to take; "both" returns a list of two datasets; None for
            all; None.
        follow_links: bool, whether links to directories inside the classes are followed; False.
        format: str, "tf" for a `tf.data.Dataset`, where TensorFlow is installed, and else a `PyDataset`, which
            "py_dataset" asks for; "grain" for an `IterDataset` of Grain's; "tf".
        verbose: bool, whether to print how many files were found; True.

    Raises:
        ArgumentError: if an argument is not one of those allowed, or does not go with another, or there are no texts.
        ArgumentTypeError: if `labels` are no list.
    """
    with located("text_dataset_from_directory"):
        if max_length is not None and (not isinstance(max_length, int) or max_length < 1):
            raise ArgumentError(
                f"max_length={max_length!r} is not a length", fix="pass an integer of at least 1, or None"
            )

        def read(paths: list[str]) -> tuple[np.ndarray[Any, Any]]:
            texts = np.empty(len(paths), object)
            for i, path in enumerate(paths):
                with open(path, "rb") as file:
                    texts[i] = file.read() if max_length is None else file.read(max_length)
            return (texts,)

        return datasets_of_files(
            Selection(
                directory, labels, label_mode, class_names, shuffle, seed, validation_split, subset, follow_links
            ),
            (read, (Element((), "string"),)),
            (".txt",),
            "texts",
            batch_size,
            format,
            verbose,
        )
