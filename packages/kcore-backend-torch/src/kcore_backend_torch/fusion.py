"""Sums and products that one `torch._foreach_*` function computes in one pass over memory.

x + (y - x) * number        lerp
x + (a * b - x) * number    mul, then addcmul
x - y * number              add, with a factor
x - a * number / b          addcdiv
x - a / b                   addcdiv
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch

__all__ = ["Fusion", "find_fusions"]

aten = torch.ops.aten
_SUMS = {aten.add.Tensor: 1, aten.sub.Tensor: -1}
_PRODUCTS = (aten.mul.Tensor, aten.mul.Scalar)


@dataclasses.dataclass(frozen=True)
class Fusion:
    """What computes a node together with those it absorbs.

    Attributes:
        name: of the function, after `_foreach_`.
        source: the list that the result may overwrite.
        others: the other lists.
        factor: the number, a node or a literal; None for one.
        sign: what the factor is multiplied with.
        keyword: the argument that the factor is passed as.
        absorbed: the nodes that need not be computed by themselves.
        is_average: whether the source is first multiplied with one less the factor.
    """

    name: str
    source: Any
    others: tuple[Any, ...]
    factor: Any
    sign: int
    keyword: str
    absorbed: tuple[Any, ...]
    is_average: bool = False


def find_fusions(nodes: Sequence[Any], is_list: Callable[[Any], bool], kept: Collection[Any]) -> dict[Any, Fusion]:
    """Return the fusion of each node that has one.

    Args:
        nodes: of a graph, in order.
        is_list: whether a node's value is a list of tensors.
        kept: nodes whose values are wanted by themselves.
    """
    found: dict[Any, Fusion] = {}
    absorbed: set[Any] = set()

    def is_temporary(x: Any) -> bool:
        return is_list(x) and len(x.users) == 1 and x not in kept and x not in absorbed and x not in found

    def product(x: Any) -> tuple[Any, Any] | None:
        """Return the list and the number that `x` is a product of."""
        if not is_temporary(x) or x.target not in _PRODUCTS:
            return None
        a, b = x.args
        if is_list(a) and not is_list(b):
            return a, b
        return (b, a) if is_list(b) and not is_list(a) else None

    for node in nodes:
        sign = _SUMS.get(node.target)
        if sign is None or node.kwargs or not all(is_list(arg) for arg in node.args):
            continue
        for source, term in [node.args, node.args[::-1]][: 2 if sign > 0 else 1]:
            fusion = _fusion(source, term, sign, product, is_temporary, is_list)
            if fusion is not None:
                found[node] = fusion
                absorbed.update(fusion.absorbed)
                break
    return found


def _fusion(source: Any, term: Any, sign: int, product: Any, is_temporary: Any, is_list: Any) -> Fusion | None:
    factors = product(term)
    if factors is not None:
        inner, number = factors
        if sign > 0 and is_temporary(inner) and inner.target is aten.sub.Tensor and inner.args[1] is source:
            mean = inner.args[0]
            if is_temporary(mean) and mean.target is aten.mul.Tensor and all(is_list(x) for x in mean.args):
                return Fusion("addcmul", source, tuple(mean.args), number, 1, "value", (term, inner, mean), True)
            return Fusion("lerp", source, (mean,), number, 1, "weight", (term, inner))
        return Fusion("add", source, (inner,), number, sign, "alpha", (term,))
    if is_temporary(term) and term.target is aten.div.Tensor and all(is_list(x) for x in term.args):
        top, bottom = term.args
        factors = product(top)
        if factors is not None:
            return Fusion("addcdiv", source, (factors[0], bottom), factors[1], sign, "value", (term, top))
        return Fusion("addcdiv", source, (top, bottom), None, sign, "value", (term,))
    return None
