"""Masks of the steps of sequences: what layers around others, recurrent layers and merging layers do with them."""

from __future__ import annotations

import re

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.layer import Layer
from kcore_layers.base.masking import get_mask, set_mask
from kcore_layers.layers.attention.attention import AdditiveAttention, Attention
from kcore_layers.layers.attention.grouped_query_attention import GroupedQueryAttention
from kcore_layers.layers.attention.multi_head_attention import MultiHeadAttention
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.core.embedding import Embedding
from kcore_layers.layers.core.masking_layer import Masking
from kcore_layers.layers.merging.concatenate import Concatenate
from kcore_layers.layers.merging.merging import Add, Maximum, Minimum, Multiply
from kcore_layers.layers.normalization.batch_normalization import BatchNormalization
from kcore_layers.layers.pooling.global_pooling import GlobalAveragePooling1D
from kcore_layers.layers.rnn.bidirectional import Bidirectional
from kcore_layers.layers.rnn.lstm import LSTM
from kcore_layers.layers.rnn.time_distributed import TimeDistributed
from kcore_layers.models.sequential import Sequential
from kcore_ops.foundation.errors import ArgumentError, ShapeError

X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
LONG = np.random.default_rng(1).normal(size=(2, 3, 5, 4)).astype("float32")
MASK = np.array([[1, 1, 0], [1, 0, 0]], bool)
LONG_MASK = np.array([[[1, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]], [[1, 1, 1, 1, 1]] * 3], bool)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


def masked(x, mask):
    tensor = ops.convert_to_tensor(x.copy())
    if mask is not None:
        set_mask(tensor, ops.convert_to_tensor(mask))
    return tensor


class Zeroed(Layer):
    """Sets what its mask leaves out to zero."""

    def call(self, x, mask=None):
        return x if mask is None else x * ops.expand_dims(ops.cast(mask, x.dtype), -1)


# TimeDistributed.


def test_a_layer_at_each_step_is_given_the_mask_of_its_step(backend):
    expected = X * MASK[..., None]
    np.testing.assert_array_equal(numbers(TimeDistributed(Zeroed())(X, mask=MASK)), expected)
    np.testing.assert_array_equal(numbers(TimeDistributed(Zeroed())(masked(X, MASK))), expected)
    long = numbers(TimeDistributed(Zeroed())(masked(LONG, LONG_MASK)))
    np.testing.assert_array_equal(long, LONG * LONG_MASK[..., None])


def test_a_mask_of_other_steps_is_an_error(backend):
    layer = TimeDistributed(Dense(2), name="steps")
    with pytest.raises(ShapeError, match=re.escape("the mask has shape (2, 6) and the input (2, 3, 4)")):
        layer(X, mask=np.ones((2, 6), bool))
    with pytest.raises(ShapeError, match=re.escape("pass a mask of shape (2, 3)")):
        layer(X, mask=np.ones((3, 3), bool))


def test_masks_of_padding_reach_the_recurrent_layer_at_each_step(backend):
    words = np.array([[[3, 1, 0], [2, 0, 0]]], "int32")
    inner = Sequential([Embedding(5, 2, mask_zero=True), LSTM(3)])
    y = numbers(TimeDistributed(inner)(words))
    for t in range(2):
        np.testing.assert_allclose(y[:, t], numbers(inner(words[:, t])), rtol=1e-5, atol=1e-6)
    alone = inner.layers[1](inner.layers[0](words[:, 0, :2]))
    np.testing.assert_allclose(y[:, 0], numbers(alone), rtol=1e-5, atol=1e-6)


