"""Arguments of save_model, load_model, save_weights and load_weights, and models of unusual shapes in files."""

from __future__ import annotations

import copy
import pickle
import warnings

import h5py
import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.files.model_file import load_model, save_model
from kcore_layers.files.weights_file import load_weights, save_weights
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.regularization.dropout import Dropout
from kcore_layers.serialization.objects import (
    deserialize_keras_object,
    register_keras_serializable,
    serialize_keras_object,
)
from kcore_ops.foundation.errors import ArgumentError
from kcore_train import optimizers

X = np.ones((2, 3), "float32")


def compiled(units=2):
    model = Sequential([Input((3,)), Dense(units, name="first"), Dense(1, name="second")])
    model.compile(optimizers.Adam(1e-3), "mse")
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(7)
    return model


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.weights.h5"


def entries(path):
    with h5py.File(path) as file:
        found = []
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found


# Unbuilt models.


@register_keras_serializable("saving")
class Lazy(Model):
    def __init__(self, units=1, **kwargs):
        super().__init__(**kwargs)
        self.dense = Dense(units)

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize("make", [lambda: Sequential([Dense(4), Dropout(0.5)]), lambda: Lazy(4)])
@pytest.mark.parametrize("is_compiled", [False, True])
def test_a_model_that_is_not_built_is_saved_with_a_warning_and_comes_back_as_it_was(
    backend, tmp_path, make, is_compiled
):
    model = make()
    if is_compiled:
        model.compile("adam", "mse")
    with pytest.warns(UserWarning, match="is not built: it has no weights yet, and is saved without"):
        save_model(model, tmp_path / "net.keras")
    again = load_model(tmp_path / "net.keras")
    assert (again.built, again.compiled, again.weights) == (False, is_compiled, [])
    assert again(X).shape == (2, 4)


def test_weights_of_a_model_that_is_not_built_are_neither_saved_nor_loaded(backend, path):
    for call in (save_weights, load_weights):
        with pytest.raises(ArgumentError, match='model "raw" is not built, and has no weights yet'):
            call(Sequential([Dense(1)], name="raw"), path)


# Arguments.


def test_without_its_optimizer_a_model_comes_back_with_one_that_begins_anew(backend, tmp_path):
    model = compiled()
    iterations = {}
    for include in (True, False):
        model.save(tmp_path / "net.keras", include_optimizer=include)
        iterations[include] = int(load_model(tmp_path / "net.keras").optimizer.iterations.numpy())
    assert iterations == {True: 7, False: 0}


def test_compile_false_leaves_the_optimizer_out(backend, tmp_path):
    compiled().save(tmp_path / "net.keras")
    assert load_model(tmp_path / "net.keras", compile=False).optimizer is None


def test_objects_to_skip_are_not_written(backend, path):
    model = compiled()
    model.save_weights(path, objects_to_skip=[model.layers[0], model.optimizer])
    assert entries(path) == ["layers/dense_1/vars/0", "layers/dense_1/vars/1"]


@pytest.mark.parametrize("which", ["layer", "optimizer", "model"])
def test_objects_to_skip_keep_what_they_have(backend, path, which):
    model, other = compiled(), compiled()
    other.optimizer.iterations.assign(1)
    model.save_weights(path)
    before = [v.numpy() for v in other.weights]
    skipped = {"layer": other.layers[0], "optimizer": other.optimizer, "model": other}[which]
    other.load_weights(path, objects_to_skip=[skipped])
    changed = [not np.array_equal(v.numpy(), old) for v, old in zip(other.weights, before, strict=True)]
    assert changed == {"layer": [False] * 2 + [True, False], "model": [False] * 4}.get(which, [True, False] * 2)
    assert int(other.optimizer.iterations.numpy()) == (7 if which == "layer" else 1)


def test_objects_to_skip_need_not_fit(backend, path):
    compiled(2).save_weights(path)
    other = compiled(5)
    with pytest.raises(ArgumentError, match="layers/dense/vars/0: shape"):
        other.load_weights(path)
    other.load_weights(path, objects_to_skip=[*other.layers, other.optimizer])


def test_an_object_to_skip_that_the_model_does_not_hold_is_an_error_and_nothing_is_written(backend, path):
    model = compiled()
    with pytest.raises(ArgumentError, match="the model does not hold <Dense name=stranger"):
        model.save_weights(path, objects_to_skip=[Dense(1, name="stranger")])
    assert not path.exists()
    model.save_weights(path)
    with pytest.raises(ArgumentError, match="the model does not hold 3"):
        model.load_weights(path, objects_to_skip=[3])


def test_unknown_arguments_are_refused_by_name_before_anything_is_written(backend, tmp_path, path):
    model = compiled()
    for call, match in (
        (lambda: model.save(tmp_path / "net.keras", nonsense=1), "in save_model\n  there is no argument 'nonsense'"),
        (lambda: model.save(tmp_path / "net.keras", save_format="h5"), "its name says the format"),
        (lambda: model.save(tmp_path / "net.keras", zipped=False), "and zipped is False"),
        (lambda: model.save_weights(path, nonsense=1), "in save_weights\n  there is no argument 'nonsense'"),
        (lambda: model.save_weights(path, max_shard_size="1"), "max_shard_size"),
        (lambda: model.load_weights(path, nonsense=1), "in load_weights\n  there is no argument 'nonsense'"),
        (lambda: model.load_weights(path, by_name=True), "'by_name'\n  fix: leave it out: layers are matched by"),
    ):
        with pytest.raises(ArgumentError, match=match):
            call()
    assert list(tmp_path.iterdir()) == []


