"""Modules of Flax as layers, in Keras and here: outputs, state and files."""

from __future__ import annotations

import kcore
import numpy as np
import pytest

jax = pytest.importorskip("jax")
nn = pytest.importorskip("flax.linen")
X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


@kcore.saving.register_keras_serializable("kcore_tests")
class Normalized(nn.Module):
    units: int

    @nn.compact
    def __call__(self, x, training: bool):
        return nn.BatchNorm(use_running_average=not training, momentum=0.5)(nn.Dense(self.units)(x))

    def get_config(self):
        return {"units": self.units}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def test_outputs_state_and_files_are_those_of_keras(keras, tmp_path):
    keras.saving.register_keras_serializable("kcore_tests")(Normalized)
    variables = Normalized(2).init(jax.random.PRNGKey(0), X, training=False)
    variables = jax.tree.map(np.asarray, variables)  # Keras donates arrays of JAX, whoever holds them
    models = [
        module.Sequential([module.Input((3,)), module.layers.FlaxLayer(Normalized(2), variables=variables)])
        for module in (keras, kcore)
    ]
    theirs, ours = models
    for model in models:
        model.compile(optimizer="sgd", loss="mse")
        model.fit(X, X[:, :2], epochs=2, batch_size=4, verbose=0)
    for kind in ("trainable_weights", "non_trainable_weights"):
        for own, other in zip(getattr(ours, kind), getattr(theirs, kind), strict=True):
            np.testing.assert_allclose(own.numpy(), np.asarray(other.value), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours(X), np.asarray(theirs(X)), rtol=1e-5, atol=1e-6)
    layer = ours.layers[0].get_config()
    assert {**layer, "name": None}.keys() == {**theirs.layers[0].get_config(), "name": None}.keys()

    theirs.save(tmp_path / "theirs.keras")
    ours.save(tmp_path / "ours.keras")
    np.testing.assert_array_equal(kcore.models.load_model(tmp_path / "theirs.keras")(X), np.asarray(theirs(X)))
    np.testing.assert_array_equal(np.asarray(keras.models.load_model(tmp_path / "ours.keras")(X)), ours(X))
