"""Loading a model draws no numbers for weights that come from the file, and nobody can tell."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from kcore_layers import Input, Model, Sequential
from kcore_layers.base.random_seed import set_random_seed
from kcore_layers.files import load_model, model_from_json
from kcore_layers.layers import LSTM, Bidirectional, Dense, Embedding, SpectralNormalization
from kcore_layers.options.initializers.variance_scaling import VarianceScaling
from kcore_layers.serialization.registry import register_keras_serializable
from kcore_ops.foundation.errors import ArgumentError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.keras"


@pytest.fixture
def draws(monkeypatch):
    """How often numbers were drawn, by shape."""
    found = []
    draw = VarianceScaling.draw

    def counted(self, rng, shape, dtype):
        found.append(shape)
        return draw(self, rng, shape, dtype)

    monkeypatch.setattr(VarianceScaling, "draw", counted)
    return found


def net():
    x = Input((4,), dtype="int32")
    y = Bidirectional(LSTM(3))(Embedding(5, 2)(x))
    return Model(x, Dense(2)(SpectralNormalization(Dense(3))(y)))


@register_keras_serializable("first_values")
class Looking(Dense):
    """A layer whose `build` looks at what its weight is at first."""

    def build(self, input_shape):
        super().build(input_shape)
        self.first = self.kernel.numpy().copy()


def test_nothing_is_drawn_where_all_is_of_kcore(backend, path, draws):
    model = net()
    model.save(path)
    assert draws != []
    draws.clear()
    loaded = load_model(path)
    assert draws == []
    for v, other in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(v.numpy(), other.numpy())
    assert [v.dtype for v in model.weights] == [v.dtype for v in loaded.weights]


def test_what_is_drawn_later_is_what_it_would_have_been(backend, path):
    model = net()
    model.save(path)
    after = []
    for load in (lambda: load_model(path), lambda: model_from_json(model.to_json())):
        set_random_seed(3)
        load()
        after.append(Sequential([Input((3,)), Dense(2)]).get_weights()[0])
    assert np.abs(after[0]).min() > 0
    np.testing.assert_array_equal(*after)


def test_code_of_users_sees_what_is_drawn(backend, path, draws):
    model = Sequential([Input((3,)), Dense(4), Looking(2)])
    model.save(path)
    draws.clear()
    loaded = load_model(path)
    assert draws == [(3, 4), (4, 2)]
    assert np.abs(loaded.layers[1].first).min() > 0
    np.testing.assert_array_equal(loaded.get_weights()[2], model.get_weights()[2])


def test_a_class_of_users_in_the_place_of_one_of_kcore_sees_what_is_drawn(backend, path):
    Sequential([Input((3,)), Dense(2)]).save(path)
    loaded = load_model(path, custom_objects={"Dense": Looking, "keras.layers>Dense": Looking})
    for layer in loaded.layers:
        assert not isinstance(layer, Looking) or np.abs(layer.first).min() > 0


def test_a_weight_that_the_file_lacks_is_an_error(backend, path):
    model = Sequential([Input((3,)), Dense(2, name="d")])
    model.save(path)
    other = Sequential([Input((3,)), Dense(2, name="d", use_bias=False)])
    other.save(path.with_name("other.keras"))
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(path.with_name("other.keras")) as others:
        parts = {name: archive.read(name) for name in archive.namelist()}
        parts["model.weights.h5"] = others.read("model.weights.h5")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(ArgumentError, match="layers/dense/vars/1: missing in the file"):
        load_model(path)
