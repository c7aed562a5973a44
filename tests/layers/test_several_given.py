"""A list or a dict where a layer or a model takes one tensor is refused in words; a list of one is that one."""

from __future__ import annotations

import kcore as keras
import numpy as np
import pytest
from kcore import layers
from kcore_ops.foundation.errors import ArgumentTypeError

X = np.ones((4, 3), "float32")


def sequential():
    return keras.Sequential([keras.Input((3,), name="x"), layers.Dense(1)], name="model")


def functional():
    x = keras.Input((3,), name="x")
    return keras.Model(x, layers.Dense(1)(x), name="model")


@pytest.mark.parametrize("make", [sequential, functional])
@pytest.mark.parametrize("given", [[X], (X,)], ids=["list", "tuple"])
def test_a_model_of_one_input_takes_a_list_of_one(backend, make, given):
    assert tuple(make()(given).shape) == (4, 1)


@pytest.mark.parametrize(
    ("given", "what"), [({"a": X}, "a dict of 1"), ({"a": X, "b": X}, "a dict of 2"), ([X, X], "a list of 2")]
)
def test_a_sequential_says_what_it_was_given(backend, given, what):
    message = f"input 'x' of model \"model\" takes one tensor and was given {what}"
    with pytest.raises(ArgumentTypeError, match=message):
        sequential()(given)
    with pytest.raises(ArgumentTypeError, match=message):
        sequential().predict(given if isinstance(given, dict) else iter([(given,)]), verbose=0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Dense(2),
        lambda: layers.EinsumDense("ab,bc->ac", 4),
        lambda: layers.BatchNormalization(),
        lambda: layers.LayerNormalization(),
        lambda: layers.LSTM(2),
        lambda: layers.PReLU(),
        lambda: keras.Sequential([layers.Dense(2)]),
    ],
)
def test_a_layer_that_is_not_built_says_what_it_was_given(backend, make):
    with pytest.raises(
        ArgumentTypeError, match=r"the layer takes one tensor and was given a dict of 2\n.*pass x\['a'\]"
    ):
        make()({"a": X, "b": X})


def test_an_error_in_a_build_of_the_user_s_own_is_his(backend):
    class Own(layers.Layer):
        def build(self, input_shape):
            raise KeyError("mine")

        def call(self, x):
            return x["a"]

    with pytest.raises(KeyError, match="mine"):
        Own()({"a": X})
