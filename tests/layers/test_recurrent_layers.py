"""`SimpleRNN`, `LSTM` and `GRU` against NumPy, their gradients, and the op against the loop over the cell."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.rnn.gru import GRU, GRUCell
from kcore_layers.layers.rnn.lstm import LSTM, LSTMCell
from kcore_layers.layers.rnn.rnn import RNN
from kcore_layers.layers.rnn.simple_rnn import SimpleRNN

X = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def simple(x, kernel, recurrent, bias):
    h = np.zeros((len(x), len(recurrent)))
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ kernel + h @ recurrent + bias)
    return h


def lstm(x, kernel, recurrent, bias):
    h = c = np.zeros((len(x), len(recurrent)))
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return h


def gru(x, kernel, recurrent, bias):
    h = np.zeros((len(x), len(recurrent)))
    for t in range(x.shape[1]):
        xz, xr, xg = np.split(x[:, t] @ kernel + bias[0], 3, axis=-1)
        hz, hr, hg = np.split(h @ recurrent + bias[1], 3, axis=-1)
        z = sigmoid(xz + hz)
        h = z * h + (1 - z) * np.tanh(xg + sigmoid(xr + hr) * hg)
    return h


def gru_before(x, kernel, recurrent, bias):
    h, units = np.zeros((len(x), len(recurrent))), len(recurrent)
    for t in range(x.shape[1]):
        xz, xr, xg = np.split(x[:, t] @ kernel + bias, 3, axis=-1)
        hz, hr = np.split(h @ recurrent[:, : 2 * units], 2, axis=-1)
        z = sigmoid(xz + hz)
        h = z * h + (1 - z) * np.tanh(xg + (sigmoid(xr + hr) * h) @ recurrent[:, 2 * units :])
    return h


@pytest.mark.parametrize(
    ("make", "reference"),
    [(SimpleRNN, simple), (LSTM, lstm), (GRU, gru), (lambda units: GRU(units, reset_after=False), gru_before)],
)
def test_the_output_is_that_of_the_formulas(backend, make, reference):
    layer = make(5)
    layer.build(X.shape)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.weights])
    np.testing.assert_allclose(numpy(layer(X)), reference(X, *layer.get_weights()), rtol=1e-4, atol=1e-5)


def test_the_forget_gate_begins_with_a_bias_of_one(backend):
    layer = LSTM(2)
    layer.build(X.shape)
    assert numpy(layer.cell.bias).tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    layer = LSTM(2, unit_forget_bias=False)
    layer.build(X.shape)
    assert not numpy(layer.cell.bias).any()


@pytest.mark.parametrize("make", [LSTM, GRU])
@pytest.mark.parametrize("backwards", [True, False])
def test_the_op_gives_what_the_loop_over_the_cell_gives(backend, make, backwards):
    layer = make(5, return_sequences=True, return_state=True, go_backwards=backwards)
    by_op = layer(X)
    layer.use_cudnn = False
    for one, other in zip(layer(X), by_op, strict=True):
        np.testing.assert_allclose(numpy(one), numpy(other), rtol=1e-5, atol=1e-6)


def test_a_cell_that_overrides_its_step_is_not_run_by_the_op(backend):
    class Halved(LSTMCell):
        def call(self, inputs, states, training=False):
            h, states = super().call(inputs, states, training)
            return h / 2, states

    halved, whole = RNN(Halved(3)), RNN(LSTMCell(3))
    halved(X), whole(X)
    halved.set_weights(whole.get_weights())
    np.testing.assert_allclose(2 * numpy(halved(X)), numpy(whole(X)), rtol=1e-5)


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("make", [SimpleRNN, LSTM, GRU])
def test_gradients_are_those_of_finite_differences(backend, make):
    layer = make(3)
    layer.build(X.shape)
    rest = [v.value for v in layer.non_trainable_variables]

    def loss(*weights):
        return ops.sum(ops.square(layer.stateless_call(list(weights), rest, ops.convert_to_tensor(X))[0]))

    values = [ops.convert_to_tensor(v.numpy()) for v in layer.trainable_variables]
    grads = ops.grad(loss, argnums=tuple(range(len(values))))(*values)
    for i, (value, found) in enumerate(zip(values, grads, strict=True)):
        direction = np.random.default_rng(i).normal(size=value.shape).astype("float32")
        sides = []
        for sign in (1, -1):
            moved = [ops.add(v, sign * 1e-2 * direction) if j == i else v for j, v in enumerate(values)]
            sides.append(float(numpy(loss(*moved))))
        expected = (sides[0] - sides[1]) / 2e-2
        np.testing.assert_allclose(np.sum(numpy(found) * direction), expected, rtol=2e-2, atol=2e-3)


@pytest.mark.needs("gradient", "vmap")
@pytest.mark.parametrize("make", [LSTM, GRU])
def test_gradients_are_taken_sample_by_sample_and_twice(backend, make):
    # Written out: TensorFlow does not vectorize the gradient of a loop.
    layer = make(3, unroll=True)
    layer.build(X.shape)
    rest = [v.value for v in layer.non_trainable_variables]
    kernel, *others = [ops.convert_to_tensor(v.numpy()) for v in layer.trainable_variables]
    x = ops.convert_to_tensor(X)

    def loss(kernel, sample):
        output = layer.stateless_call([kernel, *others], rest, sample[None])[0]
        return ops.sum(ops.square(output))

    each = ops.vmap(ops.grad(loss), in_axes=(None, 0))(kernel, x)
    one = ops.grad(loss)(kernel, x[1])
    np.testing.assert_allclose(numpy(each[1]), numpy(one), rtol=1e-4, atol=1e-5)
    twice = ops.grad(lambda k: ops.sum(ops.square(ops.grad(loss)(k, x[0]))))(kernel)
    assert np.isfinite(numpy(twice)).all() and numpy(twice).any()


def test_cells_have_states_of_zeros(backend):
    assert [tuple(s.shape) for s in LSTMCell(3).get_initial_state(2)] == [(2, 3), (2, 3)]
    assert GRUCell(3).state_size == 3 and LSTMCell(3).state_size == [3, 3]
