"""Attention with heads against NumPy, its masks, and its two ways: by one op, and by weights that are seen."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.masking import get_mask, set_mask
from kcore_layers.layers.attention.grouped_query_attention import GroupedQueryAttention
from kcore_layers.layers.attention.multi_head_attention import MultiHeadAttention
from kcore_ops.foundation.errors import ArgumentError, ShapeError

rng = np.random.default_rng(0)
QUERY = rng.normal(size=(2, 5, 6)).astype("float32")
VALUE = rng.normal(size=(2, 4, 7)).astype("float32")
PAIRS = np.concatenate([np.ones((2, 5, 1), bool), rng.random((2, 5, 3)) < 0.6], axis=-1)


def numpy(x):
    return ops.convert_to_numpy(x)


def reference(query, value, weights, mask=None):
    kq, bq, kk, bk, kv, bv, ko, bo = weights
    q, k, v = (
        np.einsum("bti,ihd->bhtd", query, kq),
        np.einsum("bsi,ihd->bhsd", value, kk),
        np.einsum("bsi,ihd->bhsd", value, kv),
    )
    q, k, v = q + bq[:, None], k + bk[:, None], v + bv[:, None]
    logits = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    logits = logits if mask is None else np.where(mask[:, None], logits, -np.inf)
    scores = np.exp(logits - logits.max(-1, keepdims=True))
    scores /= scores.sum(-1, keepdims=True)
    return np.einsum("bhtd,hdo->bto", scores @ v, ko) + bo, scores


@pytest.mark.parametrize("mask", [None, PAIRS])
def test_the_output_is_that_of_the_formulas(backend, mask):
    layer = MultiHeadAttention(2, 3)
    layer.build(QUERY.shape, VALUE.shape)
    layer.set_weights([np.random.default_rng(1).normal(size=w.shape) for w in layer.weights])
    expected, scores = reference(QUERY, VALUE, layer.get_weights(), mask)
    np.testing.assert_allclose(numpy(layer(QUERY, VALUE, attention_mask=mask)), expected, rtol=1e-4, atol=1e-5)
    output, found = layer(QUERY, VALUE, attention_mask=mask, return_attention_scores=True)
    np.testing.assert_allclose(numpy(output), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(numpy(found), scores, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", [lambda: MultiHeadAttention(2, 3), lambda: GroupedQueryAttention(3, 4, 2)])
def test_with_a_causal_mask_later_steps_change_nothing_before(backend, make):
    layer = make()
    changed = QUERY.copy()
    changed[:, 3:] += 1
    before = numpy(layer(QUERY, QUERY, use_causal_mask=True))
    after = numpy(layer(changed, changed, use_causal_mask=True))
    np.testing.assert_allclose(after[:, :3], before[:, :3], rtol=1e-5, atol=1e-6)
    assert np.abs(after[:, 3:] - before[:, 3:]).max() > 1e-3


def test_a_window_sees_near_keys_alone(backend):
    _, scores = MultiHeadAttention(1, 3, sliding_window=2)(QUERY, QUERY, return_attention_scores=True)
    distance = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    assert ((numpy(scores)[0, 0] > 1e-8) == (distance < 2)).all()


def test_grouped_heads_are_heads_whose_keys_and_values_are_repeated(backend):
    grouped, whole = GroupedQueryAttention(3, 4, 2), MultiHeadAttention(4, 3)
    grouped(QUERY, VALUE), whole(QUERY, VALUE)
    weights = grouped.get_weights()
    for i in (2, 3, 4, 5):
        weights[i] = np.repeat(weights[i], 2, axis=-2)
    whole.set_weights(weights)
    np.testing.assert_allclose(numpy(grouped(QUERY, VALUE)), numpy(whole(QUERY, VALUE)), rtol=1e-4, atol=1e-6)


def test_masks_that_tensors_carry_are_used_and_passed_on(backend):
    layer = MultiHeadAttention(2, 3)
    query, value = ops.convert_to_tensor(QUERY), ops.convert_to_tensor(VALUE)
    kept = np.array([[1, 1, 1, 1], [1, 1, 0, 0]], bool)
    expected = numpy(layer(query, value, value_mask=kept))
    passed_on = np.array([[1, 1, 1, 0, 0]] * 2, bool)
    set_mask(value, ops.convert_to_tensor(kept))
    set_mask(query, ops.convert_to_tensor(passed_on))
    output = layer(query, value)
    # What queries that do not count attend to is another test's: tests/layers/test_step_masks.py.
    np.testing.assert_allclose(numpy(output)[passed_on], expected[passed_on], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(numpy(get_mask(output)), passed_on)


def test_dropout_acts_in_training_alone(backend):
    layer = MultiHeadAttention(2, 3, dropout=0.5, seed=1)
    calm = numpy(layer(QUERY, VALUE))
    np.testing.assert_allclose(numpy(layer(QUERY, VALUE)), calm, rtol=1e-6)
    assert np.abs(numpy(layer(QUERY, VALUE, training=True)) - calm).max() > 1e-3


@pytest.mark.parametrize(
    "make",
    [
        lambda **o: MultiHeadAttention(2, 3, output_shape=4, use_gate=True, **o),
        lambda **o: GroupedQueryAttention(3, 4, 2, **o),
    ],
)
@pytest.mark.parametrize("scores", [True, False])
def test_symbolic_calls_have_the_specs_of_eager_ones(backend, make, scores):
    for dtype in ("float32", "mixed_bfloat16"):
        layer = make(dtype=dtype)
        kwargs = dict(return_attention_scores=scores, use_causal_mask=True)
        symbolic = layer(ops.KerasTensor((None, None, 6)), ops.KerasTensor((None, None, 7)), **kwargs)
        eager = layer(QUERY, VALUE, **kwargs)
        pairs = zip(symbolic, eager, strict=True) if scores else [(symbolic, eager)]
        for one, other in pairs:
            assert one.dtype == backend.dtype(other)
            assert len(one.shape) == len(other.shape)
            assert all(a in (None, b) for a, b in zip(one.shape, other.shape, strict=True))
        assert {w._dtype for w in layer.weights} == {"float32"}


@pytest.mark.needs("dynamic_shapes")
@pytest.mark.parametrize("scores", [True, False])
@pytest.mark.parametrize("axes", [None, 1, (1, 2)])
def test_compiled_layers_take_batches_and_lengths_of_any_size(backend, scores, axes):
    layer = MultiHeadAttention(2, 3, attention_axes=axes)
    x = QUERY if axes is None else QUERY[:, :, None]
    expected = layer(x, x, return_attention_scores=scores)

    def run(x):
        return layer(x, x, return_attention_scores=scores)

    compiled = backend.jit(run, specs=[ops.TensorSpec((*[None] * (x.ndim - 1), 6), "float32")])
    found = compiled(ops.convert_to_tensor(x))
    for one, other in zip(*([found, expected] if scores else [[found], [expected]]), strict=True):
        np.testing.assert_allclose(numpy(one), numpy(other), rtol=1e-4, atol=1e-5)


@pytest.mark.needs("gradient")
def test_every_weight_has_a_gradient(backend):
    layer = MultiHeadAttention(2, 3, use_gate=True)
    layer(QUERY, VALUE)
    values = [ops.convert_to_tensor(v.numpy()) for v in layer.trainable_variables]

    def loss(*values):
        output = layer.stateless_call(list(values), [], ops.convert_to_tensor(QUERY), ops.convert_to_tensor(VALUE))[0]
        return ops.sum(ops.square(output))

    grads = ops.grad(loss, argnums=tuple(range(len(values))))(*values)
    without = [v.path for v, g in zip(layer.trainable_variables, grads, strict=True) if not numpy(g).any()]
    # A bias of all keys shifts all logits of a query alike, which changes nothing.
    assert [path for path in without if not path.endswith("key/bias")] == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: MultiHeadAttention(
            2, 3, 4, 0.1, output_shape=(2, 3), attention_axes=(1,), kernel_regularizer="l2", seed=3
        ),
        lambda: GroupedQueryAttention(3, 4, 2, sliding_window=3, use_gate=True, activity_regularizer="l1"),
    ],
)
def test_a_layer_made_of_the_config_has_the_same_config(backend, make):
    layer = make()
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


def test_projections_do_not_begin_alike(backend):
    layer = MultiHeadAttention(2, 3)
    layer(QUERY, QUERY)
    assert np.abs(layer.get_weights()[0] - layer.get_weights()[2]).max() > 1e-3


def test_inputs_that_do_not_fit_are_refused(backend):
    with pytest.raises(ShapeError, match=r"query has shape \(2, 6\) and value \(2, 6\): both must have 3 axes"):
        MultiHeadAttention(2, 3)(QUERY[:, 0], QUERY[:, 0])
    with pytest.raises(
        ShapeError, match=r"value has shape \(2, 4, 7\) and key \(2, 5, 6\): they must have as many positions"
    ):
        MultiHeadAttention(2, 3)(QUERY, VALUE, QUERY)
    with pytest.raises(ArgumentError, match="4 query heads can not share 3 key and value heads evenly"):
        GroupedQueryAttention(3, 4, 3)
    with pytest.raises(ArgumentError, match="num_heads can not be 0"):
        MultiHeadAttention(0, 3)
    with pytest.raises(ArgumentError, match="flash_attention=True does not go with dropout"):
        MultiHeadAttention(2, 3, dropout=0.5, flash_attention=True)
    x = QUERY[:, :, None]
    with pytest.raises(ArgumentError, match="a causal mask or a window needs one axis of positions, and there are 2"):
        MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)


@pytest.mark.parametrize(
    "make", [lambda: MultiHeadAttention(2, 3), lambda: GroupedQueryAttention(3, 2, 1)], ids=["heads", "groups"]
)
def test_a_causal_mask_may_be_asked_for_by_a_number(backend, make):
    x, layer = rng.normal(size=(1, 4, 3)).astype("float32"), make()
    for number in (0, 1):
        expected = layer(x, x, use_causal_mask=bool(number))
        y = layer(x, x, use_causal_mask=number)
        np.testing.assert_allclose(ops.convert_to_numpy(y), ops.convert_to_numpy(expected), rtol=1e-5)


@pytest.mark.parametrize("size", [8.0, "a", [8.0], (2, "a"), -1, 0, True])
def test_an_output_shape_that_holds_no_sizes_is_refused(backend, size):
    with pytest.raises(ArgumentError, match="output_shape can not be .*\n  fix: pass a positive integer"):
        MultiHeadAttention(2, 4, output_shape=size)


@pytest.mark.parametrize("axes", [1.5, "a", {"axis": 1}, [1.0], True])
def test_attention_axes_that_are_none_are_refused(backend, axes):
    with pytest.raises(ArgumentError, match="attention_axes can not be .*\n  fix: pass an integer"):
        MultiHeadAttention(2, 4, attention_axes=axes)
