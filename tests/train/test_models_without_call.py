"""A model whose own steps run its layers needs no call: adversarial networks, for one."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Model, Sequential
from kcore_layers.layers import Dense

X = np.arange(12, dtype="float32").reshape(4, 3) / 10


class Pair(Model):
    """Two models, of which a step runs and changes the one."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.generator = Sequential([Input((2,)), Dense(3)])
        self.discriminator = Sequential([Input((3,)), Dense(1)])

    def compile(self, factor):
        super().compile()
        self.factor = factor

    def train_step(self, *args):
        *state, data = args
        data = data[0] if isinstance(data, tuple) else data
        score = ops.mean(data) * self.factor
        if not state:
            for weight in self.discriminator.trainable_variables:
                weight.assign(weight * self.factor)
            return {"score": score}
        trainable, *rest = state[0]
        return {"score": score}, ([value * self.factor for value in trainable], *rest)


def test_it_is_built_by_its_layers(backend):
    model = Pair()
    model.build((None, 3))
    assert model.built and len(model.weights) == 4
    with pytest.raises(NotImplementedError, match="Pair has no call\n  fix: define Pair.call"):
        model(X)


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("form", [np.asarray, lambda x: (x, x[:, :1])], ids=["one array", "with targets"])
def test_it_is_compiled_and_trained_and_saved(backend, form, tmp_path):
    model = Pair()
    model.compile(0.5)
    before = np.array(ops.convert_to_numpy(model.discriminator.layers[0].kernel))
    data = form(X)
    arguments = data if isinstance(data, tuple) else (data,)
    history = model.fit(*arguments, batch_size=4, epochs=2, verbose=0).history
    np.testing.assert_allclose(history["score"], [X.mean() / 2] * 2, rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(model.discriminator.layers[0].kernel), before / 4, rtol=1e-5)
    assert model.built
    model.save_weights(tmp_path / "pair.weights.h5")
    other = Pair()
    other.build()
    other.load_weights(tmp_path / "pair.weights.h5")
    for one, same in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)


@pytest.mark.needs("gradient")
def test_a_call_without_arguments_is_a_call(backend):
    class Constant(Model):
        def __init__(self):
            super().__init__()
            self.level = self.add_weight(shape=(2,), initializer="ones", name="level")

        def call(self):
            return self.level * 2

    model = Constant()
    np.testing.assert_array_equal(ops.convert_to_numpy(model()), [2, 2])
    assert model.built
