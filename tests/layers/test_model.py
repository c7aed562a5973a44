"""`Model`: its layers by name, its state as a tree, and what needs a trainer."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Functional, Input, Model, Sequential
from kcore_layers.layers import BatchNormalization, Dense
from kcore_ops.foundation.errors import ArgumentError

X = np.ones((2, 3), "float32")


class Net(Model):
    def __init__(self, units=2, name="net", **kwargs):
        super().__init__(name=name, **kwargs)
        self.hidden = Dense(units, name="hidden")
        self.norm = BatchNormalization(name="norm")

    def call(self, x):
        return self.norm(self.hidden(x))


def test_layers_are_found_by_name_and_place(backend):
    model = Net()
    assert model.get_layer("norm") is model.get_layer(index=1) is model.get_layer(index=-1) is model.norm
    with pytest.raises(ArgumentError, match="in get_layer\n  there is no layer 'lost'\n  fix: use one of hidden, norm"):
        model.get_layer("lost")
    with pytest.raises(ArgumentError, match="there are 2 layers and index is 2"):
        model.get_layer(index=2)
    with pytest.raises(ArgumentError, match="one of name and index is needed"):
        model.get_layer()
    with pytest.raises(
        AttributeError, match='in model "net"\n  layers can not be set\n  fix: use another attribute name'
    ):
        model.layers = []


def test_a_subclass_knows_its_weights_by_path(backend):
    model = Net()
    model(X)
    assert [w.path for w in model.trainable_weights] == [
        "net/hidden/kernel", "net/hidden/bias", "net/norm/gamma", "net/norm/beta",
    ]  # fmt: skip
    assert [w.path for w in model.non_trainable_weights] == ["net/norm/moving_mean", "net/norm/moving_variance"]


def test_a_model_takes_symbolic_tensors_and_nothing_else(backend):
    with pytest.raises(ArgumentError, match=r"Model takes inputs and outputs, symbolic tensors, and was given \(3,\)"):
        Model(3)
    with pytest.raises(ArgumentError, match="Model has no argument 'units'"):
        Model(units=3)


def test_the_state_is_a_tree_by_path(backend):
    model = Net()
    model(X)
    state = model.get_state_tree("numpy_array")
    assert sorted(state["trainable_variables"]["net"]) == ["hidden", "norm"]
    assert state["trainable_variables"]["net"]["hidden"]["kernel"].shape == (3, 2)
    state["trainable_variables"]["net"]["hidden"]["kernel"][:] = 7
    model.set_state_tree(state)
    assert (model.hidden.kernel.numpy() == 7).all()
    wrong = {"trainable_variables": {"net": {"hidden": {"kernel": np.zeros((3, 2)), "lost": 0}}}}
    with pytest.raises(
        ArgumentError, match="in set_state_tree\n  the model has no trainable_variables/net/hidden/lost"
    ):
        model.set_state_tree(wrong)
    assert (model.hidden.kernel.numpy() == 7).all()
    with pytest.raises(ArgumentError, match="value_format can not be 'text'"):
        model.get_state_tree("text")


def test_a_model_is_made_of_its_config(backend):
    model = Net(units=5)
    again = Net.from_config(model.get_config())
    again(X)
    assert again.hidden.units == 5 and again.name == "net"
    x = Input((3,))
    functional = Model.from_config(Model(x, Dense(1)(x)).get_config())
    assert isinstance(functional, Functional)


def test_a_model_is_text(backend):
    model = Sequential([Input((3,)), Dense(2, name="d")], name="net")
    assert '"class_name": "Sequential"' in model.to_json()
    assert repr(model) == "<Sequential name=net, built=True>"


def test_stateless_calls_are_pure(backend):
    model = Net()
    model(X)
    before = model.get_weights()
    trainable = [v.value * 0 for v in model.trainable_variables]
    rest = [v.value for v in model.non_trainable_variables]
    y, after = model.stateless_call(trainable, rest, X, training=True)
    assert (ops.convert_to_numpy(y) == 0).all()
    assert len(after) == 2
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.needs("jit")
def test_stateless_calls_can_be_compiled(backend):
    model = Net()
    expected = ops.convert_to_numpy(model(X))
    call = ops.jit(lambda trainable, rest, x: model.stateless_call(trainable, rest, x)[0])
    trainable = [v.value for v in model.trainable_variables]
    rest = [v.value for v in model.non_trainable_variables]
    found = ops.convert_to_numpy(call(trainable, rest, ops.convert_to_tensor(X)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
