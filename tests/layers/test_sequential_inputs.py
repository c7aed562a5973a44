"""What a Sequential takes: batches of other sizes than the first, dicts, and layers that can not say what they give."""

from __future__ import annotations

import copy
import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.layers import Conv2D, Dense, Embedding, Flatten
from kcore_layers.serialization.registry import register_keras_serializable
from kcore_ops.foundation.errors import ArgumentError, ShapeError

ONE = np.ones((2, 3), "float32")


def values(x):
    return ops.convert_to_numpy(x)


def of_config(model):
    return type(model).from_config(model.get_config())


COPIES = [of_config, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]


class Pair(Layer):
    def call(self, inputs):
        return {"a": inputs["a"] + inputs["b"], "b": inputs["b"]}


class Joined(Layer):
    def call(self, inputs):
        return inputs["a"] * inputs["b"]


@register_keras_serializable("tests.sequential_inputs")
class Lookup(Layer):
    def build(self, input_shape):
        self.table = self.add_weight(shape=(4, 2), name="table")

    def call(self, indices):
        return ops.take(self.table, indices, axis=0)


@register_keras_serializable("tests.sequential_inputs")
class Dynamic(Layer):
    def call(self, x):
        return x + 1.0

    def compute_output_spec(self, *args, **kwargs):
        raise NotImplementedError


@pytest.mark.parametrize("copied", [lambda model: model, *COPIES])
def test_the_first_batch_settles_no_sizes(backend, copied):
    model = Sequential([Flatten()])
    assert tuple(model(np.ones((3, 5, 7), "float32")).shape) == (3, 35)
    assert model.input_shape == (None, 5, 7) and model.output_shape == (None, 35)
    model = copied(model)
    assert tuple(model(np.ones((2, 7, 5), "float32")).shape) == (2, 35)


def test_nor_does_a_shape_that_it_was_built_for(backend):
    model = Sequential([Conv2D(1, 2)])
    model.build((None, 8, 8, 1))
    assert tuple(model(np.ones((1, 5, 6, 1), "float32")).shape) == (1, 4, 5, 1)
    with pytest.raises(ShapeError, match="conv2d"):
        model(np.ones((1, 5, 6, 2), "float32"))


def test_nor_does_it_settle_a_dtype(backend):
    class Half(Layer):
        def call(self, x):
            return x / 2

    model = Sequential([Half()])
    model(np.ones((2, 3), "int32"))
    np.testing.assert_array_equal(values(model(np.full((2, 3), 0.5, "float32"))), 0.25)


def test_an_input_that_was_given_holds_its_sizes(backend):
    model = Sequential([Input((5, 7)), Flatten()])
    for each in (model, *(copied(model) for copied in COPIES)):
        with pytest.raises(ShapeError, match=r"has shape \(2, 7, 5\) and must have \(None, 5, 7\)"):
            each(np.ones((2, 7, 5), "float32"))


@pytest.mark.parametrize("copied", COPIES)
def test_what_is_built_for_integers_is_built_for_them_again(backend, copied):
    model = Sequential([Lookup(), Dense(1)])
    model(np.array([[1, 3]]))
    again = copied(model)
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(values(again(np.array([[2]]))), values(model(np.array([[2]]))))


def test_dicts_go_from_layer_to_layer(backend):
    model = Sequential([Pair(), Joined(), Dense(2)])
    assert tuple(model({"a": ONE, "b": ONE}).shape) == (2, 2)
    assert model.input_shape == {"a": (None, 3), "b": (None, 3)} and [x.shape for x in model.inputs] == [(None, 3)] * 2
    assert tuple(model({"b": ONE[:1], "a": ONE[:1]}).shape) == (1, 2)
    assert Sequential([Pair()])({"a": ONE, "b": ONE}).keys() == {"a", "b"}
    built = Sequential([Pair(), Joined(), Dense(2)])
    built.build({"a": (None, 3), "b": (None, 3)})
    assert built.built and len(built.weights) == 2


@pytest.mark.needs("gradient")
def test_a_model_of_dicts_is_trained(backend):
    model = Sequential([Pair(), Joined(), Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit({"a": ONE, "b": ONE}, np.zeros((2, 1), "float32"), epochs=2, verbose=0).history["loss"]
    assert history[1] < history[0]
    assert model.predict({"a": ONE, "b": ONE}, verbose=0).shape == (2, 1)


def test_a_layer_that_can_not_say_what_it_gives_is_built_by_the_call(backend):
    model = Sequential([Dense(2), Dynamic(), Dense(3)])
    assert tuple(model(ONE).shape) == (2, 3)
    assert model.built and all(layer.built for layer in model.layers) and model.count_params() == 17
    assert not hasattr(model, "output")
    again = of_config(model)
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(values(again(ONE)), values(model(ONE)), rtol=1e-6)
    with_input = Sequential([Input((3,)), Dense(2), Dynamic(), Dense(3)])
    assert not with_input.built
    assert tuple(with_input(ONE).shape) == (2, 3) and with_input.count_params() == 17


@pytest.mark.needs("gradient")
def test_and_trained(backend):
    model = Sequential([Dense(2), Dynamic(), Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(ONE, np.zeros((2, 1), "float32"), epochs=2, verbose=0).history["loss"]
    assert history[1] < history[0] and model.count_params() == 11


@pytest.mark.parametrize("kind", [Model, Sequential])
def test_a_model_with_inputs_that_comes_first_is_the_input(backend, kind):
    x = Input((4, 4, 1))
    convolution = Conv2D(1, 1)
    first = Model(x, convolution(x)) if kind is Model else Sequential([x, convolution])
    model = Sequential([first, Flatten(), Dense(1)])
    assert [model.built, *(layer.built for layer in model.layers)] == [True] * 4
    assert model.input_shape == (None, 4, 4, 1) and model.output_shape == (None, 1)
    assert first.input is not model.input
    again = of_config(model)
    assert again.built and again.input_shape == model.input_shape


def test_so_is_one_of_several_inputs(backend):
    a, b = Input((3,), name="a"), Input((3,), name="b")
    model = Sequential([Model({"a": a, "b": b}, a * b), Dense(2)])
    assert model.built and model.input_shape == {"a": (None, 3), "b": (None, 3)}
    assert tuple(model({"a": ONE, "b": ONE}).shape) == (2, 2)
    with pytest.raises(ArgumentError, match="do not match by name; missing: 'b'"):
        model({"a": ONE})


def test_before_it_is_built_it_has_no_inputs(backend):
    model = Sequential([Embedding(4, 2)])
    for name in ("input", "inputs", "output", "outputs", "input_shape", "output_shape", "input_names"):
        assert not hasattr(model, name), name
    with pytest.raises(
        AttributeError, match='the shapes of "sequential.*" are not known before it is built\n  fix: add'
    ):
        _ = model.inputs
    model.add(Flatten())
    model.pop()
    model.pop()
    assert not hasattr(model, "output")


def test_none_is_refused_where_an_input_was_given(backend):
    with pytest.raises(
        ValueError, match="input 'x' of model \"net\" is None, and the model needs it\n  fix: pass a tensor"
    ):
        Sequential([Input((3,), name="x"), Dense(1)], name="net")(None)
