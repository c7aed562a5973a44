"""Activations, normalizations, attention and encodings, on JAX arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from kcore_ops import config, nn
from kcore_ops.plugin import op_of

from kcore_backend_jax.dtypes import native_dtype

# Normalizations: the definitions, in one compiled step where nothing around them is compiled.

_layer_normalization = jax.jit(op_of(nn.layer_normalization).body, static_argnums=(3, 4, 5))
_rms_normalization = jax.jit(op_of(nn.rms_normalization).body, static_argnums=(2, 3))
batch_normalization = jax.jit(op_of(nn.batch_normalization).body, static_argnums=(3, 6))


def layer_normalization(x, gamma, beta, axis, epsilon, rms_scaling):
    return _layer_normalization(x, gamma, beta, axis, config.epsilon() if epsilon is None else epsilon, rms_scaling)


def rms_normalization(x, scale, axis, epsilon):
    return _rms_normalization(x, scale, axis, config.epsilon() if epsilon is None else epsilon)


# Attention and encodings.

_defined_attention = jax.jit(op_of(nn.dot_product_attention).body, static_argnums=(5, 6, 7, 8))


def dot_product_attention(query, key, value, bias, mask, scale, is_causal, flash_attention, attn_logits_soft_cap):
    if not flash_attention or attn_logits_soft_cap is not None:
        # JAX's own without cuDNN is the same to the compiler, in float32 at most.
        return _defined_attention(
            query, key, value, bias, mask, scale, is_causal, flash_attention, attn_logits_soft_cap
        )
    bias, mask = (None if x is None else x.reshape((1,) * (4 - x.ndim) + x.shape) for x in (bias, mask))
    return jax.nn.dot_product_attention(
        query, key, value, bias, mask, scale=scale, is_causal=is_causal, implementation="cudnn"
    )


def one_hot(x, num_classes, axis, dtype, sparse):
    # JAX counts the classes in the dtype of x, which may be too narrow for them.
    x = x.astype("int32") if x.dtype.itemsize < 4 else x
    return jax.nn.one_hot(x, num_classes, axis=axis, dtype=native_dtype(dtype))


TABLE: dict[str, Callable[..., Any]] = {
    "batch_normalization": batch_normalization,
    "celu": jax.nn.celu,
    "dot_product_attention": dot_product_attention,
    "elu": jax.nn.elu,
    "gelu": jax.nn.gelu,
    "layer_normalization": layer_normalization,
    "leaky_relu": jax.nn.leaky_relu,
    "log_sigmoid": jax.nn.log_sigmoid,
    "log_softmax": jax.nn.log_softmax,
    "one_hot": one_hot,
    "relu": jax.nn.relu,
    "rms_normalization": rms_normalization,
    "selu": jax.nn.selu,
    "sigmoid": jax.nn.sigmoid,
    "silu": jax.nn.silu,
    "softmax": jax.nn.softmax,
    "softplus": jax.nn.softplus,
    "softsign": jax.nn.soft_sign,
}

_HALVES = {"float16": "float32", "bfloat16": "float32"}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {"log_softmax": _HALVES, "softmax": _HALVES}
