"""Convolutional LSTMs: masks, states, dropout, sizes that are not known, and what is refused."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Model
from kcore_layers.layers.rnn.bidirectional import Bidirectional
from kcore_layers.layers.rnn.conv_lstm import ConvLSTM1D, ConvLSTM2D
from kcore_layers.layers.rnn.lstm import LSTM
from kcore_ops.foundation.errors import ArgumentError, ShapeError

X = np.random.default_rng(0).normal(size=(2, 4, 5, 4, 3)).astype("float32")
MASK = np.array([[1, 0, 1, 0], [0, 1, 1, 1]], bool)


def numpy(x):
    return ops.convert_to_numpy(x)


def test_with_a_kernel_of_one_each_position_is_an_lstm_of_its_own(backend):
    layer, single = ConvLSTM2D(2, 1), LSTM(2)
    out = numpy(layer(X))
    single(X[:, :, 0, 0])
    single.set_weights([w.reshape(w.shape[-2:]) if w.ndim > 1 else w for w in layer.get_weights()])
    np.testing.assert_allclose(out[:, 2, 3], numpy(single(X[:, :, 2, 3])), rtol=1e-5, atol=1e-6)


def test_the_forget_gate_begins_with_a_bias_of_one(backend):
    layer = ConvLSTM1D(2, 2)
    layer.build((None, 3, 5, 1))
    assert numpy(layer.cell.bias).tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_a_masked_step_changes_nothing(backend):
    layer = ConvLSTM2D(2, 2, return_sequences=True, return_state=True)
    outputs, h, _ = layer(X, mask=MASK)
    short, state, _ = layer(X[:1, [0, 2]])
    np.testing.assert_allclose(numpy(h)[:1], numpy(state), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(numpy(outputs)[:1, [0, 2]], numpy(short), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(numpy(outputs)[0, 1], numpy(outputs)[0, 0])
    zeros = ConvLSTM2D(2, 2, return_sequences=True, zero_output_for_mask=True)
    assert not numpy(zeros(X, mask=MASK))[~MASK].any()


def test_unrolled_it_gives_the_same(backend):
    layer = ConvLSTM2D(2, 2, return_sequences=True)
    unrolled = ConvLSTM2D.from_config({**layer.get_config(), "unroll": True, "name": "other"})
    expected = numpy(layer(X))
    unrolled.build(X.shape)
    unrolled.set_weights(layer.get_weights())
    np.testing.assert_allclose(numpy(unrolled(X)), expected, rtol=1e-5, atol=1e-6)


def test_a_graph_of_unknown_sizes_takes_inputs_of_any(backend):
    x = Input((None, None, None, 3))
    layer = ConvLSTM2D(2, 2, strides=2, padding="same", return_state=True)
    model = Model(x, layer(x))
    assert [each.shape for each in model.outputs] == [(None, None, None, 2)] * 3
    for sample in (X, X[:1, :2, :3, :2]):
        for one, other in zip(model(sample), layer(sample), strict=True):
            np.testing.assert_allclose(numpy(one), numpy(other), rtol=1e-6)
    with pytest.raises(ShapeError, match="states are as large as what comes of the inputs.*\n.*fix: give them when"):
        layer.get_initial_state(2)


def test_states_that_are_passed_or_kept_go_on_where_they_ended(backend):
    layer = ConvLSTM2D(2, 2, return_state=True)
    expected = numpy(layer(X)[0])
    _, *states = layer(X[:, :2])
    np.testing.assert_allclose(numpy(layer(X[:, 2:], initial_state=states)[0]), expected, rtol=1e-5, atol=1e-6)
    stateful = ConvLSTM2D(2, 2, stateful=True)
    stateful.build(X.shape)
    stateful.set_weights(layer.get_weights())
    stateful(X[:, :2])
    np.testing.assert_allclose(numpy(stateful(X[:, 2:])), expected, rtol=1e-5, atol=1e-6)
    stateful.reset_state()
    assert [w.shape for w in stateful.states] == [(2, 4, 3, 2)] * 2
    assert not numpy(stateful.states[0]).any()


def test_dropout_sets_the_same_inputs_and_states_to_zero_at_all_steps(backend):
    ones = np.ones((1, 3, 40, 1), "float32")
    layer = ConvLSTM1D(
        1, 1, activation=None, recurrent_activation=lambda x: ops.ones_like(x), use_bias=False,
        kernel_initializer="ones", recurrent_initializer="zeros", dropout=0.5, seed=1, return_sequences=True,
    )  # fmt: skip
    out = numpy(layer(ones, training=True))[0, :, :, 0]
    # Twice an input that is kept; the cell state is the sum over the steps.
    np.testing.assert_allclose(out[1:], out[:1] * np.array([[2], [3]]), rtol=1e-6)
    assert sorted({float(value) for value in out[0]}) == [0.0, 2.0]
    again = numpy(layer(ones, training=True))[0, :, :, 0]
    assert (again != out).any()
    np.testing.assert_array_equal(numpy(layer(ones))[0, 0, :, 0], np.ones(40))
    held = ConvLSTM1D(
        1, 1, activation=None, recurrent_activation=lambda x: ops.ones_like(x), use_bias=False,
        kernel_initializer="ones", recurrent_initializer="ones", recurrent_dropout=0.5, seed=1, return_sequences=True,
    )  # fmt: skip
    first, second, third = numpy(held(ones, training=True))[0, :, :, 0]
    np.testing.assert_array_equal(first, np.ones(40))
    kept = second > 2
    assert 0 < kept.sum() < 40
    # c grows by the input and by twice the hidden state, which is c, where that is kept.
    np.testing.assert_allclose(second, np.where(kept, 4, 2))
    np.testing.assert_allclose(third, np.where(kept, 13, 3))


def test_a_bidirectional_one_joins_both_ways(backend):
    layer = Bidirectional(ConvLSTM2D(2, 2, return_sequences=True))
    out = numpy(layer(X))
    assert out.shape == (2, 4, 4, 3, 4)
    np.testing.assert_allclose(out[..., :2], numpy(layer.forward_layer(X)), rtol=1e-5, atol=1e-6)


def test_what_does_not_fit_is_refused(backend):
    with pytest.raises(ArgumentError, match="padding.*causal"):
        ConvLSTM1D(2, 2, padding="causal")
    with pytest.raises(ArgumentError, match="filters can not be 0"):
        ConvLSTM1D(0, 2)
    layer = ConvLSTM2D(2, 2)
    layer(X)
    state = np.zeros((2, 5, 4, 2), "float32")
    with pytest.raises(ShapeError, match=r"initial_state\[0\] has shape \(2, 5, 4, 2\), and the cell's state"):
        layer(X, initial_state=[state, state])
    with pytest.raises(ShapeError, match="must have 5 axes|has 4 axes|5 axes"):
        layer(X[0])
    with pytest.raises(ShapeError, match="stateful layer must know the size of its batch"):
        ConvLSTM2D(2, 2, stateful=True)(Input((4, 5, 4, 3)))
