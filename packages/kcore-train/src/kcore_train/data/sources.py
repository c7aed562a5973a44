"""Which adapter fits which data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from kcore_ops import Tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.data.arrays import ArrayAdapter
from kcore_train.data.class_weights import class_weights_of
from kcore_train.data.conversion import is_in_memory, to_arrays
from kcore_train.data.data_adapter import DataAdapter
from kcore_train.data.py_dataset import PyDataset, PyDatasetAdapter
from kcore_train.data.streams import StreamAdapter

__all__ = ["adapter"]


def adapter(
    x: Tree | Iterable[Any] | PyDataset | DataAdapter,
    y: Tree | None = None,
    sample_weight: Tree | None = None,
    *,
    batch_size: int | None = None,
    shuffle: bool | Literal["batch"] = True,
    class_weight: Mapping[int, float] | None = None,
    steps_per_epoch: int | None = None,
) -> DataAdapter:
    """Return the adapter that makes batches of data.

    Args:
        x: array, tensor, DataFrame, list of numbers, tree of these, or source of batches, the inputs; a source is a
            generator, a `PyDataset`, a `tf.data.Dataset`, a `DataLoader`, any other iterable, or a `DataAdapter`.
        y: like `x`, or None, the targets, None for a source of batches, which holds them; None.
        sample_weight: like `y`, or None, what each sample weighs in the loss, None for 1; None.
        batch_size: int or None, the number of samples in a batch of arrays, None for 32, or for a source of batches;
            None.
        shuffle: bool or "batch", whether arrays and `PyDataset`s are read in a new random order in each epoch; "batch"
            keeps the samples of a batch together; other sources have an order of their own; True.
        class_weight: dict or None, the weight of the samples of each class; a class that is not in it weighs 1; None
            for no such weights; None.
        steps_per_epoch: int or None, the number of batches in an epoch, None for all there are; each epoch goes on
            where the one before it ended, see `DataAdapter`; None.

    Raises:
        ShapeError: if the numbers of samples differ.
        DTypeError: if an array does not hold numbers.
        ArgumentError: if `x` is not data, is empty, or another argument does not go with it.

    >>> import numpy as np
    >>> batches = adapter(np.arange(5), batch_size=2, shuffle=False)
    >>> batches.num_batches, [x.tolist() for x, in batches.epoch()]
    (3, [[0, 1], [2, 3], [4]])
    """
    batch_size, steps_per_epoch = _count("batch_size", batch_size), _count("steps_per_epoch", steps_per_epoch)
    if shuffle not in (True, False, "batch"):
        raise ArgumentError(f"shuffle={shuffle!r} is no way to shuffle", fix='pass True, False or "batch"')
    if is_in_memory(x):
        if class_weight is not None:
            if sample_weight is not None:
                raise ArgumentError(
                    "class_weight and sample_weight were both given", fix="multiply them, and pass the product"
                )
            y = to_arrays(y, "y")
            sample_weight = class_weights_of(y, class_weight)
        return ArrayAdapter(x, y, sample_weight, batch_size, shuffle, steps_per_epoch)
    if isinstance(x, str | bytes | set | frozenset) or not isinstance(x, Iterable | PyDataset | DataAdapter):
        raise ArgumentError(
            "there is no x" if x is None else f"x has type {type(x).__name__}, which is no data",
            fix="pass arrays, tensors, or a source of batches: a generator, a PyDataset, a loader",
        )
    _refuse_others(type(x).__name__, y=y, sample_weight=sample_weight, batch_size=batch_size)
    if isinstance(x, DataAdapter):
        _refuse_others(type(x).__name__, class_weight=class_weight, steps_per_epoch=steps_per_epoch)
        return x
    if isinstance(x, PyDataset):
        return PyDatasetAdapter(x, bool(shuffle) and not x.has_own_order, class_weight, steps_per_epoch)
    return StreamAdapter(x, class_weight, steps_per_epoch)


def _count(name: str, value: Any) -> int | None:
    """Return a count as an integer.

    Raises:
        ArgumentError: if it is neither that nor None.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < 1:
        raise ArgumentError(f"{name}={value!r} is not a count", fix="pass an integer of at least 1, or None")
    return int(value.__index__())


def _refuse_others(source: str, **others: Any) -> None:
    """Refuse what a source of batches decides itself.

    Raises:
        ArgumentError: naming all that was given.
    """
    given = [name for name, value in others.items() if value is not None]
    if given:
        verb = "was" if len(given) == 1 else "were"
        raise ArgumentError(
            f"{' and '.join(given)} {verb} given, but x has type {source}, whose batches are made already",
            fix="let each of its batches be (x, y, sample_weight), of the size you want",
        )
