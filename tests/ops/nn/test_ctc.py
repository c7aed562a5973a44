"""Connectionist temporal classification, and folding."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.nn.ctc import ctc_decode, ctc_loss
from kcore_ops.ops.nn.folding import fold, unfold


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def call(backend, function, *args):
    result = function(*(backend.to_tensor(x, None) if isinstance(x, np.ndarray) else x for x in args))
    return [ops.convert_to_numpy(x) for x in result] if isinstance(result, tuple) else ops.convert_to_numpy(result)


def ints(*numbers):
    return np.array(numbers, "int32")


def test_probabilities_of_all_spellings_add_up_to_one(backend):
    # One step, three classes: nothing, 1 or 2.
    output = np.repeat(random(1, 1, 3), 3, axis=0)
    losses = call(backend, ctc_loss, ints([1], [1], [2]), output, ints(0, 1, 1), ints(1, 1, 1))
    assert np.exp(-losses).sum() == pytest.approx(1, abs=1e-5)


def test_a_target_too_long_to_spell_has_an_infinite_loss(backend):
    losses = call(backend, ctc_loss, ints([1, 1], [1, 2]), random(2, 2, 3), ints(2, 2), ints(2, 2))
    assert np.isinf(losses[0])
    assert np.isfinite(losses[1])


@pytest.mark.needs("gradient")
def test_a_target_too_long_to_spell_has_no_gradient(backend):
    target, lengths = (backend.to_tensor(x, None) for x in (ints([1, 1], [1, 2]), ints(2, 2)))
    grad = ops.grad(lambda output: ops.sum(ctc_loss(target, output, lengths, lengths)))
    grads = ops.convert_to_numpy(grad(backend.to_tensor(random(2, 2, 3), None)))
    np.testing.assert_array_equal(grads[0], 0)
    assert np.isfinite(grads).all()
    assert np.abs(grads[1]).max() > 0.01


@pytest.mark.needs("gradient")
def test_a_class_that_is_ruled_out_leaves_gradients_finite(backend):
    output = random(1, 4, 3)
    output[..., 2] = -np.inf
    args = [backend.to_tensor(x, None) for x in (ints([1]), ints(1), ints(4))]
    grads = ops.grad(lambda x: ops.sum(ctc_loss(args[0], x, args[1], args[2])))(backend.to_tensor(output, None))
    assert np.isfinite(ops.convert_to_numpy(grads)).all()


def test_the_score_of_a_beam_is_the_loss_of_its_labels(backend):
    output, steps = random(2, 5, 4), ints(5, 4)
    labels, scores = call(backend, ctc_decode, output, steps, "beam_search", 60, 3)
    for path, score in zip(labels, scores.T, strict=True):
        losses = call(backend, ctc_loss, np.maximum(path, 0), output, (path >= 0).sum(-1).astype("int32"), steps)
        np.testing.assert_allclose(score, -losses, 1e-4)


def test_a_narrow_beam_keeps_what_that_of_keras_keeps(backend):
    output = np.random.default_rng(3).normal(size=(1, 30, 5)).astype("float32")
    labels, scores = call(backend, ctc_decode, output, ints(30), "beam_search", 4, 2)
    # Numbers from Keras 3.15.1 on TensorFlow, JAX and torch.
    np.testing.assert_allclose(scores, [[-18.25408, -18.27151]], 1e-5)
    paths = ["".join(str(c) for c in path[0] if c >= 0) for path in labels]
    assert paths == ["431213213234243423", "4312123213234243423"]


def test_more_paths_than_there_are_have_no_labels_and_no_probability(backend):
    labels, scores = call(backend, ctc_decode, random(1, 3, 2), ints(0), "beam_search", 4, 2)
    np.testing.assert_array_equal(labels, -1)
    np.testing.assert_array_equal(scores, [[0, -np.inf]])


def test_fold_counts_how_often_unfold_took_an_element(backend):
    ones = np.ones((1, 1, 4, 4), "float32")
    counts = fold(unfold(backend.to_tensor(ones, None), 3), (4, 4), 3)
    rows = np.array([1, 2, 2, 1])
    np.testing.assert_array_equal(ops.convert_to_numpy(counts)[0, 0], np.outer(rows, rows))


@pytest.mark.parametrize(
    ("function", "args", "error", "message"),
    [
        (ctc_loss, (ints([1], [1]), random(1, 2, 3), ints(1), ints(2)), ShapeError, r"target has shape \(2, 1\)"),
        (ctc_loss, (ints([1]), random(1, 2, 3), ints(1, 1), ints(2)), ShapeError, r"the lengths have shape \(2,\)"),
        (
            ctc_loss,
            (ints([1]), random(1, 2, 3), ints(1), ints(2), 3),
            ArgumentError,
            "mask_index=3 is none of 3 classes",
        ),
        (ctc_decode, (random(2, 3), ints(3)), ShapeError, r"the outputs have shape \(2, 3\)"),
        (ctc_decode, (random(1, 2, 3), ints(2), "best"), ArgumentError, "strategy can not be 'best'"),
        (
            ctc_decode,
            (random(1, 2, 3), ints(2), "beam_search", 1, 2),
            ArgumentError,
            "top_paths=2 is more than .*=1",
        ),
        (unfold, (random(3, 4), 2), ShapeError, r"x has shape \(3, 4\)"),
        (unfold, (random(1, 1, 3, 4), 4), ShapeError, "a window that spans 4 does not fit into size 3 with padding 0"),
        (unfold, (random(1, 1, 3, 4), 2, 1, -1), ArgumentError, "padding=-1 is no padding of two axes"),
        (fold, (random(1, 5, 6), (3, 4), 2), ShapeError, "5 rows are not a number of channels times a window of 4"),
        (fold, (random(1, 4, 5), (3, 4), 2), ShapeError, "5 blocks, where a window .* has 6 positions, 2 by 3"),
    ],
)
def test_a_wrong_call_is_told_what_was_wrong(backend, function, args, error, message):
    with pytest.raises(error, match=message):
        call(backend, function, *args)
