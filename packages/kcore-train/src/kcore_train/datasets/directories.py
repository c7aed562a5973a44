"""Which files of a directory a dataset is of, their labels, and which are for validation."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from kcore_ops.backends.datasets import Element
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError
from kcore_ops.ops.random.seeds import draw_seed

__all__ = ["Files", "Selection", "find_files", "subsets"]

_MODES = ("int", "categorical", "binary", None)


@dataclass(frozen=True)
class Selection:
    """What is wanted of a directory, as the arguments of Keras's functions say it; each may be wrong.

    Attributes:
        directory: the directory.
        labels: "inferred" for one class a directory inside, a label for each file, or None.
        label_mode: "int", "categorical", "binary" or None, the form of labels.
        class_names: the directories that are classes, in order, or None for all.
        shuffle: whether the files are shuffled.
        seed: what their order follows from, or None.
        validation_split: which fraction of them is for validation, or None.
        subset: "training", "validation" or "both", or None for all files.
        follow_links: whether links to directories are followed.
    """

    directory: str | os.PathLike[str]
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool


@dataclass(frozen=True)
class Files:
    """Files in the order of a dataset.

    Attributes:
        paths: their paths.
        labels: a label for each, or None.
        class_names: the names of the classes, or None.
        label_mode: the form that labels have.
        seed: what the order of each pass follows from, or None where they are in the order of `paths`.
    """

    paths: list[str]
    labels: np.ndarray[Any, Any] | None
    class_names: list[str] | None
    label_mode: str | None
    seed: int | None

    @property
    def label_element(self) -> Element | None:
        """What is known of a label; None where there are none."""
        if self.labels is None or self.label_mode is None:
            return None
        if self.label_mode == "binary":
            return Element((1,), "float32")
        if self.label_mode == "categorical":
            return Element((len(self.class_names or ()),), "float32")
        return Element((), self.labels.dtype.name)

    def labels_of(self, numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the labels of some files.

        Args:
            numbers: the places of the files in `paths`.
        """
        assert self.labels is not None
        chosen: np.ndarray[Any, Any] = self.labels[numbers]
        if self.label_mode == "binary":
            chosen = chosen.astype("float32")[:, None]
        elif self.label_mode == "categorical":
            chosen = (chosen[:, None] == np.arange(len(self.class_names or ()))).astype("float32")
        return chosen


def find_files(wanted: Selection, endings: tuple[str, ...], what: str) -> Files:
    """Return the files that are wanted of a directory, all of them.

    Args:
        wanted: the arguments.
        endings: what their names end in, in small letters.
        what: what they are, for messages: "pictures".

    Raises:
        ArgumentError: if an argument is not one of those allowed, or there are no files.
        ArgumentTypeError: if labels are no list.
    """
    _check(wanted)
    directory = os.fspath(wanted.directory)
    if not os.path.isdir(directory):
        raise ArgumentError(f"there is no directory {directory!r}", fix="check the path")
    has_classes = wanted.labels == "inferred" if isinstance(wanted.labels, str) else False
    names: list[str] | None = None
    if has_classes and wanted.label_mode is not None:
        names = _classes(directory, wanted.class_names)
        found = [
            (path, i) for i, name in enumerate(names) for path in _walk(os.path.join(directory, name), wanted, endings)
        ]
        paths, labels = [path for path, _ in found], np.array([label for _, label in found], "int32")
    else:
        paths, labels = list(_walk(directory, wanted, endings)), None
    if not paths:
        raise ArgumentError(
            f"there are no {what} in {directory!r}", fix=f"put files in it whose names end in {', '.join(endings)}"
        )
    if wanted.labels is not None and not has_classes and wanted.label_mode is not None:
        labels, names = _given_labels(wanted.labels, len(paths), directory)
    if wanted.label_mode == "binary" and labels is not None and len(names or ()) != 2:
        raise ArgumentError(
            f'label_mode="binary" is for two classes, and there are {len(names or ())}',
            fix="pass the names of two as class_names, or another label_mode",
        )
    if wanted.label_mode in ("binary", "categorical") and labels is not None:
        strange = sorted(set(labels.tolist()) - set(range(len(names or ()))))
        if strange:
            raise ArgumentError(
                f"the label {strange[0]} is not one of {len(names or ())} classes",
                fix=f"pass labels from 0 to {len(names or ()) - 1}",
            )
    mode = None if labels is None else wanted.label_mode
    seed = (int(draw_seed(None)[0]) if wanted.seed is None else int(wanted.seed)) if wanted.shuffle else None
    files = Files(paths, labels, names, mode, seed)
    # The order that the same seed gives in Keras: which files are for validation is the same.
    return files if seed is None else _taken(files, np.random.RandomState(seed % 2**32).permutation(len(paths)))


