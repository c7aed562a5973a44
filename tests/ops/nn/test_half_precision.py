"""Losses and normalizations of float16 and bfloat16: computed in float32, so that the result alone is rounded."""

from __future__ import annotations

import kcore_ops as ops
import ml_dtypes
import numpy as np
import pytest

rng = np.random.default_rng(0)
HALVES = ("float16", "bfloat16")


def drawn(dtype, shape, low=-4.0, high=4.0):
    """Give numbers that the dtype holds exactly, as float64."""
    numbers = rng.uniform(low, high, shape)
    return numbers.astype(getattr(ml_dtypes, dtype) if dtype == "bfloat16" else dtype).astype("float64")


def log_softmax(z):
    return z - z.max(-1, keepdims=True) - np.log(np.exp(z - z.max(-1, keepdims=True)).sum(-1, keepdims=True))


def normal(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-3)


CALLS = {
    "binary_crossentropy of logits": (
        lambda z: ops.binary_crossentropy(ops.full_like(z, 0.25), z, from_logits=True),
        lambda z: np.logaddexp(0, z) - 0.25 * z,
    ),
    "categorical_crossentropy of logits": (
        lambda z: ops.categorical_crossentropy(ops.full_like(z, 0.25), z, from_logits=True),
        lambda z: -log_softmax(z).sum(-1) / 4,
    ),
    "sparse_categorical_crossentropy of logits": (
        lambda z: ops.sparse_categorical_crossentropy(np.ones(z.shape[:-1], "int32"), z, from_logits=True),
        lambda z: -log_softmax(z)[..., 1],
    ),
    "softmax": (ops.softmax, lambda z: np.exp(log_softmax(z))),
    "log_softmax": (ops.log_softmax, log_softmax),
    "logsumexp": (lambda z: ops.logsumexp(z, axis=-1), lambda z: np.log(np.exp(z).sum(-1))),
    "mean": (lambda z: ops.mean(z, axis=-1), lambda z: z.mean(-1)),
    "var": (lambda z: ops.var(z, axis=-1), lambda z: z.var(-1)),
    "std": (lambda z: ops.std(z, axis=-1), lambda z: z.std(-1)),
    "moments": (lambda z: ops.moments(z, axes=-1)[1], lambda z: z.var(-1)),
    "norm": (lambda z: ops.norm(z, axis=-1), lambda z: np.linalg.norm(z, axis=-1)),
    "layer_normalization": (lambda z: ops.layer_normalization(z, epsilon=1e-3), normal),
    "rms_normalization": (
        lambda z: ops.rms_normalization(z, epsilon=1e-3),
        lambda z: z / np.sqrt((z * z).mean(-1, keepdims=True) + 1e-3),
    ),
    "batch_normalization": (
        lambda z: ops.batch_normalization(z, np.full(5, 0.5, "float32"), np.full(5, 2, "float32"), -1, epsilon=0.0),
        lambda z: (z - 0.5) / np.sqrt(2),
    ),
    "adaptive_average_pool": (
        lambda z: ops.adaptive_average_pool(z, 2, data_format="channels_last"),
        lambda z: np.stack([z[:, :3].mean(1), z[:, 2:].mean(1)], 1),
    ),
    "tanh_shrink": (ops.tanh_shrink, lambda z: z - np.tanh(z)),
}


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", CALLS)
def test_half_precision_is_rounded_once(backend, name, dtype):
    call, exact = CALLS[name]
    z = drawn(dtype, (6, 5, 5))
    result = call(ops.convert_to_tensor(z, dtype))
    assert ops.dtype(result) == dtype
    expected = exact(z)
    epsilon = float(ml_dtypes.finfo(dtype).eps)
    np.testing.assert_allclose(ops.convert_to_numpy(result).astype("float64"), expected, rtol=epsilon, atol=1e-5)


def test_a_variance_that_float16_can_not_hold_is_the_largest_that_it_can(backend):
    center, variance = ops.moments(ops.convert_to_tensor([-1000.0, 1000.0], "float16"), axes=0)
    assert (float(center), float(variance)) == (0.0, 65504.0)
    nothing = ops.moments(ops.convert_to_tensor([1.0, float("nan")], "float16"), axes=0)[1]
    assert np.isnan(float(nothing))
