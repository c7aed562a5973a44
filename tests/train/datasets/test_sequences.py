"""Sequences of differing lengths in one array."""

from __future__ import annotations

import numpy as np
import pytest
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from kcore_train.datasets import pad_sequences


def test_short_sequences_are_filled_up_and_long_ones_cut_at_the_ends_that_are_asked_for():
    x = [[1, 2, 3, 4], [5]]
    for padding in ("pre", "post"):
        for truncating in ("pre", "post"):
            padded = pad_sequences(x, maxlen=3, padding=padding, truncating=truncating, value=-1)
            assert padded[0].tolist() == ([2, 3, 4] if truncating == "pre" else [1, 2, 3])
            assert padded[1].tolist() == ([-1, -1, 5] if padding == "pre" else [5, -1, -1])


def test_no_sequences_and_none_that_are_kept_are_empty_arrays():
    assert pad_sequences([]).shape == (0, 0)
    assert pad_sequences([[1], [2, 3]], maxlen=0).shape == (2, 0)


def test_texts_keep_their_lengths_as_objects():
    padded = pad_sequences([["a", "bbb"], ["cc"]], dtype=object, value="-")
    assert padded.tolist() == [["a", "bbb"], ["-", "cc"]]


def test_the_dtype_is_the_one_asked_for():
    assert pad_sequences([[1.5]], dtype="float64").dtype == np.float64
    assert pad_sequences([[1.5]]).tolist() == [[1]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"padding": "left"}, ArgumentError, "padding='left' is no end of a sequence"),
        ({"truncating": 1}, ArgumentError, "truncating=1 is no end of a sequence"),
        ({"maxlen": -1}, ArgumentError, "maxlen=-1 is not a length"),
        ({"value": "z"}, DTypeError, "value='z' is a text, and dtype is 'int32'"),
        ({"sequences": 3}, ArgumentTypeError, "sequences have type int, which has no length"),
        ({"sequences": [[1], 3]}, ArgumentTypeError, "sequence 1 has type int, which has no length"),
        ({"sequences": [[[1, 2]], [[1]]]}, ShapeError, "the steps of sequence 1 have another shape"),
        ({"sequences": [[[1, 2], [1]]]}, ShapeError, "the steps of sequence 0 have another shape"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        pad_sequences(**{"sequences": [[1, 2]], **arguments})
