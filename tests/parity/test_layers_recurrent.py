"""Recurrent layers against Keras: configs, weights, and outputs of the same weights on the same inputs."""

from __future__ import annotations

import itertools

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.rnn.bidirectional import Bidirectional
from kcore_layers.layers.rnn.gru import GRU, GRUCell
from kcore_layers.layers.rnn.lstm import LSTM, LSTMCell
from kcore_layers.layers.rnn.rnn import RNN
from kcore_layers.layers.rnn.simple_rnn import SimpleRNN, SimpleRNNCell
from kcore_layers.layers.rnn.stacked_rnn_cells import StackedRNNCells
from kcore_ops import tree

OURS = {
    cls.__name__: cls
    for cls in (Bidirectional, GRU, GRUCell, LSTM, LSTMCell, RNN, SimpleRNN, SimpleRNNCell, StackedRNNCells)
}
X = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
MASK = np.array([[1, 1, 0, 1, 0], [0, 1, 1, 0, 0], [1, 1, 1, 1, 1]], bool)


def numbers(result, to_numpy):
    return [np.asarray(to_numpy(x)) for x in tree.flatten(list(result) if isinstance(result, tuple) else result)]


def pair(keras, make):
    """Make a layer of ours and one of Keras's, built and with the same weights."""
    ours, theirs = make(OURS), make({name: getattr(keras.layers, name) for name in OURS})
    ours(X), theirs(X)
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=w.shape).astype("float32") * 0.5 for w in theirs.weights]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


def check(keras, make, **kwargs):
    ours, theirs = pair(keras, make)
    expected = numbers(theirs(X, **kwargs), keras.ops.convert_to_numpy)
    actual = numbers(ours(X, **kwargs), ops.convert_to_numpy)
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


LAYERS = {
    "simple": lambda k, **o: k["SimpleRNN"](3, **o),
    "simple_relu": lambda k, **o: k["SimpleRNN"](3, activation="relu", use_bias=False, **o),
    "lstm": lambda k, **o: k["LSTM"](3, **o),
    "lstm_other": lambda k, **o: k["LSTM"](3, "relu", "hard_sigmoid", use_bias=False, **o),
    "gru": lambda k, **o: k["GRU"](3, **o),
    "gru_before": lambda k, **o: k["GRU"](3, reset_after=False, **o),
    "gru_other": lambda k, **o: k["GRU"](3, "softsign", "hard_sigmoid", use_bias=False, **o),
    "stacked": lambda k, **o: k["RNN"]([k["LSTMCell"](3), k["GRUCell"](2)], **o),
    "cell": lambda k, **o: k["RNN"](k["LSTMCell"](3), **o),
}
OPTIONS = {
    "last": {},
    "all": dict(return_sequences=True),
    "states": dict(return_state=True, return_sequences=True),
    "backwards": dict(return_sequences=True, go_backwards=True, return_state=True),
    "unrolled": dict(unroll=True, return_state=True),
    "zeros": dict(zero_output_for_mask=True, return_sequences=True, return_state=True),
}


# Each layer with one of the options, and each option with two of the layers: where loops are compiled it takes long.
TRIED = sorted({*itertools.product(LAYERS, ["states"]), *itertools.product(["lstm", "stacked"], OPTIONS)})


@pytest.mark.parametrize(("layer", "options"), TRIED)
def test_outputs_are_those_of_keras(backend, keras, layer, options):
    check(keras, lambda k: LAYERS[layer](k, **OPTIONS[options]))


@pytest.mark.parametrize(("layer", "options"), TRIED)
def test_masked_outputs_are_those_of_keras(backend, keras, layer, options):
    check(keras, lambda k: LAYERS[layer](k, **OPTIONS[options]), mask=MASK)


