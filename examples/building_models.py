"""One network built in three ways: `Sequential.add`, the Functional API, and subclassing."""

from __future__ import annotations

import kcore as keras
import numpy as np


def by_adding() -> keras.Model:
    model = keras.Sequential(name="added")
    model.add(keras.Input(shape=(8, 8, 1)))
    model.add(keras.layers.Conv2D(8, 3, activation="relu"))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(10))
    return model


def functional() -> keras.Model:
    images = keras.Input(shape=(8, 8, 1), name="images")
    x = keras.layers.Conv2D(8, 3, activation="relu")(images)
    x = keras.layers.Flatten()(x)
    return keras.Model(images, keras.layers.Dense(10)(x), name="functional")


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="subclassed")
        self.conv = keras.layers.Conv2D(8, 3, activation="relu")
        self.flatten = keras.layers.Flatten()
        self.dense = keras.layers.Dense(10)

    def call(self, images):
        return self.dense(self.flatten(self.conv(images)))


def two_inputs_two_outputs() -> keras.Model:
    """A graph that no list of layers can say: inputs and outputs by name, a layer used twice, ops in between."""
    image = keras.Input(shape=(64,), name="image")
    context = keras.Input(shape=(4,), name="context")
    shared = keras.layers.Dense(16, activation="relu")
    x = keras.ops.concatenate([shared(image), shared(image[:, ::-1])], axis=-1)
    x = keras.layers.LayerNormalization()(x) * 0.5 + keras.layers.Dense(32)(context)
    outputs = {"digit": keras.layers.Dense(10, name="digit")(x), "is_even": keras.layers.Dense(1, name="is_even")(x)}
    return keras.Model({"image": image, "context": context}, outputs)


def main() -> dict[str, np.ndarray]:
    """Give the outputs of the three for the same weights and images, which are the same."""
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")
    reference = by_adding()
    outputs = {reference.name: reference.predict(images, verbose=0)}
    for model in (functional(), Subclassed()):
        model(images)  # a subclassed model has weights once it has seen a shape
        model.set_weights(reference.get_weights())
        outputs[model.name] = model.predict(images, verbose=0)
    return outputs


if __name__ == "__main__":
    for name, value in main().items():
        print(name, value[0, :3])
    two_inputs_two_outputs().summary()
