"""`Attention` and `AdditiveAttention` against NumPy."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.attention.attention import AdditiveAttention, Attention
from kcore_ops.foundation.errors import ArgumentError, ShapeError

rng = np.random.default_rng(0)
QUERY = rng.normal(size=(2, 5, 3)).astype("float32")
VALUE = rng.normal(size=(2, 4, 6)).astype("float32")
KEY = rng.normal(size=(2, 4, 3)).astype("float32")
QUERY_MASK = np.array([[1, 1, 0, 1, 1], [1, 1, 1, 0, 0]], bool)
VALUE_MASK = np.array([[1, 1, 0, 1], [1, 0, 0, 0]], bool)


def numpy(x):
    return ops.convert_to_numpy(x)


def softmax(x):
    y = np.exp(x - x.max(-1, keepdims=True))
    return y / y.sum(-1, keepdims=True)


SCORES = {
    "dot": (lambda: Attention(), lambda q, k: q @ k.swapaxes(1, 2)),
    "concat": (lambda: Attention(score_mode="concat"), lambda q, k: np.tanh(q[:, :, None] + k[:, None]).sum(-1)),
    "additive": (lambda: AdditiveAttention(use_scale=False), lambda q, k: np.tanh(q[:, :, None] + k[:, None]).sum(-1)),
}


@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize("masked", [True, False])
def test_values_are_averaged_by_the_softmax_of_the_scores(backend, kind, masked):
    make, scores_of = SCORES[kind]
    scores = scores_of(QUERY, KEY)
    scores = softmax(np.where(VALUE_MASK[:, None], scores, -np.inf) if masked else scores)
    expected = scores @ VALUE * (QUERY_MASK[..., None] if masked else 1)
    mask = [QUERY_MASK, VALUE_MASK] if masked else None
    output, found = make()([QUERY, VALUE, KEY], mask=mask, return_attention_scores=True)
    np.testing.assert_allclose(numpy(output), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(numpy(found), scores, rtol=1e-4, atol=1e-5)


def test_with_a_causal_mask_later_steps_change_nothing_before(backend):
    layer = Attention()
    changed = QUERY.copy()
    changed[:, 3:] += 1
    before, after = (numpy(layer([x, x], use_causal_mask=True)) for x in (QUERY, changed))
    np.testing.assert_allclose(after[:, :3], before[:, :3], rtol=1e-5, atol=1e-6)


def test_scales_are_weights(backend):
    layer = Attention(use_scale=True, score_mode="concat")
    layer([QUERY, QUERY])
    assert [(w.name, w.shape) for w in layer.weights] == [("scale", ()), ("concat_score_weight", ())]
    layer = AdditiveAttention()
    layer([QUERY, QUERY])
    assert [(w.name, w.shape) for w in layer.weights] == [("scale", (3,))]


def test_dropout_acts_in_training_alone(backend):
    layer = Attention(dropout=0.5, seed=1)
    calm = numpy(layer([QUERY, VALUE, KEY]))
    assert np.abs(numpy(layer([QUERY, VALUE, KEY], training=True)) - calm).max() > 1e-3


@pytest.mark.parametrize("make", [lambda **o: Attention(True, "concat", **o), AdditiveAttention])
def test_specs_and_half_precision_are_those_of_eager_calls(backend, make):
    layer = make(dtype="mixed_bfloat16")
    inputs = [ops.KerasTensor((None, None, 3)), ops.KerasTensor((None, None, 6)), ops.KerasTensor((None, None, 3))]
    symbolic = layer(inputs)
    assert (symbolic.shape, symbolic.dtype) == ((None, None, 6), "bfloat16")
    output = layer([QUERY, VALUE, KEY])
    assert (tuple(output.shape), backend.dtype(output)) == ((2, 5, 6), "bfloat16")


@pytest.mark.parametrize("layer", [Attention, AdditiveAttention])
def test_a_layer_made_of_the_config_has_the_same_config(backend, layer):
    made = layer(use_scale=True, dropout=0.2, seed=3)
    assert layer.from_config(made.get_config()).get_config() == made.get_config()


def test_inputs_that_are_no_list_of_tensors_are_refused(backend):
    with pytest.raises(ArgumentError, match=r"inputs must be two or three tensors\n  fix: pass \[query, value\]"):
        Attention()(QUERY)
    with pytest.raises(ShapeError, match=r"takes tensors of as many axes, 2 or more, and got \(3,\), \(3,\)"):
        Attention()([QUERY[0, 0], QUERY[0, 0]])
    with pytest.raises(ArgumentError, match="score_mode can not be 'cosine'\n  fix: use 'dot' or 'concat'"):
        Attention(score_mode="cosine")


@pytest.mark.parametrize("leading", [(), (2, 3), (2, 3, 2)])
@pytest.mark.parametrize("make", [Attention, lambda: Attention(score_mode="concat"), AdditiveAttention])
@pytest.mark.parametrize("is_causal", [False, True])
def test_axes_before_the_positions_are_like_the_batch(backend, make, leading, is_causal):
    query, value, key = (rng.normal(size=(*leading, *sizes)).astype("float32") for sizes in ((6, 4), (5, 3), (5, 4)))
    query_mask, value_mask = rng.random((*leading, 6)) < 0.7, rng.random((*leading, 5)) < 0.7
    layer = make()
    kwargs = dict(use_causal_mask=is_causal, return_attention_scores=True)
    outputs = layer([query, value, key], mask=[query_mask, value_mask], **kwargs)
    flat = [x.reshape(-1, *x.shape[len(leading) :]) for x in (query, value, key, query_mask, value_mask)]
    expected = layer(flat[:3], mask=flat[3:], **kwargs)
    for actual, wanted in zip(outputs, expected, strict=True):
        actual, wanted = ops.convert_to_numpy(actual), ops.convert_to_numpy(wanted)
        assert actual.shape[:-2] == leading
        np.testing.assert_allclose(actual, wanted.reshape(actual.shape), rtol=1e-5, atol=1e-5)


def test_inputs_of_different_numbers_of_axes_are_refused(backend):
    x = np.ones((2, 3, 4), "float32")
    with pytest.raises(ShapeError, match="takes tensors of as many axes, 2 or more, and got"):
        Attention()([x, x[0]])
