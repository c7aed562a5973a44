"""`Bidirectional`: both directions, how they are joined, masks, states and errors."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.rnn.bidirectional import Bidirectional
from kcore_layers.layers.rnn.gru import GRU
from kcore_layers.layers.rnn.lstm import LSTM
from kcore_layers.layers.rnn.simple_rnn import SimpleRNN
from kcore_ops.foundation.errors import ArgumentError

X = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
MASK = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], bool)
JOINED = {
    "sum": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "ave": lambda x, y: (x + y) / 2,
    "concat": lambda x, y: np.concatenate([x, y], axis=-1),
}


def numpy(x):
    return ops.convert_to_numpy(x)


@pytest.mark.parametrize("mode", JOINED)
def test_outputs_of_both_directions_are_joined_in_the_order_of_the_input(backend, mode):
    layer = Bidirectional(SimpleRNN(3, return_sequences=True), merge_mode=mode)
    output = numpy(layer(X))
    forward = numpy(layer.forward_layer(X))
    backward = numpy(layer.backward_layer(X))[:, ::-1]
    np.testing.assert_allclose(output, JOINED[mode](forward, backward), rtol=1e-5, atol=1e-6)


def test_without_a_mode_both_outputs_are_given(backend):
    first, second, *states = Bidirectional(LSTM(3, return_state=True), merge_mode=None)(X)
    assert tuple(first.shape) == tuple(second.shape) == (2, 3)
    assert len(states) == 4


def test_a_mirrored_input_gives_a_mirrored_output(backend):
    layer = Bidirectional(GRU(3, return_sequences=True), merge_mode="sum")
    layer(X)
    layer.backward_layer.set_weights(layer.forward_layer.get_weights())
    np.testing.assert_allclose(numpy(layer(X[:, ::-1].copy()))[:, ::-1], numpy(layer(X)), rtol=1e-4, atol=1e-6)


def test_steps_that_are_masked_do_not_count_and_give_zeros(backend):
    layer = Bidirectional(LSTM(3, return_sequences=True))
    layer(X)
    masked = numpy(layer(X, mask=MASK))
    np.testing.assert_allclose(masked[1:, :2], numpy(layer(X[1:, :2])), rtol=1e-5, atol=1e-6)
    assert not masked[~MASK].any()


def test_initial_states_are_shared_out(backend):
    layer = Bidirectional(GRU(3))
    states = [np.ones((2, 3), "float32"), np.zeros((2, 3), "float32")]
    output = numpy(layer(X, initial_state=states))
    np.testing.assert_allclose(output[:, :3], numpy(layer.forward_layer(X, initial_state=states[:1])), rtol=1e-5)
    np.testing.assert_allclose(output[:, 3:], numpy(layer.backward_layer(X)), rtol=1e-5)


def test_a_stateful_layer_is_stateful_both_ways(backend):
    layer = Bidirectional(GRU(3, stateful=True))
    first = numpy(layer(X))
    assert np.abs(numpy(layer(X)) - first).max() > 1e-4
    layer.reset_states()
    np.testing.assert_allclose(numpy(layer(X)), first, rtol=1e-5)
    assert len(layer.states) == 2


def test_symbolic_calls_have_the_specs_of_eager_ones(backend):
    layer = Bidirectional(LSTM(3, return_sequences=True, return_state=True))
    symbolic = layer(ops.KerasTensor((None, None, 3)))
    assert [x.shape for x in symbolic] == [(None, None, 6)] + [(None, 3)] * 4
    assert [len(x.shape) for x in layer(X)] == [3, 2, 2, 2, 2]


def test_half_precision_reaches_both_layers(backend):
    assert backend.dtype(Bidirectional(LSTM(3, dtype="mixed_bfloat16"))(X)) == "bfloat16"


def test_a_layer_made_of_the_config_has_the_same_config(backend):
    layer = Bidirectional(LSTM(3, name="memory"), merge_mode="ave", backward_layer=GRU(3, go_backwards=True))
    again = Bidirectional.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again.forward_layer.name == "forward_memory"


def test_first_weights_can_be_given(backend):
    layer = Bidirectional(SimpleRNN(2))
    layer(X)
    weights = layer.get_weights()
    again = Bidirectional(SimpleRNN(2), weights=weights)
    np.testing.assert_allclose(numpy(again(X)), numpy(layer(X)), rtol=1e-6)


def test_layers_that_do_not_go_together_are_refused(backend):
    with pytest.raises(ArgumentError, match="is not a recurrent layer: it has no go_backwards"):
        Bidirectional(Dense(3))
    with pytest.raises(
        ArgumentError, match="merge_mode can not be 'max'\n  fix: use 'concat', 'sum', 'mul', 'ave' or None"
    ):
        Bidirectional(LSTM(3), merge_mode="max")
    with pytest.raises(ArgumentError, match="layer and backward_layer both have go_backwards=False"):
        Bidirectional(LSTM(3), backward_layer=LSTM(3))
    with pytest.raises(ArgumentError, match="layer has return_state=False and backward_layer return_state=True"):
        Bidirectional(LSTM(3), backward_layer=LSTM(3, go_backwards=True, return_state=True))
    with pytest.raises(ArgumentError, match="initial_state holds 1 states, which two layers can not share"):
        Bidirectional(GRU(3))(X, initial_state=[np.zeros((2, 3), "float32")])