@pytest.mark.parametrize("layer", ["lstm", "gru_before", "stacked"])
def test_initial_states_are_used_as_in_keras(backend, keras, layer):
    ours, theirs = pair(keras, lambda k: LAYERS[layer](k, return_state=True))
    sizes = tree.flatten(ours.state_size)
    flat = [np.random.default_rng(2).normal(size=(3, size)).astype("float32") for size in sizes]
    states = tree.pack_sequence_as(ours.get_initial_state(3), flat)
    expected = numbers(theirs(X, initial_state=states), keras.ops.convert_to_numpy)
    for one, other in zip(numbers(ours(X, initial_state=states), ops.convert_to_numpy), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


# Keras fails on stacked cells.
@pytest.mark.parametrize("layer", ["simple", "lstm"])
def test_a_stateful_layer_goes_on_as_in_keras(backend, keras, layer):
    ours, theirs = pair(keras, lambda k: LAYERS[layer](k, stateful=True))
    for each in (ours, theirs):
        each.reset_states()
    for _ in range(3):
        expected, actual = numbers(theirs(X), keras.ops.convert_to_numpy), numbers(ours(X), ops.convert_to_numpy)
        np.testing.assert_allclose(actual[0], expected[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("merge_mode", "sequences", "states", "mask"),
    [
        ("concat", True, True, MASK),
        ("concat", False, False, None),
        ("sum", True, False, None),
        ("mul", False, True, MASK),
        ("ave", True, False, MASK),
        (None, True, True, None),
        (None, False, False, MASK),
    ],
)
def test_bidirectional_outputs_are_those_of_keras(backend, keras, merge_mode, sequences, states, mask):
    def make(k):
        return k["Bidirectional"](k["LSTM"](3, return_sequences=sequences, return_state=states), merge_mode=merge_mode)

    check(keras, make, mask=mask)


def test_bidirectional_takes_another_layer_backwards_and_initial_states_as_in_keras(backend, keras):
    def make(k):
        backward = k["GRU"](3, return_state=True, go_backwards=True)
        return k["Bidirectional"](k["GRU"](3, return_state=True), backward_layer=backward)

    states = [np.full((3, 3), 0.5, "float32"), np.full((3, 3), -0.5, "float32")]
    check(keras, make, initial_state=states)


def test_cells_alone_step_as_in_keras(backend, keras):
    for name in ("SimpleRNNCell", "LSTMCell", "GRUCell"):
        ours, theirs = OURS[name](3), getattr(keras.layers, name)(3)
        first = [np.full((3, 3), 0.3, "float32")] * (2 if name == "LSTMCell" else 1)
        ours(X[:, 0], first), theirs(X[:, 0], first)
        ours.set_weights([keras.ops.convert_to_numpy(w) for w in theirs.weights])
        expected = numbers(theirs(X[:, 0], first), keras.ops.convert_to_numpy)
        for one, other in zip(numbers(ours(X[:, 0], first), ops.convert_to_numpy), expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


MADE = {
    **LAYERS,
    "simple_cell": lambda k: k["SimpleRNNCell"](3),
    "lstm_cell": lambda k: k["LSTMCell"](3),
    "gru_cell": lambda k: k["GRUCell"](3),
    "stacked_cells": lambda k: k["StackedRNNCells"]([k["LSTMCell"](3), k["GRUCell"](2)]),
    "bidirectional": lambda k: k["Bidirectional"](k["LSTM"](3)),
}


@pytest.mark.parametrize("layer", MADE)
def test_configs_have_the_keys_of_keras_and_load_there_and_back(backend, keras, layer):
    ours = MADE[layer](OURS)
    theirs = MADE[layer]({name: getattr(keras.layers, name) for name in OURS})
    config, expected = ours.get_config(), theirs.get_config()
    # Keras's SimpleRNN forgets its seed, though its constructor takes one.
    forgotten = {"seed"} if isinstance(ours, SimpleRNN) else set()
    assert set(config) == set(expected) | forgotten
    # From copies: Keras takes entries out.
    assert type(theirs).from_config(dict(config)).get_config().keys() == expected.keys()
    assert type(ours).from_config(dict(expected)).get_config().keys() == config.keys()


@pytest.mark.parametrize("layer", [*LAYERS, "bidirectional"])
def test_weights_have_the_paths_and_shapes_of_keras(backend, keras, layer):
    ours, theirs = pair(keras, MADE[layer])

    def places(weights):
        # The numbers that tell layers of one name apart depend on how many there were.
        import re

        return [(re.sub(r"_\d+(?=/)", "", w.path), tuple(w.shape)) for w in weights]

    assert places(ours.weights) == places(theirs.weights)