def test_what_earlier_versions_of_keras_asked_for_is_what_is_done(backend, tmp_path):
    compiled().save(tmp_path / "net.keras", save_format="keras", zipped=True)
    assert load_model(tmp_path / "net.keras").compiled


def test_a_loaded_model_is_compiled_as_the_one_that_was_saved(backend, tmp_path):
    model = compiled()
    model.save(tmp_path / "net.keras")
    again = load_model(tmp_path / "net.keras")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.get_compile_config() == model.get_compile_config()
    assert again.get_config() == model.get_config()


# Paths.


class Plain(Model):
    def __init__(self):
        super().__init__()
        self.dense = Dense(2)
        self.inner = [Around(), Around()]

    def call(self, x):
        for layer in self.inner:
            x = layer(x)
        return self.dense(x)


class Around(Layer):
    def __init__(self):
        super().__init__()
        self.body = Dense(3)

    def call(self, x):
        return self.body(x)


class Renamed(Plain):
    """Holds the same under other names, and has the names of before as properties."""

    def __init__(self):
        Model.__init__(self)
        self.a_dense = Dense(2)
        self.blocks = [Around(), Around()]

    dense = property(lambda self: self.a_dense)
    inner = property(lambda self: self.blocks)


def test_weights_under_the_name_of_a_property_are_loaded_and_so_is_what_lies_beneath(backend, path):
    first, second = Plain(), Renamed()
    first(X), second(X)
    for one, other in ((first, second), (second, Renamed())):
        other(X)
        one.save_weights(path)
        other.load_weights(path)
        np.testing.assert_array_equal(ops.convert_to_numpy(one(X)), ops.convert_to_numpy(other(X)))


def test_what_the_file_has_under_no_name_of_an_object_is_missing_under_its_first(backend, path):
    first, second = Plain(), Renamed()
    first(X), second(X)
    first.save_weights(path, objects_to_skip=[first.dense])
    with pytest.raises(ArgumentError, match="1 entry does not fit[^\n]*\n *a_dense/vars: missing in the file"):
        second.load_weights(path)


class Loop(Model):
    def __init__(self):
        super().__init__()
        self.table = {"dense": Dense(2)}
        self.table["self"] = self.table
        ring = [Dense(3)]
        ring.append({"ring": ring})
        self.ring = ring

    def call(self, x):
        return self.table["self"]["dense"](self.ring[1]["ring"][0](x))


def test_containers_that_contain_themselves_are_tracked_copied_and_saved(backend, path):
    model = Loop()
    y = ops.convert_to_numpy(model(X))
    assert len(model.weights) == 4
    assert model.ring[1]["ring"] is model.ring
    model.save_weights(path)
    others = [Loop(), copy.deepcopy(model), pickle.loads(pickle.dumps(model))]  # noqa: S301
    for other in others:
        other(X)
        other.load_weights(path)
        np.testing.assert_array_equal(ops.convert_to_numpy(other(X)), y)
        assert other.table["self"] is other.table
        assert len(other.weights) == 4


# Names of classes and functions.


def data_of(thing, **changes):
    return {**serialize_keras_object(thing), **changes}


@register_keras_serializable("somebody", name="Dense")
class OtherDense(Dense):
    pass


def test_a_registered_name_says_which_class_is_meant(backend):
    for changes in ({}, {"registered_name": "Dense"}, {"module": "keras.src.layers.core.dense"}):
        assert type(deserialize_keras_object(data_of(Dense(1), **changes))).__name__ == "Dense"
    assert isinstance(deserialize_keras_object(data_of(Dense(1), registered_name="somebody>Dense")), OtherDense)


@pytest.mark.parametrize(
    "changes",
    [
        {"registered_name": "nobody>Dense"},
        {"registered_name": "nobody>Dense", "module": None},
        {"registered_name": "nobody>Dense", "module": "keras.src.layers.core.dense"},
        {"registered_name": "Dense", "module": None},
    ],
)
def test_one_of_our_own_is_not_taken_for_a_class_of_somebody_else(backend, changes):
    with pytest.raises(ValueError, match="a class Dense that is registered as '(nobody>)?Dense', which is not known"):
        deserialize_keras_object(data_of(Dense(1), **changes))


def test_one_of_our_own_is_not_taken_for_a_function_of_somebody_else():
    data = {"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "nobody>relu"}
    with pytest.raises(ValueError, match="a function relu that is registered as 'nobody>relu', which is not known"):
        deserialize_keras_object(data)
    assert deserialize_keras_object({**data, "registered_name": "function"}).__name__ == "relu"


# Names and attributes in HDF5.


def damaged(path, change):
    compiled().save_weights(path)
    with h5py.File(path, "r+") as file:
        change(file)


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.create_group(b"\xff\xfe"),
        lambda file: file["layers"].create_group(b"d\xe9nse"),
        lambda file: file["layers/dense/vars"].create_dataset(b"\xc3", data=1.0),
    ],
)
def test_a_name_that_is_not_utf8_is_refused_and_shown(backend, path, change):
    damaged(path, change)
    model = compiled()
    before = model.get_weights()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ArgumentError, match=r"a name in it is not UTF-8: b'"):
            model.load_weights(path)
    for found, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)
