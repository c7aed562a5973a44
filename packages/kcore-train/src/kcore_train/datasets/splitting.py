"""A dataset split in two."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops import Tree, tree
from kcore_ops.backends import registry
from kcore_ops.backends.datasets import Datasets, Element, Samples
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, located
from kcore_ops.ops.random.seeds import draw_seed

from kcore_train.data.arrays import num_samples
from kcore_train.data.conversion import is_in_memory, to_arrays
from kcore_train.data.shuffling import permutation
from kcore_train.datasets.readers import SampleDataset, datasets_of_framework

__all__ = ["split_dataset"]


def split_dataset(
    dataset: Tree | Iterable[Any],
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Split a dataset in two: what comes first, and what comes last.

    The parts yield single samples, or what else the dataset yields; `part.batch(32)` makes batches of them. They are of
    the dataset's own kind if a framework has one, else of the current backend's, else `tf.data.Dataset`s where
    TensorFlow is installed, else `PyDataset`s. A dataset that is not of arrays is read once, as a whole.

    Args:
        dataset: array, tensor, tree of these, `tf.data.Dataset`, dataset of torch's, or `PyDataset`, what to split;
            arrays along the first axis.
        left_size: int, float or None, the number or the fraction of the items in the first part, None for what the
            other one leaves; None.
        right_size: int, float or None, the same of the second part; what neither has, between the two, is left out;
            None.
        shuffle: bool, whether the items are shuffled first; False.
        seed: int or None, what the order then follows from, None for a seed that is drawn; None.
        preferred_backend: str or None, the name of a backend, whose framework's datasets the parts are to be, None for
            those above; None.

    Raises:
        ArgumentTypeError: if the dataset is none, or a size no number.
        ArgumentError: if a size is out of range, or leaves a part empty.
        ShapeError: if arrays differ in length.

    >>> first, last = split_dataset(np.arange(10), left_size=0.8)
    >>> len(first), len(last)
    (8, 2)
    """
    with located("split_dataset"):
        samples = _samples_of(dataset)
        num_left, num_right = _sizes(left_size, right_size, samples.count)
        order = np.arange(samples.count)
        if shuffle:
            order = permutation(samples.count, int(draw_seed(None)[0]) if seed is None else int(seed), 0)
        datasets = _kind_of_parts(dataset, preferred_backend)
        parts = []
        for numbers in (order[:num_left], order[samples.count - num_right :]):
            part = _chosen(samples, numbers)
            parts.append(SampleDataset(part) if datasets is None else datasets.of_samples(part))
        return parts[0], parts[1]


def _chosen(samples: Samples, numbers: np.ndarray[Any, Any]) -> Samples:
    return Samples(lambda places: samples.read(numbers[places]), samples.elements, len(numbers))


# What there is to split.


def _samples_of(dataset: Any) -> Samples:
    if is_in_memory(dataset):
        arrays = to_arrays(tuple(dataset) if _is_list_of_arrays(dataset) else dataset, "dataset")
        leaves = [leaf for leaf in tree.flatten(arrays) if leaf is not None]
        if not leaves:
            raise ArgumentError("the dataset holds nothing", fix="pass arrays")
        elements = tree.map_structure(lambda a: Element(a.shape[1:], a.dtype.name), arrays)
        return Samples(lambda rows: tree.map_structure(lambda a: a[rows], arrays), elements, num_samples(arrays))
    is_read_by_number = hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
    if isinstance(dataset, str | bytes) or not (_is_lazy(dataset) or is_read_by_number):
        raise ArgumentTypeError(
            f"dataset has type {type(dataset).__name__}, which is none",
            fix="pass arrays, or a tf.data.Dataset, a dataset of torch's, or a PyDataset",
        )
    # Datasets that are read by number may not say by an IndexError where they end.
    items = dataset if _is_lazy(dataset) else (dataset[i] for i in range(len(dataset)))
    found = [tree.map_structure(_array_of, item) for item in items]
    if not found:
        raise ArgumentError("the dataset holds nothing", fix="pass one that does")

    def read(numbers: Any) -> Any:
        return tree.map_structure(lambda *leaves: np.stack(leaves), *(found[i] for i in numbers))

    return Samples(read, tree.map_structure(_element_of, *found), len(found))


def _is_list_of_arrays(dataset: Any) -> bool:
    return isinstance(dataset, list) and bool(dataset) and hasattr(dataset[0], "shape")


def _is_lazy(dataset: Any) -> bool:
    """Return whether a dataset is iterated, rather than read by number."""
    return hasattr(dataset, "__iter__") and not hasattr(dataset, "__next__")


def _array_of(leaf: Any) -> np.ndarray[Any, Any]:
    return ops.convert_to_numpy(leaf) if ops.is_tensor(leaf) else np.asarray(leaf)


def _element_of(*leaves: np.ndarray[Any, Any]) -> Element:
    """Return what is known of arrays at one place of all samples."""
    first = leaves[0]
    sizes = itertools.zip_longest(*(leaf.shape for leaf in leaves))
    shape = tuple(size[0] if len(set(size)) == 1 else None for size in sizes)
    return Element(shape, "string" if first.dtype.kind in "OSU" else first.dtype.name)


# What to make of it.


def _kind_of_parts(dataset: Any, preferred_backend: str | None) -> Datasets | None:
    """Return what makes the parts; None for none of the frameworks' own datasets."""
    if preferred_backend is not None:
        return registry.load(preferred_backend).datasets or datasets_of_framework("tf")
    modules = {base.__module__.partition(".")[0] for base in type(dataset).__mro__}
    for name, record in registry.backends().items():
        if record.plugin is not None and record.plugin.framework in modules and not is_in_memory(dataset):
            return datasets_of_framework(name)
    return ops.current_backend().datasets or datasets_of_framework("tf")


def _sizes(left: Any, right: Any, total: int) -> tuple[int, int]:
    """Return how many of the items each part has."""
    if left is None and right is None:
        raise ArgumentError("neither left_size nor right_size was given", fix="pass one of them, or both")
    num_left, num_right = _count("left_size", left, total), _count("right_size", right, total)
    if num_left is None or num_right is None:
        num_left = total - (num_right or 0) if num_left is None else num_left
        num_right = total - num_left if num_right is None else num_right
    elif num_left + num_right > total and isinstance(left, float) and isinstance(right, float) and left + right <= 1:
        num_right = total - num_left  # both were rounded up
    if num_left + num_right > total:
        raise ArgumentError(
            f"left_size={left} and right_size={right} are more than the {total} items there are",
            fix="pass smaller sizes",
        )
    if not num_left or not num_right:
        raise ArgumentError(
            f"left_size={left} and right_size={right} of {total} items leave a part empty", fix="pass other sizes"
        )
    return num_left, num_right


def _count(name: str, size: Any, total: int) -> int | None:
    """Return a size as a number of items; None for the size that the other part leaves."""
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, int | float | np.integer | np.floating):
        raise ArgumentTypeError(f"{name} has type {type(size).__name__}", fix="pass an integer, a fraction, or None")
    is_fraction = isinstance(size, float | np.floating)
    if not 0 < size < (1 if is_fraction else total):
        raise ArgumentError(
            f"{name}={size} is no part of {total} items", fix=f"pass an integer below {total}, or a fraction below 1"
        )
    return round(float(size) * total) if is_fraction else int(size)
