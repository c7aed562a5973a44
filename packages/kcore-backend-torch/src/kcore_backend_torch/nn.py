"""Activations, normalizations, attention and losses, on torch tensors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from kcore_ops import config, nn
from kcore_ops.plugin import defined
from torch.fx.experimental.proxy_tensor import get_proxy_mode
from torch.nn.attention import SDPBackend, sdpa_kernel

# Activations.


def leaky_relu(x, negative_slope):
    return F.leaky_relu(x, negative_slope)


def elu(x, alpha):
    return F.elu(x, alpha)


def celu(x, alpha):
    return F.celu(x, alpha)


def gelu(x, approximate):
    return F.gelu(x, approximate="tanh" if approximate else "none")


def hard_sigmoid(x):
    # The kernel's slope is a float32 number.
    return _hard_sigmoid(x) if x.dtype == torch.float64 else F.hardsigmoid(x)


def softplus(x):
    # Beyond the threshold the value is x: at torch's own, 20, that is not yet so in float64.
    return F.softplus(x, 1.0, 40.0)


def softmax(x, axis):
    return torch.softmax(x, axis) if axis.__class__ is int and x.ndim else _softmax(x, axis)


def log_softmax(x, axis):
    return torch.log_softmax(x, axis) if axis.__class__ is int and x.ndim else _log_softmax(x, axis)


_hard_sigmoid = defined(nn.hard_sigmoid)
_softmax = defined(nn.softmax)
_log_softmax = defined(nn.log_softmax)

# Normalizations.


def layer_normalization(x, gamma, beta, axis, epsilon, rms_scaling):
    shape = None if rms_scaling else _normalized_shape(x, axis, gamma, beta)
    if shape is None:
        return _layer_normalization(x, gamma, beta, axis, epsilon, rms_scaling)
    if gamma is None and beta is not None:
        gamma = torch.ones(shape, dtype=x.dtype, device=x.device)  # or torch 2.13 has no second derivative
    return F.layer_norm(x, shape, gamma, beta, config.epsilon() if epsilon is None else epsilon)


def rms_normalization(x, scale, axis, epsilon):
    shape = _normalized_shape(x, axis, scale)
    if shape is None:
        return _rms_normalization(x, scale, axis, epsilon)
    return F.rms_norm(x, shape, scale, config.epsilon() if epsilon is None else epsilon)


def batch_normalization(x, mean, variance, axis, offset, scale, epsilon):
    parameters = [p for p in (mean, variance, offset, scale) if p is not None]
    if not -x.ndim <= axis < x.ndim or any(p.dtype != x.dtype or p.shape != (x.shape[axis],) for p in parameters):
        return _batch_normalization(x, mean, variance, axis, offset, scale, epsilon)
    if x.dtype not in (torch.float32, torch.float64):
        return _batch_normalization(x, mean, variance, axis, offset, scale, epsilon)
    along = (-1, *(1,) * (x.ndim - 1 - axis % x.ndim))
    factor = torch.rsqrt(variance + epsilon) if scale is None else torch.rsqrt(variance + epsilon) * scale
    centered, factor = x - mean.reshape(along), factor.reshape(along)
    return centered * factor if offset is None else torch.addcmul(offset.reshape(along), centered, factor)


_batch_normalization = defined(nn.batch_normalization)
_layer_normalization = defined(nn.layer_normalization)
_rms_normalization = defined(nn.rms_normalization)


def _normalized_shape(x, axis, *parameters):
    """Return the sizes of the axes to normalize over, or None if torch has no kernel for them."""
    ndim = x.ndim
    axes = tuple(range(ndim)) if axis is None else (axis,) if axis.__class__ is int else axis
    count = len(axes)
    if not count or {a + ndim if a < 0 else a for a in axes} != set(range(ndim - count, ndim)) or not x.numel():
        return None
    shape = x.shape[ndim - count :]
    fits = all(p is None or (p.shape == shape and p.dtype == x.dtype) for p in parameters)
    return shape if fits else None


# Attention and losses.


def dot_product_attention(query, key, value, bias, mask, scale, is_causal, flash_attention, attn_logits_soft_cap):
    if flash_attention is None and not config.is_flash_attention_enabled():
        flash_attention = False
    is_odd = any(x.ndim != 4 or not x.numel() for x in (query, key, value))
    is_odd = is_odd or any(x is not None and x.ndim < 2 for x in (bias, mask))
    if attn_logits_soft_cap is not None or is_odd:
        return _dot_product_attention(
            query, key, value, bias, mask, scale, is_causal, flash_attention, attn_logits_soft_cap
        )
    heads, groups, has_key = query.shape[2], key.shape[2], None
    if is_causal and (mask is not None or bias is not None):
        past = torch.ones(query.shape[1], key.shape[1], dtype=torch.bool, device=query.device).tril()
        mask, is_causal = past if mask is None else mask & past, False
    if mask is not None:
        # Where every key is masked the kernels disagree; they see none masked, and the result is put in place below.
        has_key = mask.any(-1, keepdim=True)
        mask = mask | ~has_key
    if bias is not None:
        mask = bias.to(query.dtype) if mask is None else torch.where(mask, bias.to(query.dtype), -torch.inf)
    query, key, value = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    with contextlib.nullcontext() if flash_attention is None else sdpa_kernel(_KERNELS[flash_attention]):
        result = F.scaled_dot_product_attention(
            query, key, value, mask, scale=scale, is_causal=bool(is_causal), enable_gqa=heads != groups
        )
    if has_key is not None:
        average = value.mean(2, keepdim=True).repeat_interleave(heads // groups, 1)
        result = torch.where(has_key, result, average)
    return result.transpose(1, 2)


_KERNELS = {True: SDPBackend.FLASH_ATTENTION, False: SDPBackend.MATH}
_dot_product_attention = defined(nn.dot_product_attention)


def binary_crossentropy(target, output, from_logits):
    if from_logits and target.shape == output.shape:
        return F.binary_cross_entropy_with_logits(output, target, reduction="none")
    return _binary_crossentropy(target, output, from_logits)


_binary_crossentropy = defined(nn.binary_crossentropy)


def sparse_categorical_crossentropy(target, output, from_logits, axis):
    found = _cross_entropy(target, output, from_logits, axis, "none", -100)  # whose loss is 0
    if found is not None:
        return found
    if not _has_kernel(target, output, from_logits, axis):
        return _sparse_categorical_crossentropy(target, output, from_logits, axis)
    classes = target.long()
    is_class = (classes >= 0) & (classes < output.shape[-1])
    log_p = torch.log_softmax(output, -1).gather(-1, torch.where(is_class, classes, 0).unsqueeze(-1)).squeeze(-1)
    return torch.where(is_class, -log_p, 0)


_sparse_categorical_crossentropy = defined(nn.sparse_categorical_crossentropy)


def mean_sparse_categorical_crossentropy(target, output, from_logits, axis):
    found = _cross_entropy(target, output, from_logits, axis, "mean", -(2**63))  # which no target is: all count
    return sparse_categorical_crossentropy(target, output, from_logits, axis).mean() if found is None else found


def _cross_entropy(
    target: torch.Tensor, output: torch.Tensor, from_logits: bool, axis: int, reduction: str, ignored: int
) -> torch.Tensor | None:
    """Return what torch's one kernel gives; None where it can not be used, or a target is no class."""
    if not output.is_cpu or not _has_kernel(target, output, from_logits, axis):
        return None
    if get_proxy_mode() is not None or torch.compiler.is_exporting():  # what is captured refuses no target
        return None
    logits = output.movedim(-1, 1) if output.ndim > 2 else output
    try:
        return F.cross_entropy(logits, target.long(), ignore_index=ignored, reduction=reduction)
    except IndexError:
        return None


