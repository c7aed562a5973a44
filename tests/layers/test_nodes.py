"""`layer.input` and `layer.output`: what layers of a model take and give, to make other models of."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Functional, Input, Layer, Model, Sequential
from kcore_layers.layers import Add, Conv2D, Dense, GlobalAveragePooling2D, InputLayer, MultiHeadAttention
from kcore_layers.models import clone_model
from kcore_ops.foundation.errors import ArgumentError

IMAGES = np.arange(2 * 5 * 5 * 3, dtype="float32").reshape(2, 5, 5, 3) / 100
ROWS = np.arange(6, dtype="float32").reshape(2, 3)


def values(x):
    return ops.convert_to_numpy(x)


def functional():
    x = Input((5, 5, 3))
    hidden = Conv2D(4, 3, activation="relu", name="features")(x)
    return Model(x, Dense(2, name="head")(GlobalAveragePooling2D(name="mean")(hidden)))


def sequential():
    features, head = Conv2D(4, 3, activation="relu", name="features"), Dense(2, name="head")
    return Sequential([Input((5, 5, 3)), features, GlobalAveragePooling2D(name="mean"), head])


def reloaded(model):
    return type(model).from_config(model.get_config())


COPIES = {
    "itself": lambda model: model,
    "clone": clone_model,
    "from its config": reloaded,
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
}


@pytest.mark.parametrize("make", [functional, sequential])
@pytest.mark.parametrize("copied", COPIES.values(), ids=list(COPIES))
def test_a_model_to_what_a_layer_gives_computes_what_the_layer_gives(backend, make, copied):
    model = copied(make())
    layer = model.get_layer("features")
    assert layer.input.shape == (None, 5, 5, 3) and layer.output.shape == (None, 3, 3, 4)
    extractor = Model(model.inputs, layer.output)
    np.testing.assert_allclose(values(extractor(IMAGES)), values(layer(IMAGES)), rtol=1e-6)
    both = Model(model.inputs, [each.output for each in model.layers[-2:]])
    np.testing.assert_allclose(values(both(IMAGES)[-1]), values(model(IMAGES)), rtol=1e-5, atol=1e-6)


def test_a_layer_that_stands_in_no_graph_has_no_output(backend):
    layer = Dense(2, name="lonely")
    layer(ROWS)
    assert not hasattr(layer, "input") and not hasattr(layer, "output")
    with pytest.raises(
        AttributeError,
        match=r'Dense.output\n  layer "lonely" has no output: it was never called.*\n  fix: call it on an I',
    ):
        _ = layer.output


def test_a_shared_layer_has_the_tensors_of_its_first_call(backend):
    x, y = Input((3,)), Input((3,))
    shared = Dense(3)
    first, second = shared(x), shared(y)
    assert shared.input is x and shared.output is first
    model = Model([x, y], Add()([first, second]))
    assert Model(model.inputs, shared.output).output is first
    with pytest.raises(ArgumentError, match="which is not among the inputs"):
        Model(y, shared.output)


def test_several_tensors_come_in_a_list(backend):
    class Parts(Layer):
        def call(self, x):
            return {"sum": x["a"] + x["b"], "difference": x["a"] - x["b"]}

    a, b = Input((3,)), Input((3,))
    parts = Parts()
    outputs = parts({"a": a, "b": b})
    assert parts.input == [a, b] and parts.output == [outputs["difference"], outputs["sum"]]
    query, value = Input((4, 5)), Input((4, 5))
    attention = MultiHeadAttention(2, 2)
    attention(query=query, value=value)
    assert attention.input == [query, value]


def test_layers_inside_a_model_inside_another_keep_theirs(backend):
    x, y = Input((3,)), Input((3,))
    inner = Model(x, Dense(4, name="first")(x), name="inner")
    outer = Model(y, Dense(2)(inner(y)))
    found = outer.get_layer("inner")
    assert found.input is x and found.output is inner.outputs[0] is found.get_layer("first").output
    part = Model(found.input, found.get_layer("first").output)
    np.testing.assert_allclose(values(part(ROWS)), values(inner(ROWS)), rtol=1e-6)


def test_each_layer_added_to_a_sequential_is_called_once(backend):
    model = Sequential([Input((3,)), Dense(4)])
    output = model.layers[0].output
    model.add(Dense(2))
    assert model.layers[0].output is output is model.layers[1].input
    assert model.output is model.layers[1].output
    model.pop()
    assert model.output is output and model.output_shape == (None, 4)


def test_a_model_of_its_own_class_has_them_once_called_on_symbols(backend):
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(2)

        def call(self, x):
            return self.dense(x)

    net, x = Net(), Input((3,))
    output = net(x)
    assert net.input is x and net.output is output


def test_an_attribute_of_that_name_is_the_users(backend):
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.input = Dense(4)
            self.output = Dense(2)

        def call(self, x):
            return self.output(self.input(x))

    net = Net()
    assert net(Input((3,))).shape == (None, 2)
    assert isinstance(net.output, Dense) and len(net.weights) == 4


def test_an_input_gives_what_it_stands_for(backend):
    layer = InputLayer((3,))
    assert layer.input == [] and layer.output.shape == (None, 3)


def test_layers_that_are_kept_keep_no_model(backend):
    model = functional()
    kept, dropped = model.get_layer("head"), weakref.ref(model)
    other = weakref.ref(Model(model.inputs, Dense(3)(kept.output)))
    del model
    gc.collect()
    assert dropped() is None and other() is None and kept.output.shape == (None, 2)
    kept = weakref.ref(kept)
    gc.collect()
    assert kept() is None


def test_only_the_first_of_many_graphs_is_kept(backend):
    shared = Dense(3)
    first = shared(Input((3,)))
    later = [weakref.ref(shared(Input((3,)))) for _ in range(5)]
    gc.collect()
    assert shared.output is first and not any(ref() for ref in later)


# Models from the middle of a graph.


def test_a_model_from_the_middle_of_a_graph_has_inputs_of_its_own(backend):
    x = Input((3,))
    hidden = Dense(2, name="first")(x)
    output = Dense(1, name="second")(hidden)
    model = Model(hidden, output)
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Dense"]
    assert model.input_shape == (None, 2) and model.get_layer("second").output is output
    data = np.ones((4, 2), "float32")
    expected = values(model.get_layer("second")(data))
    for each in (model, reloaded(model), pickle.loads(pickle.dumps(model)), clone_model(model)):
        each.set_weights(model.get_weights())
        assert isinstance(each, Functional) and [layer.name for layer in each.layers][1:] == ["second"]
        np.testing.assert_allclose(values(each(data)), expected, rtol=1e-6)


def test_it_can_start_both_there_and_at_an_input(backend):
    x = Input((3,), name="x")
    hidden = Dense(2, name="first")(x)
    model = Model([hidden, x], {"sum": Add()([Dense(3)(hidden), x])})
    assert model.inputs[1] is x and len(model.layers) == 4
    assert model([np.ones((4, 2), "float32"), np.ones((4, 3), "float32")])["sum"].shape == (4, 3)
