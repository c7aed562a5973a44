"""The arguments that a layer without `get_config` was made with: they go with its copies, pickles, clones and files."""

from __future__ import annotations

import copy
import gc
import pickle
import warnings
import weakref

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.files.model_file import load_model, save_model
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.regularization.dropout import Dropout
from kcore_layers.models.cloning import clone_model
from kcore_layers.options import initializers
from kcore_layers.serialization.objects import (
    SerializationError,
    deserialize_keras_object,
    register_keras_serializable,
    serialize_keras_object,
)
from kcore_ops.foundation.errors import ArgumentError

X = np.ones((2, 3), "float32")


@register_keras_serializable("arguments")
class Scale(Layer):
    def __init__(self, factor=1, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, shape):
        self.offset = self.add_weight(shape=(shape[-1],))

    def call(self, x):
        return x * self.factor + self.offset


@register_keras_serializable("arguments")
class Around(Layer):
    """Layers given as arguments: held in attributes, in a list, and within a model."""

    def __init__(self, inner, rest=(), initializer=None, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner
        self.rest = list(rest)
        self.initializer = initializer

    def call(self, x):
        for layer in (self.inner, *self.rest):
            x = layer(x)
        return x


@register_keras_serializable("arguments")
class Forgetful(Layer):
    """Takes anything, and keeps nothing."""

    def __init__(self, value=None, **kwargs):
        super().__init__(**kwargs)

    def call(self, x):
        return x


@register_keras_serializable("arguments")
class Net(Model):
    def __init__(self, units, factor=1, **kwargs):
        super().__init__(**kwargs)
        self.dense = Dense(units)
        self.scale = Scale(factor)

    def call(self, x):
        return self.scale(self.dense(x))


@register_keras_serializable("arguments")
class ScaledDense(Dense):
    """Derives from a class that has a `get_config`, which does not know `factor`."""

    def __init__(self, units, factor=1, **kwargs):
        super().__init__(units, **kwargs)
        self.factor = factor

    def call(self, x):
        return super().call(x) * self.factor


@register_keras_serializable("arguments")
class Positional(Layer):
    def __init__(self, *sizes, **kwargs):
        super().__init__(**kwargs)

    def call(self, x):
        return x


def deep(value):
    return copy.deepcopy(value)


def pickled(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301


COPIES = pytest.mark.parametrize("copied", [deep, pickled, lambda each: deep(pickled(deep(each)))])


def saved(model, tmp_path):
    save_model(model, tmp_path / "model.keras")
    return load_model(tmp_path / "model.keras")


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


@COPIES
def test_a_copy_that_is_saved_has_the_arguments_of_the_original(backend, tmp_path, copied):
    model = Sequential([Input((3,)), Scale(5)])
    again = saved(copied(model), tmp_path)
    assert again.layers[0].factor == 5
    np.testing.assert_array_equal(numbers(again(X)), numbers(model(X)))


@COPIES
def test_so_has_a_clone_of_a_copy(backend, copied):
    assert clone_model(copied(Sequential([Input((3,)), Scale(factor=5)]))).layers[0].factor == 5


@COPIES
def test_a_subclassed_model_keeps_its_arguments(backend, tmp_path, copied):
    model = Net(2, factor=3)
    model(X)
    again = saved(copied(model), tmp_path)
    assert (again.dense.units, again.scale.factor) == (2, 3)
    np.testing.assert_array_equal(numbers(again(X)), numbers(model(X)))


@COPIES
def test_layers_given_as_arguments_are_made_again_with_their_weights(backend, tmp_path, copied):
    model = Sequential([Input((3,)), Around(Around(Scale(2), [Dense(3), Scale(4)]), initializer=initializers.Ones())])
    again = saved(copied(model), tmp_path)
    inner = again.layers[0].inner
    assert (inner.inner.factor, inner.rest[0].units, inner.rest[1].factor) == (2, 3, 4)
    assert isinstance(again.layers[0].initializer, initializers.Ones)
    np.testing.assert_array_equal(numbers(again(X)), numbers(model(X)))


@COPIES
def test_a_layer_given_to_two_others_is_one_layer_afterwards(backend, tmp_path, copied):
    shared = Dense(3)
    again = saved(copied(Sequential([Input((3,)), Around(shared), Around(shared)])), tmp_path)
    assert again.layers[0].inner is again.layers[1].inner
    assert len(again.weights) == 2


@COPIES
def test_the_config_says_what_a_held_layer_is_now(backend, copied):
    layer = Around(Dense(3))
    layer.inner.trainable = False
    again = copied(layer)
    again.inner.name = "renamed"
    data = again.get_config()["inner"]["config"]
    assert (data["trainable"], data["name"]) == (False, "renamed")


def test_a_list_that_is_changed_later_is_in_the_config_as_it_was(backend):
    value = [1, {"sizes": [2]}]
    layer = Forgetful(value)
    value[1]["sizes"].append(3)
    value.append(4)
    assert layer.get_config()["value"] == [1, {"sizes": [2]}]


def test_an_array_that_is_changed_later_is_in_the_config_as_it_was(backend):
    value = np.ones(2)
    layer = Forgetful(value)
    value[:] = 7
    assert deserialize_keras_object(layer.get_config()["value"]).tolist() == [1.0, 1.0]


def test_a_config_that_is_changed_leaves_the_arguments_alone(backend):
    layer = Forgetful({"layer": Dense(3), "sizes": [1]})
    layer.get_config()["value"]["layer"]["config"]["units"] = 7
    layer.get_config()["value"]["sizes"].append(2)
    value = layer.get_config()["value"]
    assert (value["layer"]["config"]["units"], value["sizes"]) == (3, [1])


def test_an_argument_that_the_layer_does_not_hold_is_not_kept_alive(backend):
    inner, array, tensor = Dense(3), np.ones(3, "float32"), ops.convert_to_tensor(np.ones(3, "float32"))
    there = [weakref.ref(inner), weakref.ref(array)]
    layer = Forgetful([inner, array, tensor])
    if hasattr(type(tensor), "__weakref__"):
        there.append(weakref.ref(tensor))
    del inner, array, tensor
    gc.collect()
    assert [each() for each in there] == [None] * len(there)
    data = layer.get_config()["value"]
    assert data[0]["config"]["units"] == 3
    assert deserialize_keras_object(data[1]).tolist() == [1.0, 1.0, 1.0]
    assert numbers(deserialize_keras_object(data[2])).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("value", "what"), [(object(), "a object"), ([{1, 2}], "a set"), ({"a": 1j}, "a complex")])
def test_what_can_not_be_written_is_an_error_only_when_the_config_is_asked_for(backend, value, what):
    layer = deep(Forgetful(value))
    problem = f"Forgetful has no get_config, and its argument value is no plain data: {what}"
    with pytest.raises(ArgumentError, match=rf"{problem}[\s\S]*fix: define Forgetful.get_config"):
        layer.get_config()


def test_what_can_not_be_pickled_and_is_not_held_does_not_keep_the_layer_from_being_pickled(backend):
    def local(x):
        return x

    for value in (iter([]), [lambda x, y=local: y(x)], {"a": (x for x in ())}):
        again = pickled(Forgetful(value))
        with pytest.raises(
            ArgumentError, match="argument value is no plain data: a (list_iterator|function|generator)"
        ):
            again.get_config()


def test_a_container_that_contains_itself_is_an_error_only_when_the_config_is_asked_for(backend):
    value = []
    value.append(value)
    with pytest.raises(ArgumentError, match="a list that contains itself"):
        Forgetful(value).get_config()


def test_making_a_layer_of_a_lambda_warns_of_nothing_and_saving_it_does(backend):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer = pickled(Forgetful(lambda x: x + 1))
        data = serialize_keras_object(layer)
    assert data["config"]["value"]["class_name"] == "__lambda__"
    with pytest.raises(SerializationError, match="the data holds a lambda"):
        deserialize_keras_object(data)
    held = Around(inner := Dense(1), initializer=lambda shape, dtype: 0)
    with pytest.warns(UserWarning, match="a lambda is saved as code"):
        held.get_config()
    assert inner.units == 1


@COPIES
def test_a_class_derived_from_a_builtin_one_keeps_the_arguments_it_adds(backend, tmp_path, copied):
    model = Sequential([Input((3,)), ScaledDense(2, factor=5, activation="relu")])
    again = saved(copied(model), tmp_path)
    assert again.layers[0].factor == 5
    assert again.layers[0].get_config() == model.layers[0].get_config()
    np.testing.assert_array_equal(numbers(again(X)), numbers(model(X)))


def test_arguments_without_names_are_an_error_when_the_config_is_asked_for(backend):
    assert Positional(name="none").get_config()["name"] == "none"
    with pytest.raises(ArgumentError, match=r"Positional has no get_config, and takes sizes by position only"):
        Positional(1, 2).get_config()


def test_tensors_of_a_graph_being_traced_do_no_harm(backend):
    if "jit" not in backend.capabilities:
        return
    backend.jit(lambda x: Forgetful(x)(x))(ops.convert_to_tensor(X))


def test_classes_that_describe_themselves_keep_no_arguments(backend):
    assert [layer._kcore_arguments for layer in (Dense(1), Dropout(0.5), Sequential([Dense(1)]))] == [None] * 3


@register_keras_serializable("arguments")
class Graph(Model):
    def __init__(self, inputs, outputs, factor=1, **kwargs):
        super().__init__(inputs, outputs, **kwargs)
        self.factor = factor


@register_keras_serializable("arguments")
class Chain(Sequential):
    def __init__(self, layers=None, initializer=None, **kwargs):
        super().__init__(layers, **kwargs)
        self.initializer = initializer


@COPIES
def test_kinds_of_models_keep_the_arguments_that_they_add(backend, tmp_path, copied):
    x = Input((3,))
    model = saved(copied(Graph(x, Dense(2)(x), factor=5, trainable=False)), tmp_path)
    assert (model.factor, model.trainable, len(model.layers)) == (5, False, 2)
    chain = Chain([Input((3,)), Dense(2)], initializer=initializers.Constant(3.0))
    again = saved(copied(chain), tmp_path)
    assert again.initializer.get_config() == {"value": 3.0}
    np.testing.assert_array_equal(numbers(again(X)), numbers(chain(X)))
