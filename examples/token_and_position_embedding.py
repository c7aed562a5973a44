"""One layer, written four times: with `ops` for every backend, and with each framework's own functions."""

from __future__ import annotations

import importlib

import kcore as keras
import numpy as np
from kcore import ops


class TokenAndPositionEmbedding(keras.Layer):
    """Sums of an embedding of each token and one of its place, of length one. Runs anywhere."""

    def __init__(self, max_length: int, vocab_size: int, embed_dim: int) -> None:
        super().__init__()
        self.token_embed = self.add_weight(shape=(vocab_size, embed_dim), initializer="random_uniform", trainable=True)
        self.position_embed = self.add_weight(
            shape=(max_length, embed_dim), initializer="random_uniform", trainable=True
        )

    def call(self, token_ids):
        # Embed positions
        length = token_ids.shape[-1]
        positions = ops.arange(0, length, dtype="int32")
        positions_vectors = ops.take(self.position_embed, positions, axis=0)
        # Embed tokens
        token_ids = ops.cast(token_ids, dtype="int32")
        token_vectors = ops.take(self.token_embed, token_ids, axis=0)
        # Sum both
        embed = token_vectors + positions_vectors
        # Normalize embeddings
        power_sum = ops.sum(ops.square(embed), axis=-1, keepdims=True)
        return embed / ops.sqrt(ops.maximum(power_sum, 1e-7))


class TorchEmbedding(TokenAndPositionEmbedding):
    """The same, for PyTorch only."""

    def call(self, token_ids):
        torch = importlib.import_module("torch")
        length = token_ids.shape[-1]
        positions = torch.arange(0, length, dtype=torch.int32)
        position_embed = self.position_embed.value
        positions_vectors = torch.nn.functional.embedding(positions, position_embed)
        token_ids = token_ids.int()
        token_embed = self.token_embed.value
        token_vectors = torch.nn.functional.embedding(token_ids, token_embed)
        embed = token_vectors + positions_vectors
        power_sum = torch.sum(torch.square(embed), axis=-1, keepdim=True)
        return embed / torch.sqrt(torch.maximum(power_sum, torch.as_tensor(1e-7)))


class JaxEmbedding(TokenAndPositionEmbedding):
    """The same, for JAX only."""

    def call(self, token_ids):
        jax = importlib.import_module("jax")
        length = token_ids.shape[-1]
        positions = jax.numpy.arange(0, length, dtype="int32")
        positions_vectors = jax.numpy.take(self.position_embed, positions, axis=0)
        token_ids = token_ids.astype("int32")
        token_vectors = jax.numpy.take(self.token_embed, token_ids, axis=0)
        embed = token_vectors + positions_vectors
        power_sum = jax.numpy.sum(jax.numpy.square(embed), axis=-1, keepdims=True)
        return embed / jax.numpy.sqrt(jax.numpy.maximum(power_sum, 1e-7))


class TensorflowEmbedding(TokenAndPositionEmbedding):
    """The same, for TensorFlow only."""

    def call(self, token_ids):
        tf = importlib.import_module("tensorflow")
        length = token_ids.shape[-1]
        positions = tf.range(0, length, dtype="int32")
        positions_vectors = tf.nn.embedding_lookup(self.position_embed, positions)
        token_ids = tf.cast(token_ids, "int32")
        token_vectors = tf.nn.embedding_lookup(self.token_embed, token_ids)
        embed = token_vectors + positions_vectors
        power_sum = tf.reduce_sum(tf.square(embed), axis=-1, keepdims=True)
        return embed / tf.sqrt(tf.maximum(power_sum, 1e-7))


NATIVE = {"torch": TorchEmbedding, "jax": JaxEmbedding, "tensorflow": TensorflowEmbedding}


def functional(embedding: type[TokenAndPositionEmbedding]) -> keras.Model:
    """A Functional model with the layer inside; what it gives is found out by running it."""
    tokens = keras.Input(shape=(6,), dtype="int32")
    x = embedding(max_length=6, vocab_size=20, embed_dim=8)(tokens)
    return keras.Model(tokens, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(x)))


def main() -> tuple[np.ndarray, np.ndarray]:
    """Give what the portable and the native layer make of the same tokens and weights, in Functional models."""
    tokens = np.random.default_rng(0).integers(0, 20, (4, 6)).astype("int32")
    portable = functional(TokenAndPositionEmbedding)
    native = functional(NATIVE.get(keras.config.backend(), TokenAndPositionEmbedding))
    native.set_weights(portable.get_weights())
    return portable.predict(tokens, verbose=0), native.predict(tokens, verbose=0)


if __name__ == "__main__":
    print(*main(), sep="\n")
