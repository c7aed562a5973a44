"""Sizes that a graph computes with: Python's numbers while it runs, as they are in a `call` written by hand.

`ops.shape(x)[0] * 2` in a functional model is a call of an op. Run as one, it would give a tensor, and a framework that
compiles for fixed shapes could make no shape of it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Container
from typing import Any

from kcore_ops import TensorSpec, convert_to_tensor, shape
from kcore_ops.dtypes import is_float_dtype, is_int_dtype
from kcore_ops.engine.inference import is_inferring
from kcore_ops.engine.op import TENSOR_KINDS, Op
from kcore_ops.specs.symbolic import Node

__all__ = ["computes_size", "function_of_sizes", "takes_sizes", "tensor_of_size"]

# Ops on sizes, by Python's functions of the same meaning.
_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "absolute": abs,
    "add": operator.add,
    "ceil": lambda x: float(math.ceil(x)),
    "divide": operator.truediv,
    "floor": lambda x: float(math.floor(x)),
    "floor_divide": operator.floordiv,
    "maximum": max,
    "minimum": min,
    "mod": operator.mod,
    "multiply": operator.mul,
    "negative": operator.neg,
    "subtract": operator.sub,
}


def computes_size(node: Node, sizes: Container[int]) -> bool:
    """Return whether a call computes a size, of tensors or of sizes.

    Args:
        node: the call.
        sizes: ids of the symbolic tensors that are sizes.
    """
    if not isinstance(node.op, Op):
        return False
    if node.op.name == "size_along":
        return True
    values = node.args[:1] if node.op.name == "cast" else node.args
    if node.op.name == "cast":
        dtype = node.args[1]
        is_arithmetic = is_int_dtype(dtype) or is_float_dtype(dtype)
    else:
        is_arithmetic = node.op.name in _ARITHMETIC
    return is_arithmetic and bool(node.inputs) and all(_is_number(x) or id(x) in sizes for x in values)


def function_of_sizes(op: Op) -> Callable[..., Any]:
    """Return the function that computes a size: a number, or the op's tensor where no number is known yet.

    Args:
        op: the op.
    """
    if op.name == "size_along":
        return lambda x, axis: shape(x)[axis]
    if op.name == "cast":
        return lambda x, dtype: _cast(x, dtype) if _is_number(x) else op.function(x, dtype)
    compute = _ARITHMETIC[op.name]
    return lambda *xs: compute(*xs) if all(map(_is_number, xs)) else op.function(*xs)


def _is_number(x: Any) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool)


def _cast(number: float, dtype: str) -> float:
    return int(number) if is_int_dtype(dtype) else float(number)


def takes_sizes(node: Node, position: int) -> bool:
    """Return whether a call's argument may hold sizes as numbers: an op's shapes and settings, but not its tensors.

    Args:
        node: the call.
        position: int, the argument's place among those by position.
    """
    if not isinstance(node.op, Op):
        return False
    return list(node.op.parameters.values())[position] not in TENSOR_KINDS


def tensor_of_size(dtype: str) -> Callable[..., Any]:
    """Return the function that makes a size the scalar tensor that its symbolic one stands for.

    Args:
        dtype: the name of the tensor's dtype.
    """

    def tensor(size: Any) -> Any:
        return TensorSpec((), dtype) if is_inferring() else convert_to_tensor(size, dtype)

    return tensor