def test_a_mask_of_whole_steps_leaves_the_recurrent_layer_inside_alone(backend):
    layer = TimeDistributed(LSTM(3))
    y = layer(masked(LONG, MASK))
    np.testing.assert_allclose(numbers(y), numbers(layer(LONG)), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(numbers(get_mask(y)), MASK)
    pooled = TimeDistributed(GlobalAveragePooling1D())(masked(LONG, MASK))
    np.testing.assert_allclose(numbers(pooled), LONG.mean(2), rtol=1e-5, atol=1e-6)


def test_masked_steps_are_left_out_of_statistics_however_deep(backend):
    once = TimeDistributed(BatchNormalization(momentum=0.0))
    once(masked(X, MASK), training=True)
    np.testing.assert_allclose(once.layer.moving_mean.numpy(), X[MASK].mean(0), rtol=1e-4, atol=1e-6)
    twice = TimeDistributed(TimeDistributed(BatchNormalization(momentum=0.0)))
    twice(masked(LONG, MASK), training=True)
    np.testing.assert_allclose(twice.layer.layer.moving_mean.numpy(), LONG[MASK].mean((0, 1)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (lambda: LSTM(3, return_sequences=True), LONG_MASK),
        (lambda: LSTM(3), LONG_MASK.any(-1)),  # one output for all the steps inside
        (lambda: Dense(3), LONG_MASK),
    ],
)
def test_the_mask_of_the_output_is_as_long_as_the_output(backend, inner, expected):
    y = TimeDistributed(inner())(masked(LONG, LONG_MASK))
    np.testing.assert_array_equal(numbers(get_mask(y)), expected)
    assert tuple(y.shape)[: expected.ndim] == expected.shape


# Recurrent layers.


def test_a_mask_of_other_steps_or_another_batch_is_an_error_of_recurrent_layers(backend):
    for layer in (LSTM(2), Bidirectional(LSTM(2))):
        with pytest.raises(ShapeError, match=re.escape("the mask has shape (2, 6), and the sequences (2, 3, 4)")):
            layer(X, mask=np.ones((2, 6), bool))
        with pytest.raises(ShapeError, match=re.escape("pass a mask of shape (2, 3)")):
            layer(X, mask=np.ones((3,), bool))


# Merging layers.


@pytest.mark.parametrize(("layer", "kept"), [(Maximum, np.fmax), (Minimum, np.fmin)])
def test_the_largest_and_smallest_are_those_of_elements_that_count(backend, layer, kept):
    other = np.array([[1, 0, 0], [1, 1, 0]], bool)
    x, y = X, X[::-1].copy()
    expected = kept(np.where(MASK[..., None], x, np.nan), np.where(other[..., None], y, np.nan))
    expected = np.where(np.isnan(expected), x, expected)  # nothing counts: the first stays
    found = layer()([masked(x, MASK), masked(y, other)])
    np.testing.assert_array_equal(numbers(found), expected)
    np.testing.assert_array_equal(numbers(get_mask(found)), MASK | other)
    whole = layer()([masked(x, MASK), masked(y, None)])
    np.testing.assert_array_equal(numbers(whole), np.where(MASK[..., None], kept(x, y), y))
    assert get_mask(whole) is None


def test_of_three_masked_tensors_one_that_counts_is_enough(backend):
    values = [2.0, 7.0, -5.0]
    for counts in ([0, 0, 1], [0, 1, 0], [1, 0, 0]):
        for layer in (Maximum, Minimum, Multiply):
            pairs = zip(values, np.array(counts, bool), strict=True)
            xs = [masked(np.full((1, 1, 1), value, "float32"), count[None, None]) for value, count in pairs]
            assert float(numbers(layer()(xs)).item()) == values[counts.index(1)]


def test_masks_that_do_not_belong_to_the_inputs_are_refused(backend):
    tensors = [ops.convert_to_tensor(X), ops.convert_to_tensor(X)]
    for layer in (Add(), Multiply(), Maximum(), Concatenate()):
        with pytest.raises(ArgumentError, match="there are 2 inputs and 1 masks"):
            layer.compute_mask(tensors, [None])
        with pytest.raises(ArgumentError, match="mask is not a list"):
            layer.compute_mask(tensors, tensors[0])
        assert layer.compute_mask(tensors, None) is layer.compute_mask(tensors, [None, None]) is None
    for attention in (Attention(), AdditiveAttention()):
        assert attention.supports_masking
        with pytest.raises(ArgumentError, match="mask must be a list of two or three, and is a list of 1"):
            attention.compute_mask(tensors, [None])
        with pytest.raises(ArgumentError, match="and is no list"):
            attention(tensors, mask=MASK)


def test_joined_masks_of_features_say_whether_a_step_counts(backend):
    features = np.zeros((2, 3, 4), bool)
    features[0, 1, 2] = True
    found = get_mask(Concatenate(axis=1)([masked(X, features), masked(X, MASK)]))
    np.testing.assert_array_equal(numbers(found), np.concatenate([features.any(-1), MASK], 1))


def test_masks_are_computed_of_symbolic_tensors(backend):
    x = ops.KerasTensor((None, 3, 4))
    mask = ops.KerasTensor((None, 3), "bool")
    for layer, inputs, masks, shape in [
        (TimeDistributed(Dense(2)), x, mask, (None, 3)),
        (Masking(), x, None, (None, 3)),
        (Embedding(3, 2, mask_zero=True), ops.KerasTensor((None, 3), "int32"), None, (None, 3)),
        (Add(), [x, x], [mask, mask], (None, 3)),
        (Concatenate(axis=1), [x, x], [mask, None], (None, 6)),
        (LSTM(2, return_sequences=True), x, mask, (None, 3)),
    ]:
        assert layer.compute_mask(inputs, masks).shape == shape


def test_queries_that_are_masked_attend_to_all_keys_evenly(backend):
    for layer in (MultiHeadAttention(2, 3), GroupedQueryAttention(3, 2, 1)):
        even = numbers(layer(np.zeros_like(X), X))  # without a bias all scores are 0
        y = layer(masked(X, MASK), X)
        np.testing.assert_allclose(numbers(y)[~MASK], even[~MASK], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(numbers(y)[MASK], numbers(layer(X, X))[MASK], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(numbers(get_mask(y)), MASK)


class Both(Layer):
    """Gives two outputs, and passes masks on."""

    def __init__(self):
        super().__init__()
        self.supports_masking = True

    def call(self, x):
        return x + 1, x + 2


def test_a_mask_of_the_input_is_that_of_the_first_of_several_outputs(backend):
    first, second = Both()(masked(X, MASK))
    np.testing.assert_array_equal(numbers(get_mask(first)), MASK)
    assert get_mask(second) is None
