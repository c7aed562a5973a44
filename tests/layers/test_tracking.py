"""A layer finds the state that is assigned to it: layers, variables, metrics and seed generators, in containers too."""

from __future__ import annotations

import copy

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Layer, Model, Sequential
from kcore_layers.layers import Dense, Dropout
from kcore_ops import Variable, tree
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.random.seeds import SeedGenerator


class Holder(Layer):
    def call(self, x):
        return x


def names(layer):
    return [each.name for each in layer._kcore_layers]


def dense(name):
    return Dense(1, name=name)


def test_layers_come_in_the_order_they_were_first_assigned(backend):
    holder = Holder()
    holder.b, holder.a = dense("b"), dense("a")
    holder.b = holder.b
    holder.again = holder.a
    assert names(holder) == ["b", "a"]


def test_what_is_replaced_or_deleted_is_no_longer_part_of_the_state(backend):
    holder = Holder()
    holder.a, holder.b = dense("a"), dense("b")
    holder.a = dense("c")
    assert names(holder) == ["b", "c"]
    del holder.b
    holder.c = None
    assert names(holder) == ["c"]
    holder.a = 3
    assert names(holder) == []


def test_layers_in_containers_are_found_as_the_containers_change(backend):
    holder = Holder()
    holder.listed = [dense("a"), [dense("b")], 3, None]
    holder.named = {"x": dense("c"), "y": (dense("d"), "text")}
    assert names(holder) == ["a", "b", "c", "d"]
    holder.listed.append(dense("e"))
    holder.listed[1].append(dense("f"))
    holder.named["z"] = dense("g")
    assert names(holder) == ["a", "b", "c", "d", "e", "f", "g"]
    del holder.listed[0]
    holder.named.pop("y")
    holder.listed += [dense("h")]
    assert names(holder) == ["b", "c", "e", "f", "g", "h"]
    holder.listed.clear()
    assert names(holder) == ["c", "g"]


def test_containers_that_a_layer_tracks_are_structures_like_any_other(backend):
    layer = Layer()
    layer.sizes = {"b": [3, 4], "a": (5, {"c": 6})}
    assert tree.flatten(layer.sizes) == [5, 6, 3, 4]
    doubled = tree.map_structure(lambda size: 2 * size, layer.sizes)
    assert doubled == {"b": [6, 8], "a": (10, {"c": 12})}
    assert type(doubled) is dict


def test_variables_are_named_after_the_attribute_and_listed_by_kind(backend):
    holder = Holder(name="holder")
    holder.scale = holder.add_weight(shape=(2,), initializer="ones")
    holder.count = holder.add_weight(shape=(), dtype="int32", trainable=False)
    holder.given = holder.add_weight(shape=(), name="named")
    holder.loose = [Variable(np.ones(1, "float32"), name="loose")]
    assert [v.path for v in holder.weights] == ["holder/scale", "holder/named", "loose", "holder/count"]
    assert [v.name for v in holder.trainable_variables] == ["scale", "named", "loose"]
    assert [v.name for v in holder.non_trainable_variables] == ["count"]


def test_a_variable_of_two_layers_is_listed_once(backend):
    outer = Holder()
    outer.inner = Holder()
    outer.mine = outer.inner.theirs = Variable(np.ones(1, "float32"))
    assert len(outer.weights) == 1
    assert outer.count_params() == 1


def test_seed_generators_are_variables_and_no_weights(backend):
    layer = Dropout(0.5)
    assert [v.name for v in layer.variables] == ["seed_generator_state"]
    assert layer.weights == layer.trainable_variables == []
    assert len(layer.non_trainable_variables) == 1
    holder = Holder()
    holder.seeds = [SeedGenerator(1), SeedGenerator(2)]
    assert len(holder.variables) == 2


class Count:
    """A metric, as far as layers can see."""

    name = "count"

    def __init__(self):
        self.variables = [Variable(0.0, trainable=False)]

    def update_state(self):
        self.variables[0].assign_add(1.0)

    def reset_state(self):
        self.variables[0].assign(0.0)


