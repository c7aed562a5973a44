"""Recurrent networks by torch's fused kernels, which order a GRU's gates r, z, g and keep kernels transposed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from kcore_ops.nn import recurrent
from kcore_ops.operation import op_of
from torch import _VF


def lstm(x, h, c, kernel, recurrent_kernel, bias, unroll):
    if not _is_fusible(x, kernel, recurrent_kernel):
        return _lstm(x, h, c, kernel, recurrent_kernel, bias, unroll)
    weights = [kernel.t(), recurrent_kernel.t()]
    if bias is not None:
        weights += [bias, torch.zeros_like(bias)]
    ys, h, c = _VF.lstm(x, (h[None], c[None]), _flat(weights, x), bias is not None, *_OPTIONS[:2], *_mode(), True)
    return ys, h[0], c[0]


def gru(x, h, kernel, recurrent_kernel, bias, reset_after, unroll):
    if not reset_after or not _is_fusible(x, kernel, recurrent_kernel):
        return _gru(x, h, kernel, recurrent_kernel, bias, reset_after, unroll)
    weights = [_reordered(kernel).t(), _reordered(recurrent_kernel).t()]
    if bias is not None:
        weights += list(_reordered(bias))
    ys, h = _VF.gru(x, h[None], _flat(weights, x), bias is not None, *_OPTIONS[:2], *_mode(), True)
    return ys, h[0]
