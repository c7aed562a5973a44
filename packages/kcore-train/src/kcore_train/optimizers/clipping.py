"""Gradients made smaller where they are too large."""

from __future__ import annotations

from collections.abc import Sequence

import kcore_ops as ops
from kcore_ops import Tensor

__all__ = ["clip_by_global_norm", "clip_by_norm", "clip_by_value"]


def clip_by_value(gradient: Tensor, limit: float) -> Tensor:
    """Keep each number between `-limit` and `limit`.

    Args:
        gradient: tensor, the gradient.
        limit: float, the largest absolute value, above 0.
    """
    return ops.clip(gradient, -limit, limit)


def clip_by_norm(gradient: Tensor, limit: float) -> Tensor:
    """Scale a gradient whose Euclidean norm is over `limit` to that norm.

    Args:
        gradient: tensor, the gradient.
        limit: float, the largest norm, above 0.
    """
    squares = ops.sum(ops.square(gradient))
    # The root of zero has no derivative, and no use.
    norm = ops.sqrt(ops.where(squares > 0, squares, 1.0))
    return gradient * limit / ops.maximum(norm, limit)


def clip_by_global_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Scale gradients so that the norm of them all is at most `limit` (Pascanu et al., 2013, arXiv:1211.5063).

    Args:
        gradients: sequence of tensors, the gradients.
        limit: float, the largest norm of all of them together, above 0.
    """
    total = sum((ops.sum(ops.square(ops.cast(g, "float32"))) for g in gradients), start=0.0)
    factor = limit / ops.maximum(ops.sqrt(total), limit)
    return [g * ops.cast(factor, ops.dtype(g)) for g in gradients]
