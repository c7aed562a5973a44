"""`compute_output_shape`: shapes in order, by the names of `call`, and by Keras's name for the first."""

from __future__ import annotations

import pytest
from kcore_layers import layers

CASES = {
    "attention": (lambda: layers.Attention(), [(2, 3, 4), (2, 3, 5), (2, 3, 4)], (2, 3, 5)),
    "attention_of_more_axes": (lambda: layers.Attention(), [(2, 7, 3, 4), (2, 7, 6, 5), (2, 7, 6, 4)], (2, 7, 3, 5)),
    "concatenate": (lambda: layers.Concatenate(), [(2, 3), (2, 4)], (2, 7)),
    "dense": (lambda: layers.Dense(5), (None, 4), (None, 5)),
    "lstm": (lambda: layers.LSTM(5), (2, 3, 4), (2, 5)),
    "layer_normalization": (lambda: layers.LayerNormalization(), (2, 4), (2, 4)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_first_shape_may_be_called_input_shape(backend, case):
    make, shape, expected = CASES[case]
    assert make().compute_output_shape(shape) == expected
    assert make().compute_output_shape(input_shape=shape) == expected
