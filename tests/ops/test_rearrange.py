"""Patterns of axes: what they do, and what is said of wrong ones."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.engine.inference import inferring
from kcore_ops.ops.core.axis_patterns import rearrange
from kcore_ops.specs.spec import TensorSpec
from kcore_ops.specs.symbolic import KerasTensor

X = np.arange(24, dtype="float32").reshape(6, 4)


def test_a_pattern_and_its_reverse_change_nothing(backend):
    split = rearrange(X, "(a b) c -> c b a", a=2)
    assert tuple(split.shape) == (4, 3, 2)
    np.testing.assert_array_equal(ops.convert_to_numpy(rearrange(split, "c b a -> (a b) c")), X)


def test_axes_without_names_keep_their_order(backend):
    x = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(ops.convert_to_numpy(rearrange(x, "a ... -> ... a")), np.moveaxis(x, 0, -1))
    np.testing.assert_array_equal(ops.convert_to_numpy(rearrange(x, "... -> (...)")), x.reshape(-1))
    np.testing.assert_array_equal(ops.convert_to_numpy(rearrange(x, "a b c ... -> c b a ...")), x.transpose(2, 1, 0))


def test_a_list_of_tensors_is_stacked(backend):
    parts = [ops.convert_to_tensor(X), ops.convert_to_tensor(X + 1)]
    np.testing.assert_array_equal(ops.convert_to_numpy(rearrange(parts, "n a b -> a (n b)")), np.hstack([X, X + 1]))


def test_sizes_may_be_unknown():
    assert rearrange(KerasTensor((None, 6, None)), "b (h d) t -> (b h) t d", h=2).shape == (None, None, 3)
    with inferring():
        assert rearrange(TensorSpec((None, 4)), "(a b) c -> a (b c)", b=2).shape == (None, 8)


@pytest.mark.needs("dynamic_shapes")
def test_sizes_may_be_unknown_until_a_graph_runs(backend):
    function = backend.jit(lambda x: rearrange(x, "(a b) c -> a (b c)", b=2), specs=[TensorSpec((None, None))])
    np.testing.assert_array_equal(ops.convert_to_numpy(function(ops.convert_to_tensor(X))), X.reshape(3, 8))


@pytest.mark.parametrize(
    "pattern, sizes, message",
    [
        ("a b", {}, "'a b' is not a pattern"),
        ("a b -> b c a", {}, "has c on one side only"),
        ("a b -> a", {}, "has b on one side only"),
        ("a a -> a", {}, "has a twice on one side"),
        ("(a b c -> a b c", {}, "parentheses of .* do not match"),
        ("a) b -> a b", {}, "parentheses of .* do not match"),
        ("((a) b) c -> a b c", {}, "parentheses of .* do not match"),
        ("a b! -> a b", {}, "has '!' where an axis should be"),
        ("a 2 -> a 2", {}, "has '2' where an axis should be"),
        ("(... a) b -> ... a b", {}, "has ... in parentheses on its left side"),
        ("(a b) c -> a b c", {}, "sizes of a and b in .* can not both be worked out"),
        ("a b -> b a", {"c": 2}, "has no c"),
    ],
)
def test_a_wrong_pattern_is_told_what_is_wrong_with_it(backend, pattern, sizes, message):
    with pytest.raises(ops.ArgumentError, match=message):
        rearrange(X, pattern, **sizes)


@pytest.mark.parametrize(
    "pattern, sizes, message",
    [
        ("a b c -> c b a", {}, "is for a tensor with 3 axes, and this one has 2"),
        ("a b c ... -> c b a ...", {}, "is for a tensor with 3 axes or more, and this one has 2"),
        ("(a b) c -> a b c", {"a": 4}, r"axis of size 6 of a tensor of shape \(6, 4\) can not be \(a b\) with a=4"),
        ("a b -> b a", {"a": 5}, r"axis of size 6 .* can not be \(a\) with a=5"),
        ("a b 1 -> a b", {}, "3 axes"),
        ("a 1 -> a", {}, "an axis of size 4"),
    ],
)
def test_a_tensor_that_does_not_fit_is_told_where(backend, pattern, sizes, message):
    with pytest.raises(ops.ShapeError, match=message):
        rearrange(X, pattern, **sizes)
