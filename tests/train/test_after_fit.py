"""After training, evaluating and predicting everything public can be read, and holds no tensor of a compiled step."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Model, Sequential
from kcore_layers.base.layer import Layer
from kcore_layers.layers import LSTM, BatchNormalization, Dense, Dropout, Embedding, MultiHeadAttention
from kcore_layers.options import regularizers
from kcore_ops.foundation.errors import AttributeUnavailable, KcoreError

pytestmark = pytest.mark.needs("gradient")

X, Y = np.arange(24).reshape(8, 3) % 5, np.ones((8, 1), "float32")


class Penalty(Layer):
    def call(self, x):
        self.add_loss(0.1 * ops.mean(ops.square(x)))
        return x


class Subclassed(Model):
    def __init__(self):
        super().__init__()
        self.embedding, self.penalty = Embedding(5, 4, mask_zero=True), Penalty()
        self.attention = MultiHeadAttention(1, 2, dropout=0.1)
        self.recurrent, self.drop = LSTM(3), Dropout(0.5)
        self.norm = BatchNormalization()
        self.head = Dense(1, kernel_regularizer=regularizers.L2(0.1), activity_regularizer="l2")

    def call(self, x, training=None):
        x = self.penalty(self.embedding(x))
        x = self.recurrent(self.attention(x, x))
        return self.head(self.norm(self.drop(x), training=training))


def functional():
    x = Input((3,), dtype="int32")
    y = Penalty()(Embedding(5, 4)(x))
    return Model(x, Dense(1, activity_regularizer="l2")(LSTM(3)(y)))


def sequential():
    return Sequential([Input((3,), dtype="int32"), Embedding(5, 4), Penalty(), LSTM(3), Dropout(0.5), Dense(1)])


def readable(value):
    """Turn what an attribute gives into numbers wherever there are tensors in it."""
    for leaf in ops.tree.flatten(value) if isinstance(value, list | tuple | dict) else [value]:
        if isinstance(leaf, ops.Variable) or ops.is_tensor(leaf):
            np.asarray(ops.convert_to_numpy(leaf))


@pytest.mark.parametrize("make", [Subclassed, functional, sequential])
def test_every_public_attribute_can_be_read(backend, make):
    model = make()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, batch_size=4, epochs=2, validation_data=(X, Y), verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    for owner in (model, *model._kcore_sublayers(include_self=False), model.optimizer, *model.metrics):
        framework = set() if backend.modules is None else set(dir(backend.modules.base))
        for name in dir(owner):
            if name.startswith("_") or name in framework:
                continue
            try:
                value = getattr(owner, name)
            except (AttributeUnavailable, KcoreError) as error:
                assert "fix: " in str(error), name  # one that has no value says what to do
                continue
            if not callable(value) or isinstance(value, ops.Variable):
                readable(value)


def test_losses_of_the_model_are_numbers_after_fit(backend):
    model = Subclassed()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    model(X)
    assert len(model.losses) == 3
    assert all(np.isfinite(float(ops.convert_to_numpy(loss))) for loss in model.losses)
