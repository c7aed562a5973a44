"""A small BERT-like encoder that classifies text: here, in which order two words come.

KCORE_BACKEND=jax python examples/text_classification.py
"""

from __future__ import annotations

import kcore as keras
import numpy as np
from kcore import ops

WORDS = (
    "the a old young red blue cat dog bird fish sees hears follows meets slowly quickly today now here there".split()
)
PADDING, NUM_SPECIAL = 0, 2  # 0 pads, 1 begins a sentence
MAX_LENGTH = 12


def make_data(num_sentences: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give sentences as numbers of words, padded, and whether "cat" comes before "dog"."""
    rng = np.random.default_rng(seed)
    cat, dog = (WORDS.index(word) + NUM_SPECIAL for word in ("cat", "dog"))
    others = [i + NUM_SPECIAL for i, word in enumerate(WORDS) if word not in ("cat", "dog")]
    tokens = np.full((num_sentences, MAX_LENGTH), PADDING, "int32")
    labels = rng.integers(0, 2, num_sentences)
    for row, label in zip(tokens, labels, strict=True):
        length = rng.integers(4, MAX_LENGTH)
        words = rng.choice(others, length)
        first, second = sorted(rng.choice(length, 2, replace=False))
        words[first], words[second] = (cat, dog) if label else (dog, cat)
        row[0], row[1 : length + 1] = 1, words
    return tokens, labels.astype("int32")


class Embedding(keras.Layer):
    """The sum of an embedding of each token and one of its place."""

    def __init__(self, vocabulary_size: int, width: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.tokens = keras.layers.Embedding(vocabulary_size, width, mask_zero=True)
        self.places = keras.layers.Embedding(MAX_LENGTH, width)

    def call(self, token_ids):
        return self.tokens(token_ids) + self.places(ops.arange(token_ids.shape[-1], dtype="int32"))

    def compute_mask(self, inputs, previous_mask):
        return self.tokens.compute_mask(inputs, previous_mask)


class EncoderBlock(keras.Layer):
    """Self-attention and a network of two layers, each with a residual and normalised before (Xiong et al., 2020)."""

    def __init__(self, width: int, num_heads: int, dropout: float = 0.1, **kwargs) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.attention = keras.layers.MultiHeadAttention(num_heads, width // num_heads, dropout=dropout)
        self.norms = [keras.layers.LayerNormalization() for _ in range(2)]
        self.network = keras.Sequential(
            [keras.layers.Dense(4 * width, activation="gelu"), keras.layers.Dense(width), keras.layers.Dropout(dropout)]
        )

    def call(self, x, mask=None):
        normed = self.norms[0](x)
        attention_mask = None if mask is None else ops.expand_dims(mask, 1)
        x = x + self.attention(normed, normed, attention_mask=attention_mask)
        return x + self.network(self.norms[1](x))


def make_model(width: int = 32, num_blocks: int = 2, num_heads: int = 4) -> keras.Model:
    token_ids = keras.Input((MAX_LENGTH,), dtype="int32", name="token_ids")
    x = Embedding(len(WORDS) + NUM_SPECIAL, width)(token_ids)
    for i in range(num_blocks):
        x = EncoderBlock(width, num_heads, name=f"block_{i}")(x)
    first = keras.layers.LayerNormalization()(x)[:, 0]  # of the token that begins the sentence
    return keras.Model(token_ids, keras.layers.Dense(2, name="label")(first))


def main(epochs: int = 12, num_sentences: int = 1024) -> float:
    """Train, and give the accuracy on sentences that were not seen."""
    keras.utils.set_random_seed(0)
    model = make_model()
    model.compile(
        optimizer=keras.optimizers.AdamW(2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(*make_data(num_sentences, seed=0), batch_size=64, epochs=epochs, verbose=0)
    return model.evaluate(*make_data(256, seed=1), return_dict=True, verbose=0)["accuracy"]


if __name__ == "__main__":
    print(f"accuracy: {main():.3f}")
