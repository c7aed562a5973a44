"""Recurrent networks by torch's fused kernels, which keep kernels transposed and order a GRU's gates r, z, g."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kcore_ops
import torch
from kcore_ops.plugin import check_recurrent_shapes, defined
from torch import _VF
from torch._C._functorch import TransformType, maybe_current_level
from torch._functorch.pyfunctorch import retrieve_all_functorch_interpreters


def lstm(x, h, c, kernel, recurrent_kernel, bias, unroll):
    if not _has_kernel(x, recurrent_kernel):
        return _lstm(x, h, c, kernel, recurrent_kernel, bias, unroll)
    check_recurrent_shapes(x, kernel, recurrent_kernel, bias, gates=4, h=h, c=c)
    weights = _weights(kernel, recurrent_kernel)
    if bias is not None:
        weights += [bias, torch.zeros_like(bias)]
    ys, h, c = _VF.lstm(x, (h.unsqueeze(0), c.unsqueeze(0)), weights, *_options(bias))
    return ys, h.squeeze(0), c.squeeze(0)


def gru(x, h, kernel, recurrent_kernel, bias, reset_after, unroll):
    if not reset_after or not _has_kernel(x, recurrent_kernel):
        return _gru(x, h, kernel, recurrent_kernel, bias, reset_after, unroll)
    check_recurrent_shapes(x, kernel, recurrent_kernel, bias, gates=3, rows=(2,), h=h)
    units = recurrent_kernel.shape[0]
    weights = _weights(_reordered(kernel, units), _reordered(recurrent_kernel, units))
    if bias is not None:
        weights += _reordered(bias, units).unbind(0)
    ys, h = _VF.gru(x, h.unsqueeze(0), weights, *_options(bias))
    return ys, h.squeeze(0)


_lstm = defined(kcore_ops.lstm)
_gru = defined(kcore_ops.gru)


def _has_kernel(x, recurrent_kernel):
    """Return whether the fused kernels take a call: not empty ones, nor those that vmap or jvp transform."""
    if not x.numel() or not recurrent_kernel.numel():
        return False
    return maybe_current_level() is None or not any(
        each.key() in (TransformType.Vmap, TransformType.Jvp) for each in retrieve_all_functorch_interpreters()
    )


def _weights(kernel, recurrent_kernel):
    weights = [kernel.t(), recurrent_kernel.t()]
    return weights if kernel.device.type == "cpu" else [weight.contiguous() for weight in weights]


def _options(bias):
    """Return has_biases, num_layers, dropout, train, bidirectional and batch_first."""
    return bias is not None, 1, 0.0, torch.is_grad_enabled(), False, True


def _reordered(weight, units):
    """Put the gates z, r, g in the order r, z, g."""
    z, r, g = weight.split(units, -1)
    return torch.cat((r, z, g), -1)


TABLE: dict[str, Callable[..., Any]] = {"gru": gru, "lstm": lstm}