def test_metrics_have_variables_of_their_own(backend):
    outer = Holder()
    outer.inner = Holder()
    outer.inner.count = Count()
    assert outer.metrics == [outer.inner.count]
    assert outer.metrics_variables == outer.inner.count.variables
    assert outer.variables == []


def test_freezing_a_layer_freezes_what_is_inside(backend):
    model = Sequential([Dense(2), Dense(2)])
    model.build((None, 3))
    first, second = model.layers
    first.trainable = False
    assert [v.path for v in model.trainable_variables] == [v.path for v in second.weights]
    assert model.non_trainable_variables == first.weights
    model.trainable = False
    assert model.trainable_variables == [] and not second.trainable
    model.trainable = True
    assert model.trainable_variables == model.weights and first.trainable


def test_weights_are_set_all_or_none(backend):
    layer = Dense(2, name="layer")
    layer.build((None, 3))
    before = layer.get_weights()
    with pytest.raises(
        ArgumentError, match='in set_weights of "layer"\n  1 arrays were given and the layer has 2 weights'
    ):
        layer.set_weights([np.zeros((3, 2))])
    with pytest.raises(
        ValueError, match=r"layer/bias has shape \(2,\) and its array \(3,\)\n  fix: pass arrays of the"
    ):
        layer.set_weights([np.zeros((3, 2)), np.zeros(3)])
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    layer.set_weights([np.ones((3, 2)), np.ones(2)])
    assert all((w == 1).all() for w in layer.get_weights())


def test_a_model_numbers_the_state_it_lists_anew_when_it_changes(backend):
    class Growing(Model):
        def __init__(self):
            super().__init__()
            self.blocks = [Dense(3)]

        def call(self, x):
            for block in self.blocks:
                x = block(x)
            return x

    model = Growing()
    x = np.ones((2, 3), "float32")
    model(x)
    assert len(model.weights) == 2
    model.blocks.append(Dense(3))
    model(x)
    assert len(model.weights) == len(model.trainable_variables) == 4


def native_storage(backend, value):
    """Give what the framework itself trains, or skip where it has no such thing."""
    if backend.modules is None:
        pytest.skip("the framework has nothing of its own that is trained")
    return backend.new_storage(ops.convert_to_tensor(np.asarray(value, "float32")), True)


class OfNatives(Layer):
    """A layer written with the framework's own weights."""

    def __init__(self, storage, **kwargs):
        super().__init__(**kwargs)
        self.native = storage

    def call(self, x):
        return x @ self.native


def test_what_the_framework_trains_is_a_weight_of_the_layer_it_is_set_on(backend):
    storage = native_storage(backend, [[1.0], [2.0]])
    layer = OfNatives(storage)
    x = ops.convert_to_tensor(np.array([[1.0, 1.0]], "float32"))
    assert np.allclose(ops.convert_to_numpy(layer(x)), 3.0)
    assert layer.native is storage
    (weight,) = layer.trainable_variables
    assert weight.name == "native" and weight.shape == (2, 1)
    weight.assign([[2.0], [3.0]])
    assert np.allclose(ops.convert_to_numpy(layer(x)), 5.0)
    assert layer.native is storage


def test_it_is_copied_and_replaced_with_its_layer(backend):
    layer = OfNatives(native_storage(backend, [[1.0], [2.0]]))
    layer(np.ones((1, 2), "float32"))
    copied = copy.deepcopy(layer)
    copied.set_weights([np.zeros((2, 1), "float32")])
    assert np.allclose(layer.get_weights()[0], [[1.0], [2.0]])
    assert np.allclose(ops.convert_to_numpy(copied(np.ones((1, 2), "float32"))), 0.0)
    layer.native = native_storage(backend, [[5.0], [5.0]])
    assert len(layer.weights) == 1 and np.allclose(layer.get_weights()[0], 5.0)


def test_it_can_take_the_place_of_a_layers_own_variable(backend):
    layer = Dense(1, use_bias=False)
    layer.build((None, 2))
    kernel = layer.kernel
    layer.kernel = native_storage(backend, [[1.0], [2.0]])
    assert layer.kernel is kernel and layer.weights == [kernel]
    assert np.allclose(ops.convert_to_numpy(layer(np.ones((1, 2), "float32"))), 3.0)
