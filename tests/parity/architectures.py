"""Thirty-odd architectures, each a function of a library, `keras` or `kcore`, that returns a built model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["ARCHITECTURES"]

ARCHITECTURES: dict[str, Callable[[Any], Any]] = {}


def architecture(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    ARCHITECTURES[make.__name__] = make
    return make


def ones(*shape: int) -> Any:
    return np.ones(shape, "float32")


# Dense layers.


@architecture
def mlp(k: Any) -> Any:
    L = k.layers
    return k.Sequential([k.Input((8,)), L.Dense(16, "relu"), L.Dropout(0.2), L.Dense(8, use_bias=False), L.Dense(2)])


@architecture
def mlp_with_normalization(k: Any) -> Any:
    L = k.layers
    blocks = [layer for _ in range(2) for layer in (L.Dense(6), L.BatchNormalization(), L.PReLU(), L.Dropout(0.1))]
    return k.Sequential([k.Input((4,)), *blocks, L.Dense(1, "sigmoid")])


@architecture
def built_by_its_first_call(k: Any) -> Any:
    model = k.Sequential([k.layers.Dense(3, name="first"), k.layers.LayerNormalization(), k.layers.Dense(2)])
    model(ones(1, 4))
    return model


@architecture
def wide_and_deep(k: Any) -> Any:
    L = k.layers
    wide, deep = k.Input((4,), name="wide"), k.Input((6,), name="deep")
    hidden = L.Dense(5, "relu")(L.Dense(7, "relu")(deep))
    return k.Model([wide, deep], L.Dense(1)(L.Concatenate()([wide, hidden])))


@architecture
def several_inputs_and_outputs(k: Any) -> Any:
    L = k.layers
    image, number = k.Input((6, 6, 1), name="image"), k.Input((3,), name="number")
    both = L.Concatenate()([L.Flatten()(L.Conv2D(2, 3)(image)), L.Dense(4)(number)])
    return k.Model({"image": image, "number": number}, {"b": L.Dense(3, name="b")(both), "a": L.Dense(1)(both)})


@architecture
def autoencoder(k: Any) -> Any:
    L = k.layers
    encoder = k.Sequential([k.Input((8,)), L.Dense(4, "relu"), L.Dense(2)], name="encoder")
    decoder = k.Sequential([k.Input((2,)), L.Dense(4, "relu"), L.Dense(8)], name="decoder")
    x = k.Input((8,))
    return k.Model(x, decoder(encoder(x)), name="autoencoder")


@architecture
def siamese(k: Any) -> Any:
    L = k.layers
    tower = k.Sequential([L.Dense(4, "relu"), L.Dense(3)])
    a, b = k.Input((5,)), k.Input((5,))
    return k.Model([a, b], L.Dense(1, "sigmoid")(L.Subtract()([tower(a), tower(b)])))


@architecture
def shared_layers(k: Any) -> Any:
    x = k.Input((4,))
    shared, last = k.layers.Dense(4), k.layers.Dense(2)
    return k.Model(x, last(shared(k.layers.Dense(4)(shared(x)))))


# Convolutions.


@architecture
def cnn(k: Any) -> Any:
    L = k.layers
    return k.Sequential(
        [k.Input((12, 12, 3)), L.Conv2D(4, 3, activation="relu"), L.MaxPooling2D(), L.Conv2D(6, 3), L.Flatten(),
         L.Dense(5, "softmax")]
    )  # fmt: skip


@architecture
def residual_network(k: Any) -> Any:
    L = k.layers
    x = inputs = k.Input((8, 8, 3))
    x = L.Conv2D(4, 3, padding="same", use_bias=False, name="stem")(x)
    for number in range(2):
        y = L.BatchNormalization(name=f"block{number}_bn")(x)
        y = L.Conv2D(4, 3, padding="same", name=f"block{number}_conv")(L.ReLU()(y))
        x = L.Add()([x, L.Conv2D(4, 3, padding="same")(y)])
    return k.Model(inputs, L.Dense(2)(L.GlobalAveragePooling2D()(x)))


@architecture
def inception(k: Any) -> Any:
    L = k.layers
    x = k.Input((8, 8, 3))
    branches = [
        L.Conv2D(2, 1)(x), L.Conv2D(2, 3, padding="same")(L.Conv2D(3, 1)(x)),
        L.Conv2D(2, 5, padding="same")(L.Conv2D(1, 1)(x)), L.Conv2D(1, 1)(L.MaxPooling2D(3, 1, "same")(x)),
    ]  # fmt: skip
    return k.Model(x, L.Dense(3)(L.GlobalMaxPooling2D()(L.Concatenate()(branches))))


@architecture
def separable_cnn(k: Any) -> Any:
    L = k.layers
    return k.Sequential(
        [k.Input((9, 9, 3)), L.SeparableConv2D(4, 3, depth_multiplier=2), L.SeparableConv2D(5, 2, use_bias=False),
         L.GlobalAveragePooling2D(), L.Dense(2)]
    )  # fmt: skip


@architecture
def mobile_network(k: Any) -> Any:
    L = k.layers
    x = inputs = k.Input((8, 8, 3))
    for size, strides in ((4, 1), (6, 2)):
        y = L.BatchNormalization()(L.Conv2D(2 * size, 1, use_bias=False)(x))
        y = L.DepthwiseConv2D(3, strides, "same", use_bias=False)(L.ReLU(6.0)(y))
        x = L.Conv2D(size, 1, use_bias=False)(L.BatchNormalization(scale=False)(y))
    return k.Model(inputs, L.Dense(2)(L.GlobalAveragePooling2D()(x)))


@architecture
def dense_network(k: Any) -> Any:
    L = k.layers
    x = inputs = k.Input((6, 6, 2))
    for _ in range(3):
        x = L.Concatenate()([x, L.Conv2D(2, 3, padding="same")(L.BatchNormalization()(x))])
    return k.Model(inputs, L.Dense(2)(L.GlobalAveragePooling2D()(x)))


@architecture
def squeeze_and_excitation(k: Any) -> Any:
    L = k.layers
    x = inputs = k.Input((6, 6, 4))
    weights = L.Dense(4, "sigmoid")(L.Dense(2, "relu")(L.GlobalAveragePooling2D(keepdims=True)(x)))
    return k.Model(inputs, L.Conv2D(3, 3)(L.Multiply()([x, weights])))


@architecture
def unet(k: Any) -> Any:
    L = k.layers
    x = inputs = k.Input((8, 8, 1))
    kept = []
    for size in (2, 4):
        x = L.Conv2D(size, 3, padding="same", activation="relu")(x)
        kept.append(x)
        x = L.MaxPooling2D()(x)
    x = L.Conv2D(8, 3, padding="same")(x)
    for size, other in ((4, kept[1]), (2, kept[0])):
        x = L.Concatenate()([L.Conv2DTranspose(size, 2, strides=2)(x), other])
        x = L.Conv2D(size, 3, padding="same")(x)
    return k.Model(inputs, L.Conv2D(1, 1, activation="sigmoid")(x))


@architecture
def text_cnn(k: Any) -> Any:
    L = k.layers
    tokens = k.Input((10,), dtype="int32")
    x = L.Embedding(20, 4)(tokens)
    pooled = [L.GlobalMaxPooling1D()(L.Conv1D(3, size, activation="relu")(x)) for size in (2, 3, 4)]
    return k.Model(tokens, L.Dense(2)(L.Dropout(0.5)(L.Concatenate()(pooled))))


@architecture
def causal_convolutions(k: Any) -> Any:
    L = k.layers
    x = inputs = k.Input((16, 2))
    for rate in (1, 2, 4):
        x = L.Add()([L.Conv1D(2, 2, padding="causal", dilation_rate=rate)(x), L.Conv1D(2, 1)(x)])
    return k.Model(inputs, x)


@architecture
def volumes(k: Any) -> Any:
    L = k.layers
    return k.Sequential(
        [k.Input((6, 6, 6, 1)), L.Conv3D(2, 3), L.GroupNormalization(2), L.Conv3DTranspose(2, 2), L.AveragePooling3D(2),
         L.Flatten(), L.Dense(2)]
    )  # fmt: skip


@architecture
def spectrally_normalized_critic(k: Any) -> Any:
    L = k.layers
    normalized = [L.SpectralNormalization(L.Conv2D(n, 3, strides=2), name=f"critic_{n}") for n in (2, 4)]
    return k.Sequential([k.Input((10, 10, 1)), *normalized, L.Flatten(), L.SpectralNormalization(L.Dense(1))])


# Sequences.


@architecture
def lstm(k: Any) -> Any:
    L = k.layers
    return k.Sequential([k.Input((5, 3)), L.LSTM(4, return_sequences=True), L.LSTM(2, unit_forget_bias=False)])


@architecture
def gru(k: Any) -> Any:
    L = k.layers
    return k.Sequential([k.Input((5, 3)), L.GRU(4, return_sequences=True), L.GRU(2, reset_after=False), L.Dense(1)])


@architecture
def bidirectional_stack(k: Any) -> Any:
    L = k.layers
    inner = L.Bidirectional(L.LSTM(3, return_sequences=True))
    return k.Sequential([k.Input((5, 3)), inner, L.Bidirectional(L.GRU(2), merge_mode="sum"), L.Dense(1)])


@architecture
def cells(k: Any) -> Any:
    L = k.layers
    stack = L.RNN([L.LSTMCell(3), L.GRUCell(2), L.SimpleRNNCell(4)], return_sequences=True)
    return k.Sequential([k.Input((4, 3)), stack, L.SimpleRNN(2)])


@architecture
def convolutional_lstm(k: Any) -> Any:
    L = k.layers
    return k.Sequential(
        [k.Input((3, 6, 6, 1)), L.ConvLSTM2D(2, 3, padding="same", return_sequences=True), L.BatchNormalization(),
         L.ConvLSTM2D(3, 2), L.Conv2D(1, 1)]
    )  # fmt: skip


@architecture
def encoder_and_decoder_of_sequences(k: Any) -> Any:
    L = k.layers
    source, target = k.Input((None,), dtype="int32"), k.Input((None,), dtype="int32")
    embedding = L.Embedding(9, 4, mask_zero=True)
    _, *states = L.LSTM(3, return_state=True)(embedding(source))
    outputs = L.LSTM(3, return_sequences=True)(embedding(target), initial_state=states)
    return k.Model([source, target], L.TimeDistributed(L.Dense(9, "softmax"))(outputs))


@architecture
def frames_of_video(k: Any) -> Any:
    L = k.layers
    each = k.Sequential([k.Input((8, 8, 1)), L.Conv2D(2, 3), L.Flatten(), L.Dense(3)], name="each")
    return k.Sequential([k.Input((4, 8, 8, 1)), L.TimeDistributed(each), L.GRU(2), L.Dense(1)])


# Attention.


@architecture
def attention_over_states(k: Any) -> Any:
    L = k.layers
    x = k.Input((5, 3))
    states = L.GRU(4, return_sequences=True)(x)
    context = L.Attention(use_scale=True)([states, states])
    return k.Model(x, L.Dense(1)(L.GlobalAveragePooling1D()(L.AdditiveAttention()([context, states]))))


def transformer_block(k: Any, x: Any, context: Any = None) -> Any:
    L = k.layers
    x = L.LayerNormalization()(L.Add()([x, L.MultiHeadAttention(2, 3)(x, x, use_causal_mask=context is not None)]))
    if context is not None:
        x = L.LayerNormalization()(L.Add()([x, L.MultiHeadAttention(2, 3, value_dim=2)(x, context)]))
    hidden = L.Dense(6)(L.Dense(12, "gelu")(x))
    return L.LayerNormalization()(L.Add()([x, hidden]))


@architecture
def transformer_encoder(k: Any) -> Any:
    L = k.layers
    tokens = k.Input((7,), dtype="int32")
    x = L.Embedding(11, 6, name="tokens")(tokens)
    for _ in range(2):
        x = transformer_block(k, x)
    return k.Model(tokens, L.Dense(2)(L.GlobalAveragePooling1D()(x)))


@architecture
def transformer_decoder(k: Any) -> Any:
    L = k.layers
    tokens, context = k.Input((5,), dtype="int32"), k.Input((7, 6))
    x = transformer_block(k, L.Embedding(11, 6)(tokens), context)
    return k.Model([tokens, context], L.Dense(11)(x))


@architecture
def vision_transformer(k: Any) -> Any:
    L = k.layers

    class Positions(L.Layer):
        def build(self, shape: Any) -> None:
            self.embedding = self.add_weight(shape=shape[1:], initializer="normal", name="positions")

        def call(self, x: Any) -> Any:
            return x + self.embedding

    image = k.Input((8, 8, 1))
    x = Positions()(L.Reshape((4, 6))(L.Conv2D(6, 4, strides=4)(image)))
    x = L.GroupQueryAttention(3, 2, 1)(x, x)
    return k.Model(image, L.EinsumDense("bpc,cd->bd", 2, bias_axes="d")(L.RMSNormalization()(x)))


# Classes of a user's own.


@architecture
def variational_autoencoder(k: Any) -> Any:
    L = k.layers

    class Sampling(L.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.seeds = k.random.SeedGenerator(3)

        def call(self, inputs: Any) -> Any:
            mean, log_variance = inputs
            return mean + k.ops.exp(0.5 * log_variance) * k.random.normal(k.ops.shape(mean), seed=self.seeds)

    class Variational(k.Model):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.encoder = k.Sequential([L.Dense(5, "relu")], name="encoder")
            self.mean, self.log_variance = L.Dense(2, name="mean"), L.Dense(2, name="log_variance")
            self.sampling = Sampling()
            self.decoder = k.Sequential([L.Dense(5, "relu"), L.Dense(4)], name="decoder")

        def call(self, x: Any) -> Any:
            hidden = self.encoder(x)
            return self.decoder(self.sampling([self.mean(hidden), self.log_variance(hidden)]))

    model = Variational()
    model(ones(1, 4))
    return model


@architecture
def mixture_of_experts(k: Any) -> Any:
    L = k.layers

    class Mixture(L.Layer):
        def __init__(self, number: int, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.experts = [L.Dense(units, name=f"expert_{i}") for i in range(number)]
            self.gate = L.Dense(number, "softmax", name="gate")

        def build(self, shape: Any) -> None:
            for layer in (*self.experts, self.gate):
                layer.build(shape)
            self.temperature = self.add_weight(shape=(), initializer="ones", name="temperature", trainable=False)

        def call(self, x: Any) -> Any:
            outputs = k.ops.stack([expert(x) for expert in self.experts], axis=-1)
            return k.ops.sum(outputs * k.ops.expand_dims(self.gate(x) / self.temperature, -2), axis=-1)

    return k.Sequential([k.Input((4,)), Mixture(3, 5), Mixture(2, 1)])


@architecture
def bag_of_embeddings(k: Any) -> Any:
    L = k.layers

    class Bag(k.Model):
        def __init__(self) -> None:
            super().__init__(name="bag")
            self.tables = {"word": L.Embedding(7, 3, name="word"), "kind": L.Embedding(4, 3, name="kind")}
            self.out = L.Dense(2)

        def call(self, inputs: Any) -> Any:
            found = [self.tables[name](inputs[name]) for name in ("word", "kind")]
            return self.out(k.ops.mean(k.ops.concatenate(found, axis=1), axis=1))

    model = Bag()
    model({"word": np.ones((1, 3), "int32"), "kind": np.ones((1, 2), "int32")})
    return model


@architecture
def adversarial_pair(k: Any) -> Any:
    L = k.layers

    class Pair(k.Model):
        def __init__(self) -> None:
            super().__init__()
            self.generator = k.Sequential([k.Input((2,)), L.Dense(4), L.Reshape((2, 2, 1)), L.Conv2DTranspose(1, 2)])
            self.critic = k.Sequential([k.Input((3, 3, 1)), L.Conv2D(2, 2), L.Flatten(), L.Dense(1)], name="critic")
            self.step = self.add_weight(shape=(), initializer="zeros", trainable=False, name="step")

        def call(self, x: Any) -> Any:
            return self.critic(self.generator(x))

    model = Pair()
    model(ones(1, 2))
    return model


@architecture
def nested_models(k: Any) -> Any:
    L = k.layers
    inner = k.Sequential([k.Input((4,)), L.Dense(4), k.Sequential([L.Dense(3), L.Dense(4)], name="innermost")])
    x = k.Input((4,))
    middle = k.Model(x, L.Dense(4)(inner(x)) + x, name="middle")
    y = k.Input((4,))
    return k.Model(y, L.Dense(1)(inner(middle(y))))


@architecture
def partly_frozen(k: Any) -> Any:
    L = k.layers
    base = k.Sequential([k.Input((6, 6, 1)), L.Conv2D(2, 3), L.BatchNormalization(), L.Flatten()], name="base")
    base.trainable = False
    return k.Sequential([k.Input((6, 6, 1)), base, L.Dense(3), L.BatchNormalization(trainable=False), L.Dense(1)])


@architecture
def mixed_precision(k: Any) -> Any:
    L = k.layers
    return k.Sequential(
        [k.Input((4,)), L.Dense(3, dtype="mixed_bfloat16"), L.LayerNormalization(dtype="bfloat16"),
         L.Dense(2, dtype="float32")]
    )  # fmt: skip