def _has_kernel(target: torch.Tensor, output: torch.Tensor, from_logits: bool, axis: int) -> bool:
    is_last = axis == -1 or axis == output.ndim - 1
    return from_logits and is_last and target.shape == output.shape[:-1] and output.numel() > 0


TABLE: dict[str, Callable[..., Any]] = {
    "batch_normalization": batch_normalization,
    "binary_crossentropy": binary_crossentropy,
    "celu": celu,
    "dot_product_attention": dot_product_attention,
    "elu": elu,
    "gelu": gelu,
    "glu": F.glu,
    "hard_shrink": F.hardshrink,
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": F.hardswish,
    "layer_normalization": layer_normalization,
    "leaky_relu": leaky_relu,
    "log_sigmoid": F.logsigmoid,
    "log_softmax": log_softmax,
    "mean_sparse_categorical_crossentropy": mean_sparse_categorical_crossentropy,
    "relu": torch.relu,
    "relu6": F.relu6,
    "rms_normalization": rms_normalization,
    "selu": torch.selu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "soft_shrink": F.softshrink,
    "softmax": softmax,
    "softplus": softplus,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
}

_HALVES = {"float16": "float32", "bfloat16": "float32"}

# Dtypes the framework can not compute an op in, each with the one to use instead.
# Of these torch rounds what is between input and result to half precision, on CPUs (torch 2.13).
WIDENED: dict[str, dict[str, str]] = dict.fromkeys(
    ("binary_crossentropy", "log_softmax", "mean_sparse_categorical_crossentropy", "sparse_categorical_crossentropy"),
    _HALVES,
)
