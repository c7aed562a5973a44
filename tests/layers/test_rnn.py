"""`RNN` over any cell: the loop, masks, states that last, dropout, sizes that are not known, and errors."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.layer import Layer
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.rnn.gru import GRU, GRUCell
from kcore_layers.layers.rnn.lstm import LSTM, LSTMCell
from kcore_layers.layers.rnn.rnn import RNN
from kcore_layers.layers.rnn.simple_rnn import SimpleRNN, SimpleRNNCell
from kcore_layers.layers.rnn.stacked_rnn_cells import StackedRNNCells
from kcore_ops import tree
from kcore_ops.foundation.errors import ArgumentError, ShapeError

X = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
MASK = np.array([[1, 0, 1, 1], [0, 1, 1, 0]], bool)


class Sum(Layer):
    """A cell that adds up its inputs, and counts the steps."""

    state_size = [3, 1]  # noqa: RUF012 (read only)

    def call(self, inputs, states):
        total, count = states
        return total + inputs, [total + inputs, count + 1.0]


class Gated(Layer):
    """A cell whose weights are those of a layer inside, made when it is first called."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.state_size = units
        self.dense = Dense(units)

    def call(self, inputs, states):
        h = ops.tanh(self.dense(inputs) + states[0])
        return h, [h]


def numpy(x):
    return ops.convert_to_numpy(x)


def test_a_cell_is_run_over_the_steps(backend):
    outputs, total, count = RNN(Sum(), return_sequences=True, return_state=True)(X)
    np.testing.assert_allclose(numpy(outputs), np.cumsum(X, axis=1), rtol=1e-5)
    np.testing.assert_allclose(numpy(total), X.sum(axis=1), rtol=1e-5)
    assert numpy(count).tolist() == [[4.0], [4.0]]