def subsets(files: Files, wanted: Selection) -> list[tuple[str, Files]]:
    """Return the files for each dataset that is wanted, with what it is for: "training", "validation", or "".

    Args:
        files: all files.
        wanted: the arguments.
    """
    if wanted.subset is None or not wanted.validation_split:
        return [("", files)]
    num_validation = int(wanted.validation_split * len(files.paths))
    order = np.arange(len(files.paths))
    parts = {"training": order[: len(order) - num_validation], "validation": order[len(order) - num_validation :]}
    for name, part in parts.items():
        if wanted.subset in (name, "both") and not len(part):
            raise ArgumentError(
                f"validation_split={wanted.validation_split} of {len(order)} files leaves none for {name}",
                fix="pass another fraction, or more files",
            )
    return [(name, _taken(files, part)) for name, part in parts.items() if wanted.subset in (name, "both")]


def _taken(files: Files, order: np.ndarray[Any, Any]) -> Files:
    labels = None if files.labels is None else files.labels[order]
    return replace(files, paths=[files.paths[i] for i in order], labels=labels)


def _check(wanted: Selection) -> None:
    labels = wanted.labels
    if labels is not None and labels != "inferred" if isinstance(labels, str) else not _is_list_or_none(labels):
        raise ArgumentTypeError(
            f"labels={labels!r} are no labels", fix='pass a list with one for each file, "inferred", or None'
        )
    if wanted.label_mode not in _MODES:
        raise ArgumentError(
            f"there is no label_mode {wanted.label_mode!r}", fix='use "int", "categorical", "binary" or None'
        )
    if wanted.class_names is not None and (wanted.label_mode is None or not isinstance(labels, str)):
        raise ArgumentError(
            "class_names are for labels that are inferred",
            fix='pass labels="inferred" and a label_mode, or leave them out',
        )
    if (wanted.validation_split is None) != (wanted.subset is None):
        raise ArgumentError("validation_split and subset go together", fix="pass both, or neither")
    if wanted.validation_split is not None and not 0 < wanted.validation_split < 1:
        raise ArgumentError(
            f"validation_split={wanted.validation_split!r} is not a fraction", fix="pass a number below 1"
        )
    if wanted.subset not in (None, "training", "validation", "both"):
        raise ArgumentError(f"there is no subset {wanted.subset!r}", fix='use "training", "validation" or "both"')
    if wanted.subset is not None and wanted.shuffle and wanted.seed is None:
        raise ArgumentError(
            "shuffled files without a seed may be in both subsets",
            fix="pass a seed, the same for both, or shuffle=False",
        )


def _is_list_or_none(labels: Any) -> bool:
    return labels is None or isinstance(labels, list | tuple | np.ndarray)


def _classes(directory: str, class_names: Sequence[str] | None) -> list[str]:
    with os.scandir(directory) as entries:
        found = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    if class_names is None:
        return found
    unknown = [name for name in class_names if name not in found]
    if unknown:
        raise ArgumentError(
            f"{', '.join(map(repr, unknown))} in class_names: no such directories in {directory!r}",
            fix=f"use some of {', '.join(map(repr, found))}",
        )
    return list(class_names)


def _walk(directory: str, wanted: Selection, endings: tuple[str, ...]) -> Iterator[str]:
    """Yield the files of a directory and of those in it, in the order of the directories' paths and then of names."""
    for root, _, files in sorted(os.walk(directory, followlinks=wanted.follow_links)):
        for name in sorted(files):
            if name.lower().endswith(endings):
                yield os.path.join(root, name)


def _given_labels(labels: Any, count: int, directory: str) -> tuple[np.ndarray[Any, Any], list[str]]:
    if len(labels) != count:
        raise ArgumentError(
            f"there are {len(labels)} labels, and {count} files in {directory!r}",
            fix="pass a label for each file, in the order of the paths of their directories, then of their names",
        )
    array = np.asarray(labels)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise ArgumentTypeError(f"labels of {array.dtype.name} are no numbers", fix="pass integers from 0")
    array = array.astype("float32" if array.dtype.kind == "f" else "int32")
    return array, [str(name) for name in sorted(set(array.tolist()))]
