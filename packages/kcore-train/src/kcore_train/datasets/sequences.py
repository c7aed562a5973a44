"""Sequences of differing lengths in one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError

__all__ = ["pad_sequences"]


def pad_sequences(
    sequences: Sequence[Sequence[Any] | np.ndarray[Any, Any]],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: Literal["pre", "post"] = "pre",
    truncating: Literal["pre", "post"] = "pre",
    value: Any = 0.0,
) -> np.ndarray[Any, Any]:
    """Return sequences as the rows of an array, filled up, or cut, to one length.

    Shapes: a sequence of `n` steps of shape `(...)` is a row of the result, `(num_sequences, maxlen, ...)`.

    Args:
        sequences: list of lists or arrays, the sequences; their steps are numbers, texts, or arrays of one shape.
        maxlen: int or None, the number of steps of every row, None for that of the longest sequence; None.
        dtype: dtype, what the result holds, `object` for texts of any length, `str` for texts as long as `value`;
            "int32".
        padding: "pre" or "post", whether a short sequence stands at the end or at the start of its row; "pre".
        truncating: "pre" or "post", whether a long one loses its first or its last steps; "pre".
        value: number, text, or array of the shape of a step, what a row is filled up with; 0.0.

    Raises:
        ArgumentTypeError: if `sequences`, or one of them, has no length.
        ArgumentError: if `maxlen` is no length, or an argument is not one of those allowed.
        ShapeError: if steps differ in shape.
        DTypeError: if `value` is a text and `dtype` is for numbers.

    >>> pad_sequences([[1, 2, 3], [4]])
    array([[1, 2, 3],
           [0, 0, 4]], dtype=int32)
    """
    _refuse_other("padding", padding)
    _refuse_other("truncating", truncating)
    if not hasattr(sequences, "__len__"):
        raise ArgumentTypeError(
            f"sequences have type {type(sequences).__name__}, which has no length", fix="pass a list of lists"
        ).at("pad_sequences")
    for i, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ArgumentTypeError(
                f"sequence {i} has type {type(sequence).__name__}, which has no length", fix="pass a list of lists"
            ).at("pad_sequences")
    if isinstance(value, str) and not (dtype is object or np.dtype(dtype).kind in "OSU"):
        raise DTypeError(f"value={value!r} is a text, and dtype is {dtype!r}", fix="pass dtype=object").at(
            "pad_sequences"
        )
    length = max(map(len, sequences), default=0) if maxlen is None else _length(maxlen)
    step = _shape_of_step(sequences)
    padded = np.full((len(sequences), length, *step), value, dtype=_sized(dtype, value))
    for row, sequence in zip(padded, sequences, strict=True):
        kept = sequence[max(len(sequence) - length, 0) :] if truncating == "pre" else sequence[:length]
        if len(kept):
            place = slice(length - len(kept), None) if padding == "pre" else slice(None, len(kept))
            row[place] = np.asarray(kept, dtype=padded.dtype)
    return padded


def _sized(dtype: Any, value: Any) -> Any:
    """Return a dtype, for texts of no stated length that of the texts' filling, as `numpy.full` has it."""
    kind = np.dtype(dtype)
    return np.dtype((kind.type, max(len(str(value)), 1))) if kind.kind in "SU" and not kind.itemsize else kind


def _shape_of_step(sequences: Sequence[Any]) -> tuple[int, ...]:
    """Return the shape that all steps have, that of the first; the shape of a number where there are no steps."""
    shape: tuple[int, ...] | None = None
    for i, sequence in enumerate(sequences):
        if len(sequence) == 0:
            continue
        own: tuple[int, ...] | None
        try:
            own = np.shape(sequence)[1:]
        except ValueError:  # its steps are lists of differing lengths
            own = None
        if shape is None:
            shape = own
        if own is None or own != shape:
            raise ShapeError(
                f"the steps of sequence {i} have another shape than those before", fix="let every step have one shape"
            ).at("pad_sequences")
    return shape or ()


def _length(maxlen: Any) -> int:
    if isinstance(maxlen, bool) or not hasattr(maxlen, "__index__") or maxlen.__index__() < 0:
        raise ArgumentError(f"maxlen={maxlen!r} is not a length", fix="pass an integer, or None").at("pad_sequences")
    return int(maxlen.__index__())


def _refuse_other(name: str, side: Any) -> None:
    if side not in ("pre", "post"):
        raise ArgumentError(f"{name}={side!r} is no end of a sequence", fix='pass "pre" or "post"').at("pad_sequences")
