"""Inputs, targets and weights in one tuple, and out of it."""

from __future__ import annotations

from typing import Any

from kcore_ops import Tree
from kcore_ops.foundation.errors import ArgumentError

__all__ = ["pack_x_y_sample_weight", "unpack_x_y_sample_weight"]


def pack_x_y_sample_weight(x: Tree, y: Tree | None = None, sample_weight: Tree | None = None) -> Any:
    """Pack what a batch has into one value, as short as it can be; a bare `x` stays bare unless it is a tuple or list.

    Args:
        x: array, tensor, or tree of these, the inputs.
        y: like `x`, or None, the targets, None for none; None.
        sample_weight: like `x`, or None, the weights of the samples, None for ones; None.

    >>> pack_x_y_sample_weight(1), pack_x_y_sample_weight(1, 2), pack_x_y_sample_weight(1, None, 3)
    (1, (1, 2), (1, None, 3))
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, list | tuple) else x


def unpack_x_y_sample_weight(data: Tree) -> tuple[Any, Any, Any]:
    """Return `x`, `y` and `sample_weight` of a batch, None for what it has not.

    Args:
        data: tree of arrays, `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`; a list is taken as a tuple.

    Raises:
        ArgumentError: if it has none of these forms.

    >>> unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    """
    if not isinstance(data, list | tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ArgumentError(
            f"a batch has 1 to 3 parts, and this one {len(data)}", fix="pass (x,), (x, y) or (x, y, sample_weight)"
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight
