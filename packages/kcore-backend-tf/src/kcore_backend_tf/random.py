"""Random numbers, on TensorFlow tensors, by its stateless generators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from kcore_ops.plugin import with_slope


def native_seed(seed):
    return tf.bitcast(seed, tf.int32)


def bits(seed, shape):
    return tf.random.stateless_uniform(shape, native_seed(seed), minval=None, maxval=None, dtype=tf.uint32)


def uniform(seed, shape, dtype):
    return tf.random.stateless_uniform(shape, native_seed(seed), dtype=dtype)


def normal(seed, shape, dtype):
    return tf.random.stateless_normal(shape, native_seed(seed), dtype=dtype)


TABLE: dict[str, Callable[..., Any]] = {
    "random_bits": bits,
    # TensorFlow's own gamma and binomial variates can not be compiled by XLA, and the latter do not return of NaN.
    "random_gamma": with_slope(lambda alpha, x: tf.raw_ops.RandomGammaGrad(alpha=alpha, sample=x)),
    "random_normal": normal,
    "random_uniform": uniform,
}
