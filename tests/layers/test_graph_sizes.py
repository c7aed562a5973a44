"""Sizes that a functional model computes with work in every way that the model is run."""

from __future__ import annotations

import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.layers import Dense
from kcore_ops.conformance.places import other_device
from kcore_ops.foundation.errors import ArgumentError, ShapeError

X = np.arange(24, dtype="float32").reshape(2, 4, 3) / 10


def reshaped(x):
    batch, steps = ops.shape(x)[0], ops.shape(x)[1]
    return ops.reshape(ops.reshape(x, (batch * steps, 3)), (batch, steps * 3))


def counted(x):
    return x + ops.cast(ops.arange(ops.shape(x)[1]), "float32")[:, None]


def of_copies(x):
    token = ops.ones((1, 1, 3))
    copies = ops.tile(token, (ops.shape(x)[0], 1, 1)) + ops.repeat(token, ops.shape(x)[0], axis=0)
    return ops.concatenate([copies, ops.broadcast_to(token, (ops.shape(x)[0], 2, 3)), x], axis=1)


def made(x):
    batch, steps = ops.shape(x)[0], ops.shape(x)[1]
    return x + ops.zeros((batch, 1, 3)) + ops.full(ops.shape(x), 2.0) + ops.ones((batch, steps, 1))


def taken(x):
    last = ops.shape(x)[1] - 1
    return ops.take(x, ops.arange(last, -1, -1), axis=1) - x[:, last][:, None]


def sliced(x):
    return ops.slice(x, (0, 1, 0), (ops.shape(x)[0], ops.shape(x)[1] - 1, 3))


def padded(x):
    return ops.pad(x, ((0, 0), (0, 8 - ops.shape(x)[1]), (0, 0)))


def scaled(x):
    batch, steps = ops.shape(x)[0], ops.shape(x)[1]
    half = ops.cast(ops.floor(steps / 2), "int32")
    offset = ops.maximum(half, ops.sum(ops.stack([steps, half])) + batch % 2)
    return ops.add(x / ops.sqrt(ops.cast(steps, "float32")) * batch, offset)


def squared(x):
    steps = ops.shape(x)[1]
    return ops.matmul(ops.tril(ops.ones((steps, steps))) + ops.eye(steps), x)


def half_of(_, x):
    return x * 0.5


def looped(x):
    return ops.fori_loop(0, ops.shape(x)[1], half_of, x)


FUNCTIONS = [reshaped, counted, of_copies, made, taken, sliced, padded, scaled, squared, looped]


def model_of(function):
    x = Input((None, 3))
    return Model(x, function(Dense(3)(x)))


class Written(Layer):
    """The same, written as a layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_graph_computes_with_sizes_what_a_call_does(backend, function):
    model = model_of(function)
    written = Sequential([model.layers[1], Written(function)])
    found, expected = model(X), written(X)
    assert ops.dtype(found) == ops.dtype(expected) == model.outputs[0].dtype
    np.testing.assert_allclose(ops.convert_to_numpy(found), ops.convert_to_numpy(expected), rtol=1e-5)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(ops.convert_to_numpy(again(X)), ops.convert_to_numpy(expected), rtol=1e-5)


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_it_does_in_compiled_steps_too(backend, function):
    model = model_of(function)
    expected = ops.convert_to_numpy(model(X))
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5)
    model.compile("sgd", lambda y, y_pred: ops.mean(y_pred))
    losses = model.fit(X, np.zeros((2, 1), "float32"), epochs=2, verbose=0).history["loss"]
    np.testing.assert_allclose(losses[0], expected.mean(), rtol=1e-4)
    assert losses[1] < losses[0]


def test_a_model_inside_another_keeps_its_sizes(backend):
    inner, x = model_of(reshaped), Input((4, 3))
    outer = Model(x, inner(x) * 2)
    np.testing.assert_allclose(outer.predict(X, verbose=0), 2 * ops.convert_to_numpy(inner(X)), rtol=1e-5)


@pytest.mark.parametrize("function", [made, counted, scaled])
def test_what_is_made_of_sizes_lies_beside_the_input(backend, function):
    device = other_device(backend)
    if device is None or not backend.follows_tensors:
        pytest.skip("calls go to one device, wherever their tensors are")
    x = Input((None, 3))
    there = backend.to_device(ops.convert_to_tensor(X), device)
    assert backend.place_of(Model(x, function(x))(there)) == backend.place_of(there)


def test_a_size_may_be_an_output(backend):
    x = Input((None, 3))
    model = Model(x, [ops.shape(x)[1], ops.shape(x)[1] * 2])
    outputs = model(X)
    assert [ops.dtype(each) for each in outputs] == ["int32", "int32"]
    assert [int(ops.convert_to_numpy(each)) for each in outputs] == [4, 8]


def test_a_slice_up_to_a_size_of_the_graph_is_refused_at_once(backend):
    x = Input((None, 3))
    with pytest.raises(
        ArgumentError, match="in get_item\n  a slice has a bound that the graph computes\n  fix: use ops.take"
    ):
        x[:, : ops.shape(x)[1] // 2]


def test_draws_in_a_graph_are_refused(backend):
    x = Input((3,))
    with pytest.raises(
        ArgumentError, match="a graph draws no random numbers: .*\n  fix: draw them in the call of a layer"
    ):
        ops.random.normal(ops.shape(x))
    with pytest.raises(ArgumentError, match="a graph draws no random numbers"):
        ops.random.dropout(x, 0.5)


@pytest.mark.needs("jit")
@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.reshape(x, (ops.multiply(ops.shape(x)[0], 4), 3)),
        lambda x: ops.cast(ops.arange(ops.multiply(ops.shape(x)[0], 4)), "float32")[:, None] * ops.ones((1, 3)),
    ],
    ids=["reshape", "arange"],
)
def test_sizes_that_ops_compute_in_a_compiled_function_are_used_or_refused_in_words(backend, function):
    compiled = ops.jit(function)
    try:
        result = compiled(ops.convert_to_tensor(X))
    except ShapeError as error:
        assert "a size is a tensor, whose value is not known while a function is compiled" in str(error)
        assert "fix: compute sizes with Python's operators" in str(error)
    else:
        assert tuple(result.shape) == (8, 3)
