"""State that a call reads and then assigns to: the gradient is that of the value it was read with."""

from __future__ import annotations

import numpy as np
import pytest
from kcore_layers import Input, Layer, Sequential
from kcore_layers.layers import Dense
from kcore_train.optimizers import SGD

pytestmark = pytest.mark.needs("gradient")

X = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
Y = np.zeros((2, 1), "float32")


class Fading(Layer):
    """Multiplies by a state that is doubled afterwards."""

    def build(self, shape):
        self.state = self.add_weight(shape=(), initializer="ones", trainable=False)

    def call(self, x):
        y = x * self.state
        self.state.assign(self.state * 2.0)
        return y * self.state


def test_is_read_and_assigned_to_in_one_training_step(backend):
    model = Sequential([Input((2,)), Dense(1, kernel_initializer="ones", use_bias=False), Fading()])
    model.compile(SGD(0.01), "mse")
    kernel = np.ones((2, 1), "float32")
    for before in (1.0, 2.0):
        model.train_on_batch(X, Y)
        scale = before * 2 * before
        kernel = kernel - 0.01 * scale**2 * 2 * X.T @ (X @ kernel) / 2
        np.testing.assert_allclose(model.layers[0].kernel.numpy(), kernel, rtol=1e-4)
        assert float(model.layers[1].state.numpy()) == 2 * before
