"""A layer of one's own, and models of it."""

from __future__ import annotations

import kcore as keras
import numpy as np
from kcore import ops


class Linear(keras.Layer):
    def __init__(self, units: int = 32, **kwargs) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape) -> None:
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, inputs):
        return ops.matmul(inputs, self.w) + self.b


class TwoLayers(keras.Model):
    def __init__(self, hidden: int, classes: int) -> None:
        super().__init__()
        self.hidden = Linear(hidden)
        self.dropout = keras.layers.Dropout(0.1)
        self.top = Linear(classes)

    def call(self, inputs):
        return self.top(self.dropout(ops.relu(self.hidden(inputs))))


def main(epochs: int = 20) -> list[float]:
    """Give the loss of each epoch of a fit to a plane."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 4)).astype("float32")
    y = x @ np.array([[1.0], [-2.0], [0.5], [0.0]], "float32")
    model = TwoLayers(16, 1)
    model.compile(optimizer="adam", loss="mse")
    return model.fit(x, y, epochs=epochs, verbose=0).history["loss"]


if __name__ == "__main__":
    print(main())
