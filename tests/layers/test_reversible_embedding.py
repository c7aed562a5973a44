"""Vectors for integers, and scores of integers for vectors."""

from __future__ import annotations

import kcore as keras
import kcore_ops as ops
import numpy as np
import pytest
from kcore import layers, quantizers

array = ops.convert_to_numpy
VECTORS = np.random.default_rng(0).normal(size=(2, 3, 12)).astype("float32")


def built(**arguments):
    layer = layers.ReversibleEmbedding(9, 12, **arguments)
    layer.build()
    return layer


def test_scores_are_products_with_the_vectors(backend):
    layer = built()
    np.testing.assert_allclose(
        array(layer(VECTORS, reverse=True)), VECTORS @ array(layer.embeddings).T, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(array(layer(np.array([2]))), array(layer.embeddings)[[2]])
    assert len(layer.weights) == 1


def test_scores_may_have_a_matrix_of_their_own(backend):
    layer = built(tie_weights=False)
    matrix = array(layer.reverse_embeddings)
    assert matrix.shape == (12, 9) and len(layer.weights) == 2
    np.testing.assert_allclose(array(layer(VECTORS, reverse=True)), VECTORS @ matrix, rtol=1e-4, atol=1e-6)


def test_a_cap_is_approached_and_not_reached(backend):
    layer = built(logit_soft_cap=0.5)
    scores = array(layer(100 * VECTORS, reverse=True))
    assert np.abs(scores).max() <= 0.5
    plain = VECTORS @ array(layer.embeddings).T
    np.testing.assert_allclose(array(layer(VECTORS, reverse=True)), 0.5 * np.tanh(plain / 0.5), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "bfloat16", "float16"])
def test_scores_are_of_the_dtype_asked_for(backend, policy):
    layer = built(dtype=policy)
    assert ops.dtype(layer(VECTORS, reverse=True)) == layer.compute_dtype
    wide = built(dtype=policy, reverse_dtype="float32")
    assert ops.dtype(wide(VECTORS, reverse=True)) == "float32"
    assert ops.dtype(wide(np.array([1]))) == wide.compute_dtype


def test_padding_is_masked_on_the_way_there(backend):
    layer = built(mask_zero=True)
    np.testing.assert_array_equal(array(layer.compute_mask(np.array([[0, 1]]))), [[False, True]])
    assert layer.compute_mask(VECTORS) is None


@pytest.mark.needs("gradient")
def test_a_language_model_is_trained_through_both_ways(backend):
    layer = layers.ReversibleEmbedding(9, 12)
    inputs = keras.Input((4,), dtype="int32")
    model = keras.Model(inputs, layer(layers.Dense(12)(layer(inputs)), reverse=True))
    assert model.output_shape == (None, 4, 9)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss)
    x = np.arange(16).reshape(4, 4) % 9
    losses = model.fit(x, (x + 1) % 9, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("tie_weights", [True, False])
@pytest.mark.parametrize(
    "config",
    [quantizers.Int8QuantizationConfig(), quantizers.Int4QuantizationConfig(block_size=4)],
    ids=["int8", "int4"],
)
def test_both_ways_are_quantized_and_saved(backend, tmp_path, tie_weights, config):
    layer = layers.ReversibleEmbedding(9, 12, tie_weights=tie_weights)
    inputs = keras.Input((4,), dtype="int32")
    model = keras.Model(inputs, layer(layer(inputs), reverse=True))
    x = np.arange(8).reshape(2, 4)
    before = array(model(x))
    model.quantize(config=config)
    got = array(model(x))
    assert 0 < np.abs(got - before).max() < np.abs(before).max() * 0.5
    assert {v.dtype for v in layer.weights if v.name.endswith("embeddings")} == {"int8"}
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(array(keras.saving.load_model(tmp_path / "model.keras")(x)), got)


def test_an_adapter_is_in_both_ways(backend):
    layer = built()
    layer.enable_lora(2)
    layer.embeddings.b.assign(np.ones((2, 12), "float32"))
    merged = array(layer.embeddings)
    np.testing.assert_allclose(array(layer(VECTORS, reverse=True)), VECTORS @ merged.T, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(array(layer(np.array([1, 3]))), merged[[1, 3]], rtol=1e-5, atol=1e-6)


def test_a_cap_below_zero_is_refused(backend):
    with pytest.raises(ValueError, match="logit_soft_cap can not be -1"):
        layers.ReversibleEmbedding(3, 2, logit_soft_cap=-1)
