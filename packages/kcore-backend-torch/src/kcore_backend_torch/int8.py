"""Products of int8 alone, whose sums are int32."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from kcore_ops.plugin import parse_subscripts
from torch._C._functorch import maybe_current_level
from torch.fx.experimental.proxy_tensor import get_proxy_mode

from kcore_backend_torch import linalg


def matmul(x1, x2):
    if x1.ndim > 1 and x2.ndim == 2 and x1.is_cpu and x1.numel() and x2.numel() and _has_kernel():
        rows = torch._int_mm(x1.flatten(0, -2), x2)
        return rows.unflatten(0, x1.shape[:-1]) if x1.ndim > 2 else rows
    return _widened(torch.matmul, x1, x2)


def einsum(subscripts, *operands):
    contraction = parse_subscripts(subscripts, tuple([x.ndim for x in operands]))
    if count := contraction.num_summed:
        x, kernel = operands
        summed, kept = kernel.shape[:count], kernel.shape[count:]
        if x.shape[-count:] == summed:
            product = matmul(x.flatten(-count), kernel.reshape(summed.numel(), kept.numel()))
            return product.unflatten(-1, kept) if x.ndim > count else product.reshape(kept)
    return _widened(functools.partial(linalg.einsum, subscripts), *operands)


def _widened(function: Callable[..., torch.Tensor], *operands: torch.Tensor) -> torch.Tensor:
    if operands[0].is_cuda:  # where torch has no products of integers
        return function(*[x.double() for x in operands]).long().int()
    return function(*[x.int() for x in operands])


def _has_kernel() -> bool:
    """Return whether torch's kernel can be used here: nothing is mapped or captured, and this machine adds exactly."""
    is_compiled = torch.compiler.is_compiling() or torch.compiler.is_exporting()
    return maybe_current_level() is None and get_proxy_mode() is None and not is_compiled and _adds_exactly()


@functools.cache
def _adds_exactly() -> bool:
    """Return whether the largest products are added up in int32: a machine without VNNI may add pairs in 16 bits."""
    ends = torch.tensor([-128, 127], dtype=torch.int8)
    x, y = ends.repeat(33, 40), ends.repeat_interleave(40).repeat(17, 1).t()
    return all(
        torch.equal(torch._int_mm(a.contiguous(), b.contiguous()), a.int() @ b.int())
        for a, b in ((x, y), (x, -y), (x[:1], y), (x.abs(), y.abs()))
    )


OF_INT8: dict[str, Callable[..., Any]] = {"einsum": einsum, "matmul": matmul}
