"""`Sequential`: layers one after the other, added and taken away."""

from __future__ import annotations

import copy
import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.layers import BatchNormalization, Dense, Dropout
from kcore_ops.foundation.errors import ArgumentError, ShapeError

X = np.arange(6, dtype="float32").reshape(2, 3)


def values(x):
    return ops.convert_to_numpy(x)


def net(**kwargs):
    return Sequential([Input((3,)), Dense(4, name="a"), Dense(2, name="b")], name="net", **kwargs)


def test_it_runs_the_layers_in_order(backend):
    model = net()
    a, b = model.layers
    np.testing.assert_allclose(values(model(X)), values(b(a(X))), rtol=1e-6)
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 2))
    assert [w.path for w in model.weights] == ["net/a/kernel", "net/a/bias", "net/b/kernel", "net/b/bias"]


def test_without_an_input_it_is_built_by_the_first_call_for_batches_of_any_size(backend):
    model = Sequential([Dense(2)])
    with pytest.raises(
        AttributeError, match='the shapes of "sequential.*" are not known before it is built\n  fix: add an Input'
    ):
        model.output_shape  # noqa: B018 (it raises)
    model(X)
    assert model.output_shape == (None, 2)
    assert tuple(model(np.ones((5, 3), "float32")).shape) == (5, 2)


def test_layers_are_added_and_taken_away(backend):
    model = net()
    model.add(Dense(1, name="c"))
    assert model.output_shape == (None, 1)
    assert model.pop().name == "c"
    assert model.output_shape == (None, 2)
    assert tuple(model(X).shape) == (2, 2)
    assert [layer.name for layer in model.layers] == ["a", "b"]
    empty = Sequential()
    with pytest.raises(ArgumentError, match="in Sequential.pop\n  there is no layer to take away"):
        empty.pop()


def test_a_layer_in_an_attribute_is_state_and_does_not_run(backend):
    model = net()
    before = values(model(X))
    model.head = Dense(7, name="head")
    model.head.build((None, 3))
    np.testing.assert_array_equal(values(model(X)), before)
    assert [layer.name for layer in model.layers] == ["a", "b"]
    assert "head" in {w.path.split("/")[-2] for w in model.weights}
    model.add(Dense(1, name="c"))
    assert tuple(model(X).shape) == (2, 1)
    model.head = None
    assert len(model.weights) == 6


def test_what_is_not_a_layer_is_refused(backend):
    with pytest.raises(ArgumentError, match="made of layers, and 3 is a int\n  fix: pass a layer"):
        Sequential([3])
    with pytest.raises(ArgumentError, match="(?s)is a .*function.*fix: wrap a function in Lambda"):
        Sequential([lambda x: x])
    with pytest.raises(ArgumentError, match="two layers are named 'a'\n  fix: pass name= to one"):
        Sequential([Dense(1, name="a"), Dense(1, name="a")])
    with pytest.raises(ArgumentError, match="an Input can only be the first layer"):
        Sequential([Dense(1), Input((3,))])
    with pytest.raises(AttributeError, match="layers can not be set"):
        net().layers = []


def test_a_wrong_shape_is_named(backend):
    with pytest.raises(ShapeError, match=r"(?s)\(2, 5\)"):
        net()(np.ones((2, 5), "float32"))


def test_it_is_the_same_model_after_its_config_a_copy_and_a_pickle(backend):
    model = net()
    expected = values(model(X))
    again = Sequential.from_config(model.get_config())
    again.set_weights(model.get_weights())
    for other in (again, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert isinstance(other, Sequential)
        np.testing.assert_array_equal(values(other(X)), expected)
        assert [w.path.removeprefix("net/") for w in other.weights] == ["a/kernel", "a/bias", "b/kernel", "b/bias"]
        other.layers[0].kernel.assign(np.zeros((3, 4)))
        np.testing.assert_array_equal(values(model(X)), expected)


def test_it_tells_layers_inside_whether_they_train(backend):
    model = Sequential([Input((3,)), Dropout(0.9, seed=1), BatchNormalization()])
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    np.testing.assert_allclose(values(model(x)), x / np.sqrt(1.001), rtol=1e-5)
    model(x, training=True)
    assert not (model.layers[1].moving_mean.numpy() == 0).all()


def test_it_can_be_part_of_another(backend):
    inner = net()
    outer = Sequential([Input((3,)), inner, Dense(1)])
    assert outer.output_shape == (None, 1)
    assert [w.path for w in outer.weights][:2] == ["net/a/kernel", "net/a/bias"]
    assert len(outer.weights) == 6
