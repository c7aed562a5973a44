"""The inputs that a symbolic tensor is computed from."""

from __future__ import annotations

from typing import Any

from kcore_ops import KerasTensor
from kcore_ops.foundation.errors import ArgumentTypeError

from kcore_layers.models.graph import is_input

__all__ = ["get_source_inputs"]


def get_source_inputs(tensor: KerasTensor) -> list[KerasTensor]:
    """Return the inputs that a symbolic tensor is computed from, each once, in the order in which they are met.

    Args:
        tensor: symbolic tensor, of a functional model; an input is its own source.

    Raises:
        ArgumentTypeError: if it is no symbolic tensor.

    >>> from kcore_layers import Input
    >>> x, y = Input((2,), name="x"), Input((2,), name="y")
    >>> [source.name for source in get_source_inputs(x + 2 * y)]
    ['x', 'y']
    """
    if not isinstance(tensor, KerasTensor):
        raise ArgumentTypeError(
            f"tensor has type {type(tensor).__name__}, which is no symbolic tensor", fix="pass one made from Input()"
        ).at("get_source_inputs")
    found: dict[int, KerasTensor] = {}
    seen: set[int] = set()
    stack: list[Any] = [tensor]
    while stack:
        x = stack.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if x.node is None or is_input(x.node):
            found[id(x)] = x
        else:
            stack += reversed(x.node.inputs)
    return list(found.values())
