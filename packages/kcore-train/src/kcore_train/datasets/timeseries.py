"""Windows of a series as samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from kcore_ops import Tensor
from kcore_ops.backends.datasets import Element, Samples
from kcore_ops.foundation.errors import ArgumentError, located

from kcore_train.data.conversion import to_arrays
from kcore_train.datasets.readers import dataset_of

__all__ = ["timeseries_dataset_from_array"]


def timeseries_dataset_from_array(
    data: Tensor,
    targets: Tensor | None,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Any:
    """Return a dataset of windows of a series, each with the target of its first step.

    A window that begins at step `i` holds `data[i], data[i + sampling_rate], ...`, `sequence_length` of them, and the
    next one begins at `i + sequence_stride`. To predict what comes after a window, pass `data[:-n]` and the targets
    `data[n:]`.

    Shapes: of `data` `(steps, ...)` batches are `(batch_size, sequence_length, ...)`, of `targets` `(steps, ...)` they
    are `(batch_size, ...)`. Dtypes stay.

    Args:
        data: array, tensor, or DataFrame, the series.
        targets: like `data`, or None, the target of the window that begins at each step, None for a dataset of windows
            alone. Windows past the end of the targets are left out.
        sequence_length: int, the number of steps in a window.
        sequence_stride: int, how many steps after one window the next one begins; 1.
        sampling_rate: int, how far apart the steps in a window are; 1.
        batch_size: int or None, the number of windows in a batch, None for single windows; 128.
        shuffle: bool, whether each pass has a random order; False.
        seed: int or None, what that order follows from, None for a seed that is drawn; None.
        start_index: int or None, the first step that is used, None for 0; None.
        end_index: int or None, the step before which to stop, None for the end; None.
        format: str, "tf" for a `tf.data.Dataset`, where TensorFlow is installed, and else a `PyDataset`, which
            "py_dataset" asks for; "grain" for an `IterDataset` of Grain's; "tf".

    Raises:
        ArgumentError: if a number is not in its range, or there is no such format.

    >>> series = np.arange(5.0)
    >>> windows = timeseries_dataset_from_array(series[:-1], series[2:], sequence_length=2, format="py_dataset")
    >>> for x, y in windows:
    ...     print(x.tolist(), y.tolist())
    [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]] [2.0, 3.0, 4.0]
    """
    with located("timeseries_dataset_from_array"):
        series = to_arrays(data, "data")
        answers = None if targets is None else to_arrays(targets, "targets")
        length = len(series)
        for name, number in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
            _refuse_beyond(name, number, 1, length - 1)
        _refuse_beyond("sequence_length", sequence_length, 1, None)
        start = 0 if start_index is None else _refuse_beyond("start_index", start_index, 0, length - 1)
        end = length if end_index is None else _refuse_beyond("end_index", end_index, 1, length)
        if end <= start:
            raise ArgumentError(f"end_index={end_index} is not after start_index={start_index}", fix="pass a later end")
        stop = end - (sequence_length - 1) * sampling_rate
        if answers is not None:
            stop = min(stop, len(answers))
        starts = np.arange(start, max(stop, start), sequence_stride)
        steps = sampling_rate * np.arange(sequence_length)

        def read(numbers: Any) -> Any:
            windows = series[starts[numbers][:, None] + steps]
            return windows if answers is None else (windows, answers[starts[numbers]])

        window = Element((sequence_length, *series.shape[1:]), series.dtype.name)
        elements: Any = window if answers is None else (window, Element(answers.shape[1:], answers.dtype.name))
        return dataset_of(Samples(read, elements, len(starts)), format, batch_size, shuffle, seed)


def _refuse_beyond(name: str, number: Any, least: int, most: int | None) -> int:
    """Return an integer that is in its range.

    Raises:
        ArgumentError: if it is not.
    """
    is_whole = hasattr(number, "__index__") and not isinstance(number, bool)
    if not is_whole or number < least or (most is not None and number > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}, by the length of the data"
        raise ArgumentError(f"{name}={number!r} is out of range", fix=f"pass an integer {limits}")
    return int(number)
