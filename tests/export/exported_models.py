"""The models that tests export: one of each kind that deployments have, small, built and with drawn weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kcore as keras
import numpy as np
from kcore import layers, ops

Case = tuple[Any, Callable[[int], Any]]
CASES: dict[str, Callable[[], Case]] = {}


def case(function: Callable[[], Case]) -> Callable[[], Case]:
    """List a function that returns a model, and the function from a batch size to its inputs."""
    CASES[function.__name__] = function
    return function


def drawn(*shape: int) -> Callable[[int], Any]:
    """Return the function that draws a batch of arrays of a shape."""
    return lambda batch: np.random.default_rng(batch).normal(size=(batch, *shape)).astype("float32")


def tokens(length: int, vocabulary: int) -> Callable[[int], Any]:
    """Return the function that draws a batch of sequences of numbers, 0 at the end of some."""

    def make(batch: int) -> Any:
        found = np.random.default_rng(batch).integers(1, vocabulary, size=(batch, length)).astype("int32")
        found[::2, length - 2 :] = 0
        return found

    return make


def with_state_moved(model: Any) -> Any:
    """Give averages and scales values that they do not begin with."""
    rng = np.random.default_rng(0)
    model.set_weights([abs(w + 0.2 * rng.normal(size=w.shape)) if w.ndim == 1 else w for w in model.get_weights()])
    return model


@case
def mlp() -> Case:
    model = keras.Sequential(
        [keras.Input((8,)), layers.Dense(16, "gelu"), layers.Dropout(0.5), layers.Dense(3, "softmax")]
    )
    return model, drawn(8)


@case
def convolutions_with_batch_normalization() -> Case:
    x = inputs = keras.Input((16, 16, 3))
    for filters, strides in ((8, 1), (16, 2)):
        x = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.MaxPooling2D(2)(x)
    x = layers.GlobalAveragePooling2D()(layers.SeparableConv2D(8, 3, padding="same")(x))
    return with_state_moved(keras.Model(inputs, layers.Dense(5)(x))), drawn(16, 16, 3)


@case
def residual_network() -> Case:
    x = inputs = keras.Input((12, 12, 4))
    for _ in range(2):
        y = layers.DepthwiseConv2D(3, padding="same")(layers.LayerNormalization()(x))
        y = layers.Conv2D(4, 1, activation="silu")(y)
        x = layers.Add()([x, y])
    x = layers.UpSampling2D(interpolation="bilinear")(layers.AveragePooling2D(2)(x))
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(x)
    return keras.Model(inputs, layers.Flatten()(x)), drawn(12, 12, 4)


@case
def lstm() -> Case:
    x = inputs = keras.Input((7, 5))
    x = layers.LSTM(6, return_sequences=True)(x)
    x = layers.Bidirectional(layers.GRU(4))(x)
    return keras.Model(inputs, layers.Dense(2)(x)), drawn(7, 5)


@case
def masked_recurrent_network() -> Case:
    x = inputs = keras.Input((9,), dtype="int32")
    x = layers.Embedding(20, 6, mask_zero=True)(x)
    x = layers.LSTM(5)(x)
    return keras.Model(inputs, layers.Dense(2, "sigmoid")(x)), tokens(9, 20)


@case
def transformer_with_masks() -> Case:
    inputs = keras.Input((10,), dtype="int32")
    x = layers.Embedding(30, 16, mask_zero=True)(inputs)
    x = x + ops.expand_dims(ops.arange(10, dtype="float32") / 10, -1)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8)(x, x))
    x = layers.LayerNormalization()(x + layers.Dense(16)(layers.Dense(32, "gelu")(x)))
    return keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling1D()(x))), tokens(10, 30)


@case
def several_inputs_and_outputs() -> Case:
    a, b = keras.Input((4,), name="a"), keras.Input((6,), name="b")
    x = layers.Concatenate()([layers.Dense(5, "tanh")(a), b])
    model = keras.Model({"a": a, "b": b}, {"score": layers.Dense(1)(x), "class": layers.Dense(3, "softmax")(x)})
    first, second = drawn(4), drawn(6)
    return model, lambda batch: {"a": first(batch), "b": second(batch)}


@case
def mixed_precision() -> Case:
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, "relu", dtype="mixed_float16"),
            layers.Dense(3, "softmax", dtype="float32"),
        ]
    )
    return model, drawn(6)


@case
def ops_in_the_graph() -> Case:
    inputs = keras.Input((5, 4))
    x = ops.transpose(inputs, (0, 2, 1))
    x = ops.concatenate([ops.sin(x), ops.exp(-ops.square(x))], axis=-1)
    x = layers.Dense(3)(ops.reshape(x, (-1, 40)))
    x = ops.where(x > 0, x, 0.1 * x)
    return keras.Model(inputs, [ops.softmax(x), ops.argmax(x, axis=-1)]), drawn(5, 4)


@keras.saving.register_keras_serializable("exports")
class Scaled(layers.Layer):
    """A layer with a weight of its own, which computes with ops."""

    def __init__(self, power: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.power = power

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="random_normal")

    def call(self, x: Any) -> Any:
        total = ops.sum(ops.abs(x) ** self.power, axis=-1, keepdims=True)
        return self.scale * x / ops.sqrt(1.0 + total)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power": self.power}


@case
def layer_of_ones_own() -> Case:
    return keras.Sequential([keras.Input((6,)), Scaled(), layers.Dense(4), Scaled(1.5)]), drawn(6)


@keras.saving.register_keras_serializable("exports")
class Encoder(keras.Model):
    """A model that is a class."""

    def __init__(self, width: int = 8, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.inner = [layers.Dense(width, "relu"), layers.Dense(width)]
        self.out = layers.Dense(2)

    def call(self, x: Any, training: bool | None = None) -> Any:
        for layer in self.inner:
            x = layer(x)
        return self.out(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}


@case
def model_that_is_a_class() -> Case:
    model = Encoder()
    model(np.ones((2, 5), "float32"))
    return model, drawn(5)


@case
def one_dimensional_convolutions() -> Case:
    x = inputs = keras.Input((None, 6))
    x = layers.Conv1D(8, 3, padding="causal", activation="relu")(x)
    x = layers.GroupNormalization(2)(layers.Conv1D(8, 3, dilation_rate=2, padding="same")(x))
    return keras.Model(inputs, layers.Dense(3)(layers.GlobalMaxPooling1D()(x))), drawn(11, 6)
