"""Attention layers against Keras: configs, weights, and outputs of the same weights on the same inputs."""

from __future__ import annotations

import itertools
import re

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.attention.attention import AdditiveAttention, Attention
from kcore_layers.layers.attention.grouped_query_attention import GroupedQueryAttention
from kcore_layers.layers.attention.multi_head_attention import MultiHeadAttention

OURS = {
    "AdditiveAttention": AdditiveAttention,
    "Attention": Attention,
    "GroupQueryAttention": GroupedQueryAttention,
    "MultiHeadAttention": MultiHeadAttention,
}
rng = np.random.default_rng(0)
QUERY = rng.normal(size=(2, 5, 6)).astype("float32")
VALUE = rng.normal(size=(2, 4, 7)).astype("float32")
KEY = rng.normal(size=(2, 4, 6)).astype("float32")
QUERY_MASK = np.array([[1, 1, 0, 1, 1], [1, 1, 1, 0, 0]], bool)
VALUE_MASK = np.array([[1, 1, 0, 1], [1, 0, 0, 0]], bool)
PAIRS = rng.random((2, 5, 4)) < 0.6

HEADS = {
    "plain": lambda k: k["MultiHeadAttention"](2, 3),
    "sizes": lambda k: k["MultiHeadAttention"](2, 3, value_dim=5, output_shape=7, use_bias=False),
    "shaped": lambda k: k["MultiHeadAttention"](2, 3, output_shape=(2, 4)),
    "gated": lambda k: k["MultiHeadAttention"](2, 3, value_dim=4, use_gate=True),
    "window": lambda k: k["MultiHeadAttention"](2, 3, sliding_window=2),
    "grouped": lambda k: k["GroupQueryAttention"](3, 4, 2),
    "grouped_gated": lambda k: k["GroupQueryAttention"](3, 4, 1, use_gate=True, use_bias=False),
    "grouped_window": lambda k: k["GroupQueryAttention"](3, 2, 2, sliding_window=1),
}
MASKS = {
    "none": {},
    "causal": dict(use_causal_mask=True),
    "value": dict(value_mask=VALUE_MASK),
    "query": dict(query_mask=QUERY_MASK, use_causal_mask=True),
    "pairs": dict(attention_mask=PAIRS, key_mask=VALUE_MASK),
}


def pair(keras, make, *args, **kwargs):
    ours, theirs = make(OURS), make({name: getattr(keras.layers, name) for name in OURS})
    ours(*args, **kwargs), theirs(*args, **kwargs)
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=w.shape).astype("float32") * 0.5 for w in theirs.weights]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


def check(keras, make, *args, **kwargs):
    ours, theirs = pair(keras, make, *args, **kwargs)
    actual, expected = ours(*args, **kwargs), theirs(*args, **kwargs)
    if not isinstance(expected, list | tuple):
        actual, expected = [actual], [expected]
    for one, other in zip(actual, expected, strict=True):
        one, other = ops.convert_to_numpy(one), keras.ops.convert_to_numpy(other)
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("layer", "masks"), list(itertools.product(HEADS, MASKS)))
def test_outputs_and_scores_are_those_of_keras(backend, keras, layer, masks):
    args, kwargs = (QUERY, VALUE, KEY), MASKS[masks]
    ours, theirs = pair(keras, HEADS[layer], *args, return_attention_scores=True)
    expected, scores = map(keras.ops.convert_to_numpy, theirs(*args, return_attention_scores=True, **kwargs))
    # Of a query with no key left Keras gives zeros here and averages where no scores are asked for; we, the average.
    has_key = scores.sum(axis=-1).min(axis=1) > 0.5
    # Keras heeds the mask that a query carries (test_layer_masks.py), and not one that is passed; we heed both.
    has_key &= kwargs.get("query_mask", True)
    output, own_scores = map(ops.convert_to_numpy, ours(*args, return_attention_scores=True, **kwargs))
    np.testing.assert_allclose(output[has_key], expected[has_key], rtol=1e-5, atol=1e-5)
    rows = np.broadcast_to(has_key[:, None], scores.shape[:-1])
    np.testing.assert_allclose(own_scores[rows], scores[rows], rtol=1e-5, atol=1e-5)
    # Keras is asked for scores each time: on JAX it fails without, where the sizes of keys and values differ.
    np.testing.assert_allclose(ops.convert_to_numpy(ours(*args, **kwargs)), output, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("axes", [None, 1, 2, (1, 2), (2,)])
@pytest.mark.parametrize("scores", [True, False])
def test_other_axes_of_positions_are_attended_to_as_in_keras(backend, keras, axes, scores):
    x = np.random.default_rng(3).normal(size=(2, 3, 4, 5)).astype("float32")
    check(keras, lambda k: k["MultiHeadAttention"](2, 3, attention_axes=axes), x, x, return_attention_scores=scores)


def test_a_mask_over_other_axes_is_that_of_keras(backend, keras):
    x = np.random.default_rng(3).normal(size=(2, 3, 4, 5)).astype("float32")
    mask = np.random.default_rng(4).random((2, 3, 4, 3, 4)) < 0.6
    check(keras, lambda k: k["MultiHeadAttention"](2, 3, attention_axes=(1, 2)), x, x, attention_mask=mask)


FLAT = {
    "dot": lambda k: k["Attention"](),
    "scaled": lambda k: k["Attention"](use_scale=True),
    "concat": lambda k: k["Attention"](score_mode="concat"),
    "concat_scaled": lambda k: k["Attention"](use_scale=True, score_mode="concat"),
    "additive": lambda k: k["AdditiveAttention"](),
    "additive_plain": lambda k: k["AdditiveAttention"](use_scale=False),
}


@pytest.mark.parametrize("layer", FLAT)
@pytest.mark.parametrize("masks", [None, [QUERY_MASK, VALUE_MASK], [None, VALUE_MASK]])
@pytest.mark.parametrize("causal", [True, False])
def test_attention_without_projections_is_that_of_keras(backend, keras, layer, masks, causal):
    inputs = [QUERY, VALUE, KEY]
    check(keras, FLAT[layer], inputs, mask=masks, use_causal_mask=causal, return_attention_scores=True)


@pytest.mark.parametrize("layer", [*HEADS, *FLAT])
def test_configs_and_weights_are_those_of_keras(backend, keras, layer):
    make = {**HEADS, **FLAT}[layer]
    args = ([QUERY, VALUE, KEY],) if layer in FLAT else (QUERY, VALUE, KEY)
    ours, theirs = pair(keras, make, *args, return_attention_scores=True)
    config, expected = ours.get_config(), theirs.get_config()
    assert config.keys() == expected.keys()
    assert type(theirs).from_config(config).get_config().keys() == expected.keys()
    assert type(ours).from_config(expected).get_config().keys() == config.keys()

    def places(weights):
        return [(re.sub(r"_\d+(?=/)", "", w.path), tuple(w.shape)) for w in weights]

    assert places(ours.weights) == places(theirs.weights)


def test_each_projection_is_regularized_as_in_keras(backend, keras):
    ours, theirs = pair(keras, lambda k: k["MultiHeadAttention"](2, 3, activity_regularizer="l2"), QUERY, VALUE, KEY)
    ours(QUERY, VALUE, KEY), theirs(QUERY, VALUE, KEY)
    losses = [float(ops.convert_to_numpy(loss)) for loss in ours.losses]
    np.testing.assert_allclose(losses, [float(loss) for loss in theirs.losses], rtol=1e-5)
