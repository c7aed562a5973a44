"""A dataset of files and their labels, whichever kind of files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from kcore_ops.backends.datasets import Samples

from kcore_train.datasets.directories import Files, Selection, find_files, subsets
from kcore_train.datasets.readers import check_format, checked_batch_size, dataset_of

__all__ = ["Reading", "datasets_of_files"]

# From files to what is read of some of them, given by their places, as a tuple of arrays; and what is known of those.
Reading = tuple[Callable[[list[str]], tuple[Any, ...]], tuple[Any, ...]]


def datasets_of_files(
    wanted: Selection,
    reading: Reading,
    endings: tuple[str, ...],
    what: str,
    batch_size: int | None,
    format: str,
    verbose: bool,
    *,
    is_ragged: bool = False,
) -> Any:
    """Return a dataset of files, or a list of two where both subsets are wanted.

    Args:
        wanted: which files.
        reading: how files are read, and what is known of what that gives.
        endings: what their names end in.
        what: what they are, for messages.
        batch_size: the number of samples in a batch, or None for single samples.
        format: the kind of dataset.
        verbose: whether to say how many files were found.
        is_ragged: whether what is read are arrays and their lengths.
    """
    check_format(format)
    checked_batch_size(batch_size)
    files = find_files(wanted, endings, what)
    if verbose:
        classes = f" belonging to {len(files.class_names)} classes" if files.class_names is not None else ""
        print(f"Found {len(files.paths)} files{classes}.")
    datasets = []
    for name, part in subsets(files, wanted):
        if verbose and name:
            print(f"Using {len(part.paths)} files for {name}.")
        samples = _samples_of(part, reading)
        # What is for validation is always seen in the same order.
        shuffle = part.seed is not None and name != "validation"
        dataset = dataset_of(samples, format, batch_size, shuffle, part.seed, is_ragged=is_ragged)
        dataset.class_names, dataset.file_paths = files.class_names, part.paths
        datasets.append(dataset)
    return datasets if len(datasets) > 1 else datasets[0]


def _samples_of(files: Files, reading: Reading) -> Samples:
    read_paths, elements = reading
    label = files.label_element

    def read(numbers: np.ndarray[Any, Any]) -> Any:
        parts = read_paths([files.paths[i] for i in numbers])
        if label is not None:
            parts = (*parts, files.labels_of(numbers))
        return parts if len(parts) > 1 else parts[0]

    all_elements = elements if label is None else (*elements, label)
    return Samples(read, all_elements if len(all_elements) > 1 else all_elements[0], len(files.paths))