def test_steps_that_are_masked_change_nothing(backend):
    layer = RNN(Sum(), return_sequences=True, return_state=True)
    outputs, total, count = layer(X, mask=MASK)
    expected = np.cumsum(X * MASK[..., None], axis=1)
    np.testing.assert_allclose(numpy(outputs), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(numpy(total), expected[:, -1], rtol=1e-5, atol=1e-6)
    assert numpy(count).ravel().tolist() == [3.0, 2.0]


def test_outputs_of_masked_steps_are_zero_if_asked_for(backend):
    layer = RNN(Sum(), return_sequences=True, zero_output_for_mask=True)
    expected = np.cumsum(X * MASK[..., None], axis=1) * MASK[..., None]
    np.testing.assert_allclose(numpy(layer(X, mask=MASK)), expected, rtol=1e-5, atol=1e-6)


def test_going_backwards_begins_with_the_last_step(backend):
    outputs = RNN(Sum(), return_sequences=True, go_backwards=True)(X)
    np.testing.assert_allclose(numpy(outputs), np.cumsum(X[:, ::-1], axis=1), rtol=1e-5)


@pytest.mark.parametrize("cell", [Sum, lambda: SimpleRNNCell(3), lambda: [LSTMCell(4), GRUCell(3)]])
def test_an_unrolled_loop_gives_the_same(backend, cell):
    layer = RNN(cell(), return_sequences=True, return_state=True)
    rolled = tree.flatten(list(layer(X, mask=MASK)))
    layer.unroll = True
    for one, other in zip(tree.flatten(list(layer(X, mask=MASK))), rolled, strict=True):
        np.testing.assert_allclose(numpy(one), numpy(other), rtol=1e-5, atol=1e-6)


def test_a_cell_with_layers_inside_is_built_before_the_loop(backend):
    layer = RNN(Gated(5, name="gated"), name="loop")
    assert tuple(layer(X).shape) == (2, 5)
    assert [w.path for w in layer.weights] == ["loop/gated/dense/kernel", "loop/gated/dense/bias"] or [
        w.path.rpartition("/")[2] for w in layer.weights
    ] == ["kernel", "bias"]


def test_an_initial_state_is_where_the_loop_begins(backend):
    first = [np.ones((2, 3), "float32"), np.zeros((2, 1), "float32")]
    np.testing.assert_allclose(numpy(RNN(Sum())(X, initial_state=first)), 1 + X.sum(axis=1), rtol=1e-5)


def test_stacked_cells_do_what_layers_one_after_the_other_do(backend):
    stacked = RNN(StackedRNNCells([LSTMCell(4), GRUCell(3)]), return_sequences=True, return_state=True)
    output, lstm_states, gru_states = stacked(X)
    lstm, gru = LSTM(4, return_sequences=True), GRU(3, return_sequences=True)
    gru(lstm(X))
    lstm.set_weights(stacked.get_weights()[:3])
    gru.set_weights(stacked.get_weights()[3:])
    np.testing.assert_allclose(numpy(output), numpy(gru(lstm(X))), rtol=1e-4, atol=1e-5)
    assert (len(lstm_states), len(gru_states)) == (2, 1)


# States that last.


@pytest.mark.parametrize("make", [lambda: LSTM(3, stateful=True), lambda: RNN([GRUCell(2), Sum()], stateful=True)])
def test_a_stateful_layer_goes_on_where_the_batch_before_ended(backend, make):
    layer = make() if not isinstance(make().cell, StackedRNNCells) else RNN([GRUCell(3), Sum()], stateful=True)
    whole = numpy(layer(np.concatenate([X, X], axis=1)))
    layer.reset_states()
    layer(X)
    np.testing.assert_allclose(numpy(layer(X)), whole, rtol=1e-5, atol=1e-6)
    layer.reset_state()
    assert all(not numpy(state.value).any() for state in layer.states)


def test_lasting_states_are_variables_but_no_weights(backend):
    layer = LSTM(3, stateful=True)
    layer(X)
    assert len(layer.weights) == 3
    assert len(layer.states) == 2
    assert {id(s) for s in layer.states} <= {id(v) for v in layer.non_trainable_variables}


def test_a_pure_call_gives_the_states_that_last(backend):
    layer = SimpleRNN(3, stateful=True)
    layer(X)
    layer.reset_states()
    values = ([v.value for v in layer.trainable_variables], [v.value for v in layer.non_trainable_variables])
    output, after = layer.stateless_call(*values, X)
    place = next(i for i, v in enumerate(layer.non_trainable_variables) if v is layer.states[0])
    np.testing.assert_allclose(numpy(after[place]), numpy(output), rtol=1e-6)
    assert not numpy(layer.states[0].value).any()


# Dropout.


def test_dropout_draws_one_mask_for_all_steps(backend):
    ones = np.ones((1, 6, 50), "float32")
    layer = SimpleRNN(
        50, activation="linear", kernel_initializer="identity", recurrent_initializer="zeros", dropout=0.5, seed=1,
        return_sequences=True,
    )  # fmt: skip
    outputs = numpy(layer(ones, training=True))
    assert set(np.unique(outputs)) == {0.0, 2.0}
    assert (outputs == outputs[:, :1]).all()
    assert (numpy(layer(ones, training=True)) != outputs).any(), "another call draws another mask"
    assert (numpy(layer(ones)) == 1).all()


@pytest.mark.parametrize("make", [SimpleRNN, LSTM, GRU])
def test_recurrent_dropout_acts_in_training_alone(backend, make):
    layer = make(20, recurrent_dropout=0.5, seed=1)
    calm = numpy(layer(X))
    np.testing.assert_array_equal(numpy(layer(X)), calm)
    assert np.abs(numpy(layer(X, training=True)) - calm).max() > 1e-3


def test_dropout_of_stacked_cells_is_drawn_before_the_loop(backend):
    layer = RNN([LSTMCell(4, dropout=0.3, recurrent_dropout=0.3), GRUCell(3, dropout=0.3)])
    calm = numpy(layer(X))
    assert np.abs(numpy(layer(X, training=True)) - calm).max() > 1e-4
    np.testing.assert_allclose(numpy(layer(X)), calm, rtol=1e-5)


@pytest.mark.needs("jit")
def test_compiled_layers_draw_other_masks_at_each_call(backend):
    layer = GRU(8, dropout=0.5, recurrent_dropout=0.5, seed=3)
    layer(X)
    trainable = [v.value for v in layer.trainable_variables]

    def run(rest, x):
        return layer.stateless_call(trainable, rest, x, training=True)

    compiled = ops.jit(run)
    first, after = compiled([v.value for v in layer.non_trainable_variables], ops.convert_to_tensor(X))
    second, _ = compiled(after, ops.convert_to_tensor(X))
    assert np.abs(numpy(first) - numpy(second)).max() > 1e-4


def test_a_cell_keeps_its_mask_until_it_is_reset(backend):
    cell = SimpleRNNCell(30, dropout=0.5, seed=1)
    states = cell.get_initial_state(2)
    first = numpy(cell(X[:, 0], states, training=True)[0])
    np.testing.assert_array_equal(numpy(cell(X[:, 0], states, training=True)[0]), first)
    cell.reset_dropout_mask()
    others = []
    for _ in range(5):
        others.append(numpy(cell(X[:, 0], states, training=True)[0]))
        cell.reset_dropout_mask()
    assert any((other != first).any() for other in others)


# Specs and sizes.


@pytest.mark.parametrize(
    "make",
    [
        lambda: SimpleRNN(5),
        lambda: LSTM(5, return_sequences=True, return_state=True),
        lambda: GRU(5, return_state=True, go_backwards=True),
        lambda: RNN([LSTMCell(4), GRUCell(3)], return_sequences=True, return_state=True),
        lambda: RNN(Gated(4)),
    ],
)
def test_symbolic_calls_have_the_specs_of_eager_ones(backend, make):
    layer = make()
    symbolic = tree.flatten(list(_several(layer(ops.KerasTensor((None, None, 3))))))
    for one, other in zip(symbolic, tree.flatten(list(_several(layer(X)))), strict=True):
        assert len(one.shape) == len(other.shape)
        assert all(a in (None, b) for a, b in zip(one.shape, other.shape, strict=True))
        assert one.shape[-1] == other.shape[-1]
        assert one.dtype == backend.dtype(other)


def _several(outputs):
    return outputs if isinstance(outputs, tuple) else (outputs,)


@pytest.mark.needs("dynamic_shapes")
@pytest.mark.parametrize("mask", [MASK, None])
@pytest.mark.parametrize("make", [lambda: LSTM(5), lambda: GRU(5, dropout=0.2), lambda: RNN([LSTMCell(4), GRUCell(3)])])
def test_compiled_layers_take_batches_and_sequences_of_any_size(backend, make, mask):
    layer = make()
    eager = numpy(layer(X, mask=mask))
    specs = [ops.TensorSpec((None, None, 3), "float32")] + (
        [] if mask is None else [ops.TensorSpec((None, None), "bool")]
    )
    compiled = backend.jit(lambda x, m=None: layer(x, mask=m), specs=specs)
    given = [ops.convert_to_tensor(x) for x in (X, mask) if x is not None]
    np.testing.assert_allclose(numpy(compiled(*given)), eager, rtol=1e-5, atol=1e-6)
    assert tuple(compiled(*[x[:1, :2] for x in given]).shape)[0] == 1


@pytest.mark.parametrize(
    "make", [lambda **o: LSTM(4, **o), lambda **o: GRU(4, use_cudnn=False, **o), lambda **o: RNN(LSTMCell(4, **o), **o)]
)
def test_mixed_precision_computes_in_half_and_keeps_weights_in_full(backend, make):
    layer = make(dtype="mixed_bfloat16")
    output = layer(X)
    assert backend.dtype(output) == "bfloat16"
    assert {w._dtype for w in layer.weights} == {"float32"}
    symbolic = layer(ops.KerasTensor((None, 4, 3)))
    assert symbolic.dtype == "bfloat16"


def test_masks_are_passed_on_where_there_is_an_output_for_each_step(backend):
    assert LSTM(2, return_sequences=True).compute_mask(None, MASK) is MASK
    assert LSTM(2).compute_mask(None, MASK) is None
    found = LSTM(2, return_sequences=True, return_state=True).compute_mask(None, MASK)
    assert found[0] is MASK and found[1:] == [None, None]


# Configurations.


@pytest.mark.parametrize(
    "make",
    [
        lambda: SimpleRNN(3, activation="relu", dropout=0.1, return_sequences=True, seed=4),
        lambda: LSTM(3, unit_forget_bias=False, kernel_regularizer="l2", go_backwards=True),
        lambda: GRU(3, reset_after=False, zero_output_for_mask=True, dtype="mixed_bfloat16"),
        lambda: RNN([LSTMCell(4), GRUCell(3)], unroll=True),
        lambda: LSTMCell(2, bias_constraint="non_neg"),
    ],
)
def test_a_layer_made_of_the_config_has_the_same_config(backend, make):
    layer = make()
    config = layer.get_config()
    again = type(layer).from_config(dict(config))
    assert again.get_config() == config


def test_build_configs_are_written_as_keras_reads_them(backend):
    layer = LSTM(3)
    layer(X)
    assert layer.get_build_config() == {"input_shape": (2, 4, 3)}
    again = LSTM.from_config(layer.get_config())
    again.build_from_config({"input_shape": [2, 4, 3]})
    assert [w.shape for w in again.weights] == [(3, 12), (3, 12), (12,)]


# Errors.


def test_what_is_no_cell_is_refused(backend):
    with pytest.raises(ArgumentError, match="is not a cell: it has no call and state_size"):
        RNN(Dense(3))
    with pytest.raises(ArgumentError, match=r"pass cells such as LSTMCell\(8\)"):
        StackedRNNCells([LSTMCell(2), 3])


def test_initial_states_that_do_not_fit_are_refused(backend):
    layer = LSTM(4, name="memory")
    with pytest.raises(
        ArgumentError, match='layer "memory"\n  initial_state holds 1 tensors, and the cell has 2 states'
    ):
        layer(X, initial_state=[np.zeros((2, 4), "float32")])
    with pytest.raises(ShapeError, match=r"initial_state\[1\] has shape \(2, 3\), and the cell's state 4 numbers"):
        layer(X, initial_state=[np.zeros((2, 4), "float32"), np.zeros((2, 3), "float32")])


def test_inputs_that_are_no_sequences_are_refused(backend):
    with pytest.raises(ShapeError, match=r"the input has shape \(2, 3\): it must have 3 axes and has 2"):
        LSTM(4)(X[:, 0])


def test_a_stateful_layer_needs_batches_of_one_size(backend):
    with pytest.raises(ShapeError, match="a stateful layer must know the size of its batch"):
        LSTM(4, stateful=True)(ops.KerasTensor((None, 4, 3)))
    layer = LSTM(4, stateful=True)
    layer(X)
    with pytest.raises(ShapeError, match="a batch of 1 was given to a stateful layer that was built for batches of 2"):
        layer(X[:1])
    with pytest.raises(ArgumentError, match="is not stateful"):
        LSTM(4).reset_states()


def test_counts_and_rates_that_make_no_sense_are_refused(backend):
    with pytest.raises(
        ArgumentError, match="ArgumentError in GRUCell\n  units can not be 0\n  fix: pass a positive integer"
    ):
        GRU(0)
    with pytest.raises(ArgumentError, match="dropout can not be 2.0\n  fix: pass a fraction from 0 to 1"):
        LSTM(3, dropout=2.0)
