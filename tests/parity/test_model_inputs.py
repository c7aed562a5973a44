"""Models take the inputs that Keras's take, but for those that are refused on purpose."""

from __future__ import annotations

import warnings

import kcore_layers
import numpy as np
import pytest
from differences import REFUSED_INPUTS
from kcore_ops.foundation.errors import ArgumentError

ONE = np.ones((2, 3), "float32")
GIVEN = {"a list for inputs by name": [ONE, ONE], "an input too many": {"a": ONE, "b": ONE, "c": ONE}}


def by_name(k):
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    return k.Model({"a": a, "b": b}, k.layers.Add()([a, b]))


@pytest.mark.parametrize("what", REFUSED_INPUTS)
def test_what_is_refused_is_what_keras_warns_of(keras, backend, what):
    words, _ = REFUSED_INPUTS[what]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert tuple(by_name(keras)(GIVEN[what]).shape) == (2, 3)
    with pytest.raises(ArgumentError, match=words):
        by_name(kcore_layers)(GIVEN[what])


@pytest.mark.parametrize("sizes", [(2, 7, 5), (4, 5, 7), (1, 1, 1)])
def test_a_sequential_without_an_input_takes_other_sizes_than_the_first(keras, backend, sizes):
    shapes = []
    for k in (keras, kcore_layers):
        model = k.Sequential([k.layers.Flatten()])
        model(np.ones((3, 5, 7), "float32"))
        shapes.append(tuple(model(np.ones(sizes, "float32")).shape))
    assert shapes[0] == shapes[1]


def test_a_model_from_the_middle_of_a_graph_has_the_layers_of_keras(keras, backend):
    kinds = []
    for k in (keras, kcore_layers):
        x = k.Input((3,))
        hidden = k.layers.Dense(2)(x)
        model = k.Model([hidden, x], k.layers.Concatenate()([k.layers.Dense(1)(hidden), x]))
        kinds.append([(type(each).__name__, each.output.shape) for each in model.layers])
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("ReLU", {}), ("Dropout", {"rate": 0.5}), ("MaxPooling2D", {}), ("Activation", {"activation": "relu"}),
     ("Softmax", {}), ("GaussianNoise", {"stddev": 0.1}), ("Identity", {}), ("GlobalAveragePooling1D", {}),
     ("Dense", {"units": 2}), ("LayerNormalization", {}), ("LSTM", {"units": 2}), ("PReLU", {})],
)  # fmt: skip
def test_layers_are_built_from_the_start_where_keras_says_so(keras, backend, name, arguments):
    built = [getattr(k.layers, name)(**arguments).built for k in (keras, kcore_layers)]
    assert built[0] == built[1]
