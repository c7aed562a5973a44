"""An object in a weight's place: a layer that stands for a tensor, whose parts are trained, and saved, as its own."""

from __future__ import annotations

import kcore as keras
import kcore_ops as ops
import numpy as np
import pytest
from kcore import layers

X = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)


@keras.saving.register_keras_serializable("weights")
class LowRank(layers.Layer):
    """A matrix that is the product of two thin ones."""

    def __init__(self, shape, rank, **kwargs):
        super().__init__(**kwargs)
        self.shape, self.rank = tuple(shape), rank
        self.left = self.add_weight(shape=(shape[0], rank), initializer="glorot_uniform", name="left")
        self.right = self.add_weight(shape=(rank, shape[1]), initializer="glorot_uniform", name="right")
        self.built = True

    def __kcore_value__(self):
        return ops.matmul(self.left, self.right)


@keras.saving.register_keras_serializable("weights")
class Thin(layers.Layer):
    """A layer that computes as with a tensor, and whose weight is an object."""

    def __init__(self, units, rank=2, **kwargs):
        super().__init__(**kwargs)
        self.units, self.rank = units, rank

    def build(self, input_shape):
        self.kernel = LowRank((input_shape[-1], self.units), self.rank, name="kernel")

    def call(self, x):
        return ops.matmul(x, self.kernel)


def network():
    return keras.Sequential([keras.Input((4,)), Thin(3), layers.Dense(2)])


def test_the_parts_of_a_weight_are_weights_of_the_layer(backend):
    layer = network().layers[0]
    assert [v.path.rpartition("/")[2] for v in layer.trainable_variables] == ["left", "right"]
    left, right = layer.get_weights()
    np.testing.assert_allclose(ops.convert_to_numpy(layer(X)), X @ left @ right, rtol=1e-5, atol=1e-6)


@pytest.mark.needs("gradient")
def test_the_parts_of_a_weight_are_trained(backend):
    model = network()
    model.compile("sgd", "mse")
    before = model.layers[0].get_weights()
    model.fit(X, np.ones((3, 2), "float32"), verbose=0)
    assert all((old != new).any() for old, new in zip(before, model.layers[0].get_weights(), strict=True))


@pytest.mark.parametrize("ending", [".keras", ".weights.h5", ".safetensors"])
def test_the_parts_of_a_weight_are_saved_under_its_name(backend, tmp_path, ending):
    model, path = network(), tmp_path / f"model{ending}"
    if ending == ".keras":
        model.save(path)
        other = keras.saving.load_model(path)
    else:
        model.save_weights(path)
        other = network()
        other.load_weights(path)
    np.testing.assert_array_equal(*(ops.convert_to_numpy(each(X)) for each in (model, other)))


def test_the_file_has_a_place_for_them(backend, tmp_path):
    import h5py

    network().save_weights(tmp_path / "model.weights.h5")
    with h5py.File(tmp_path / "model.weights.h5") as file:
        assert set(file["layers/thin/kernel/vars"]) == {"0", "1"}
