"""Whose an attribute's name is: the user's, unless the library or the framework calls it."""

import numpy as np
import pytest
from kcore_layers import Model
from kcore_layers.base.layer import Layer
from kcore_layers.layers import Dense
from kcore_ops import Variable, convert_to_numpy

X = np.ones((2, 3), "float32")
# What the library keeps for itself was called so once, or is so in other libraries.
FREE = (
    "backend build_for graph input locate loss output start sublayers trainer "
    "_flatten _input _layers _lists _losses _metrics _path _stack _trainer submodules summary"
).split()
TAKEN = ["add_weight", "losses", "metrics", "name", "path", "trainable", "variables", "_kcore_layers"]


def named(name, kind=Model):
    class Host(kind):
        def __init__(self):
            super().__init__()
            setattr(self, name, Dense(2))

        def call(self, x):
            return getattr(self, name)(x)

    return Host()


@pytest.mark.parametrize("name", FREE)
def test_a_layer_may_be_called_anything_and_is_trained_saved_and_copied(backend, name, tmp_path):
    host, other = named(name), named(name)
    y = convert_to_numpy(host(X))
    assert len(host.trainable_variables) == 2
    host.save_weights(tmp_path / "host.weights.h5")
    assert np.abs(convert_to_numpy(other(X)) - y).max() > 0
    other.load_weights(tmp_path / "host.weights.h5")
    assert np.array_equal(convert_to_numpy(other(X)), y)


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("kind", [Layer, Model])
def test_a_name_that_is_needed_is_refused_as_it_is_assigned(backend, kind, name):
    with pytest.raises(AttributeError, match=f"'{name}' can not be the name of an attribute that holds layers"):
        named(name, kind)


def test_what_holds_no_state_may_take_the_place_of_a_method(backend):
    layer = Dense(2)
    layer.call = lambda x: x * 2
    assert np.array_equal(convert_to_numpy(layer(X)), 2 * X)


@pytest.mark.parametrize("value", [lambda: [Dense(1)], lambda: {"a": Dense(1)}, lambda: Variable(1.0)])
def test_lists_dicts_and_variables_are_held_to_it_too(backend, value):
    layer = Dense(2)
    with pytest.raises(AttributeError, match="'losses' can not be the name"):
        layer.losses = value()


def test_the_librarys_own_names_are_keras_s_or_begin_with_its_prefix(backend):
    keras_s = {
        "activity_regularizer",  # an attribute of Keras's instances
        "_flatten_layers",  # which users call, though it is private there
    }
    layer, plain = Dense(2), set(dir(object))
    module = backend.modules and backend.modules.base
    theirs = set() if module is None else {*dir(module), *module().__dict__}
    found = [name for name in dir(Layer) if name not in plain | keras_s and not name.startswith("_")]
    own = [n for n in {*dir(Layer), *layer.__dict__} if n.startswith("_") and n not in plain | keras_s | theirs]
    assert sorted(n for n in own if not n.startswith(("_kcore_", "__"))) == []
    assert {"start", "locate", "backend", "trainer"}.isdisjoint(found)
