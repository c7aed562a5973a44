"""Activations, losses and encodings, on TensorFlow tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from kcore_ops import nn
from kcore_ops.plugin import defined

# Activations.


def leaky_relu(x, negative_slope):
    # The kernel holds the slope in float32.
    return tf.where(x > 0, x, negative_slope * x) if x.dtype == tf.float64 else tf.nn.leaky_relu(x, negative_slope)


def elu(x, alpha):
    return tf.nn.elu(x) if alpha == 1 else tf.where(x > 0, x, alpha * tf.nn.elu(x))


def gelu(x, approximate):
    return tf.nn.gelu(x, approximate)


def silu(x):
    return x * tf.sigmoid(x)


def softmax(x, axis):
    return tf.nn.softmax(x, axis) if axis.__class__ is int and x.shape.rank else _softmax(x, axis)


def log_softmax(x, axis):
    return tf.nn.log_softmax(x, axis) if axis.__class__ is int and x.shape.rank else _log_softmax(x, axis)


_softmax = defined(nn.softmax)
_log_softmax = defined(nn.log_softmax)

# Losses and encodings.


def sparse_categorical_crossentropy(target, output, from_logits, axis):
    rank = output.shape.rank
    if not from_logits or axis not in (-1, rank - 1) or target.shape.rank != rank - 1:
        return _sparse_categorical_crossentropy(target, output, from_logits, axis)
    classes = target if target.dtype in (tf.int32, tf.int64) else tf.cast(target, tf.int32)
    # The kernel refuses what is no class on CPUs, and gives NaN on GPUs.
    is_class = (classes >= 0) & (classes < tf.shape(output, classes.dtype)[-1])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.where(is_class, classes, tf.zeros_like(classes)), output)
    return tf.where(is_class, loss, tf.zeros_like(loss))


_sparse_categorical_crossentropy = defined(nn.sparse_categorical_crossentropy)


def one_hot(x, num_classes, axis, dtype, sparse):
    x = x if x.dtype in (tf.int32, tf.int64, tf.uint8) else tf.cast(x, tf.int64)
    # An axis counted from the last is -1 or none.
    axis = axis + x.shape.rank + 1 if axis < -1 else axis
    on, off = (True, False) if dtype == "bool" else (1, 0)
    return tf.one_hot(x, num_classes, on, off, axis, dtype)


TABLE: dict[str, Callable[..., Any]] = {
    "elu": elu,
    "gelu": gelu,
    "leaky_relu": leaky_relu,
    "log_sigmoid": tf.math.log_sigmoid,
    "log_softmax": log_softmax,
    "one_hot": one_hot,
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "selu": tf.nn.selu,
    "sigmoid": tf.sigmoid,
    "silu": silu,
    "softmax": softmax,
    "softplus": tf.math.softplus,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
# What is between input and result is rounded to half precision on CPUs, or overflows it (TensorFlow 2.21).
WIDENED: dict[str, dict[str, str]] = dict.fromkeys(
    ("gelu", "log_sigmoid", "log_softmax", "softmax", "softplus", "sparse_categorical_crossentropy"),
    {"float16": "float32", "bfloat16": "float32"},
)
