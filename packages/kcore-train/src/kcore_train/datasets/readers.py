"""What is read sample by sample as a dataset: of a framework's own kind, of Grain's, or a `PyDataset`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from kcore_ops import tree
from kcore_ops.backends import registry
from kcore_ops.backends.datasets import Datasets, Samples
from kcore_ops.foundation.errors import ArgumentError, MissingDependency
from kcore_ops.ops.random.seeds import draw_seed

from kcore_train.data.py_dataset import PyDataset
from kcore_train.data.shuffling import permutation

__all__ = ["PY_DATASET", "SampleDataset", "checked_batch_size", "dataset_of", "datasets_of_framework"]

PY_DATASET = "py_dataset"
# What formats are called after frameworks, where it is not the name of a backend.
_SHORT = {"tf": "tensorflow"}
_MOST_WORKERS = 8


class SampleDataset(PyDataset):
    """Read samples as they are needed, in batches; iterated, it is read once, in another random order each time.

    Args:
        samples: `Samples`, what is read.
        batch_size: int or None, the number of samples in a batch, None for single samples; None.
        seed: int or None, what the random order of each pass follows from, None for the order of the samples; None.
        drop_remainder: bool, whether a last batch of fewer samples is left out; False.
        workers: int or None, how many batches are read at a time, None for as many as there are processors, at most 8;
            None.

    Attributes:
        class_names: the names of the classes, of a dataset of labelled files.
        file_paths: the paths of the files, of a dataset of such.

    >>> from kcore_ops.backends.datasets import Element
    >>> samples = Samples(lambda numbers: 10 * numbers, Element((), "int64"), count=5)
    >>> [batch.tolist() for batch in SampleDataset(samples, batch_size=2)]
    [[0, 10], [20, 30], [40]]
    """

    has_own_order = True

    def __init__(
        self,
        samples: Samples,
        batch_size: int | None = None,
        seed: int | None = None,
        drop_remainder: bool = False,
        workers: int | None = None,
    ) -> None:
        super().__init__(workers=min(os.cpu_count() or 1, _MOST_WORKERS) if workers is None else workers)
        self.samples, self.batch_size, self.seed, self.drop_remainder = samples, batch_size, seed, drop_remainder
        self._read = _with_texts(samples)
        self.class_names: list[str] | None = None
        self.file_paths: list[str] | None = None
        self._num_passes = 0
        self._order = self._order_of_pass()

    def __len__(self) -> int:
        if self.batch_size is None:
            return self.samples.count
        return (self.samples.count + (0 if self.drop_remainder else self.batch_size - 1)) // self.batch_size

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"item {index} of {len(self)}")
        index %= len(self)
        if self.batch_size is None:
            return tree.map_structure(lambda leaf: leaf[0], self._read(self._order[index : index + 1]))
        return self._read(self._order[index * self.batch_size : (index + 1) * self.batch_size])

    def __iter__(self) -> Iterator[Any]:
        """Yield what the dataset holds, in the order of this pass."""
        yield from map(self.__getitem__, range(len(self)))
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Draw the order of the next pass."""
        self._num_passes += 1
        self._order = self._order_of_pass()

    def get_state(self) -> dict[str, Any]:
        """Return which pass comes next, as plain data."""
        return {"num_passes": self._num_passes}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go to a pass.

        Args:
            state: dict, what `get_state` returned.
        """
        self._num_passes = state["num_passes"]
        self._order = self._order_of_pass()

    def batch(self, batch_size: int, drop_remainder: bool = False) -> SampleDataset:
        """Return a dataset of the same samples in batches of another size.

        Args:
            batch_size: int, the number of samples in a batch.
            drop_remainder: bool, whether a last batch of fewer samples is left out; False.
        """
        size = checked_batch_size(batch_size)
        other = SampleDataset(self.samples, size, self.seed, drop_remainder, self.workers)
        other.class_names, other.file_paths = self.class_names, self.file_paths
        return other

    def _order_of_pass(self) -> np.ndarray[Any, Any]:
        if self.seed is None:
            return np.arange(self.samples.count)
        return permutation(self.samples.count, self.seed, self._num_passes)


def datasets_of_framework(name: str) -> Datasets | None:
    """Return what makes a framework's own datasets; None where it is not installed, or has none.

    Args:
        name: str, the name of the framework, "tf" for short.
    """
    record = registry.backends().get(_SHORT.get(name, name))
    return registry.load(record.name).datasets if record is not None and record.is_usable else None


def dataset_of(
    samples: Samples, format: str, batch_size: int | None, shuffle: bool, seed: int | None, *, is_ragged: bool = False
) -> Any:
    """Return samples as a dataset.

    Args:
        samples: `Samples`, the samples.
        format: str, "tf" for a `tf.data.Dataset`, where TensorFlow is installed, and else a `PyDataset`, which
            "py_dataset" asks for; "grain" for an `IterDataset` of Grain's.
        batch_size: int or None, the number of samples in a batch, None for single samples.
        shuffle: bool, whether each pass has a random order.
        seed: int or None, what that follows from, None for a seed that is drawn.
        is_ragged: bool, whether samples begin with an array and its length, of which a framework makes a ragged tensor;
            False.

    Raises:
        ArgumentError: if there is no such format, or ragged tensors are asked of one that has none.
        MissingDependency: if Grain is not installed.
    """
    check_format(format)
    checked_batch_size(batch_size)
    order = None
    if shuffle:
        order = int(draw_seed(None)[0]) if seed is None else int(seed)
    if format == "grain":
        return _of_grain(samples, batch_size, order)
    datasets = None if format == PY_DATASET else datasets_of_framework(format)
    if datasets is None:
        if is_ragged:
            raise ArgumentError(
                "only TensorFlow has ragged tensors", fix="pip install kcore[tf], or pass ragged=False, which fills up"
            )
        return SampleDataset(samples, batch_size, order)
    dataset = datasets.of_samples(samples, batch_size, order)
    return datasets.ragged(dataset) if is_ragged else dataset


def check_format(format: str) -> None:
    """Raise for a name that no format has.

    Args:
        format: str, the name.

    Raises:
        ArgumentError: if there is no such format.
    """
    if format not in ("tf", "grain", PY_DATASET):
        raise ArgumentError(f"there is no format {format!r}", fix=f'use "tf", "grain" or "{PY_DATASET}"')


def checked_batch_size(batch_size: Any) -> Any:
    """Return a batch size, or None.

    Args:
        batch_size: int or None, what was passed.

    Raises:
        ArgumentError: if it is neither.
    """
    is_count = hasattr(batch_size, "__index__") and not isinstance(batch_size, bool) and batch_size.__index__() > 0
    if batch_size is not None and not is_count:
        raise ArgumentError(f"batch_size={batch_size!r} is not a count", fix="pass an integer of at least 1, or None")
    return batch_size


def _with_texts(samples: Samples) -> Callable[[np.ndarray[Any, Any]], Any]:
    """Return what reads samples, with strings in place of bytes."""
    if all(element.dtype != "string" for element in tree.flatten(samples.elements)):
        return samples.read

    def texts(leaf: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if leaf.dtype != object:
            return leaf
        found = np.empty(leaf.shape, object)
        found[...] = [each.decode(errors="ignore") if isinstance(each, bytes) else each for each in leaf]
        return found

    return lambda numbers: tree.map_structure(texts, samples.read(numbers))


def _of_grain(samples: Samples, batch_size: int | None, seed: int | None) -> Any:
    try:
        import grain
    except ImportError as error:
        raise MissingDependency(
            'format="grain" needs Grain, which is not installed', fix="pip install grain"
        ) from error

    read_some = _with_texts(samples)

    def read(number: int) -> Any:
        return tree.map_structure(lambda leaf: leaf[0], read_some(np.array([number])))

    numbers = grain.MapDataset.range(samples.count)
    if seed is not None:
        numbers = numbers.shuffle(seed=seed % 2**32)
    dataset = numbers.map(read).to_iter_dataset()
    return dataset if batch_size is None else dataset.batch(batch_size, drop_remainder=False, batch_fn=_stacked)


def _stacked(items: Sequence[Any]) -> Any:
    return tree.map_structure(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *items)
