"""Products of int8 alone by those of floats: for frameworks that multiply these faster than integers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kcore_ops.ops.numpy.subscripts import parse_subscripts

__all__ = ["int8_products"]


def int8_products(table: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return what a backend may have as `of_int8`: products of floats in which each sum is exact.

    Args:
        table: functions of the backend by the names of ops, `cast`, `einsum` and `matmul` among them.

    >>> import numpy as np
    >>> table = {"cast": lambda x, dtype: x.astype(dtype), "einsum": np.einsum, "matmul": np.matmul}
    >>> int8_products(table)["matmul"](np.array([[100, -100]], "int8"), np.array([[100], [100]], "int8"))
    array([[0]], dtype=int32)
    """
    cast, times, summed = table["cast"], table["matmul"], table["einsum"]

    def in_int32(sums: Any) -> Any:
        return cast(cast(sums, "int64"), "int32")  # the largest wrap around, as sums of integers do

    def matmul(x1: Any, x2: Any) -> Any:
        dtype = _INNER.float_for_int8([tuple(x1.shape)[-1:], tuple(x2.shape)[-2:][:1]])
        return in_int32(times(cast(x1, dtype), cast(x2, dtype)))

    def einsum(subscripts: str, *operands: Any) -> Any:
        contraction = parse_subscripts(subscripts, tuple([len(x.shape) for x in operands]))
        if len(operands) > 3:  # whose products may be beyond what floats have every integer of
            return summed(subscripts, *[cast(x, "int32") for x in operands])
        dtype = contraction.float_for_int8([tuple(x.shape) for x in operands])
        return in_int32(summed(subscripts, *[cast(x, dtype) for x in operands]))

    return {"einsum": einsum, "matmul": matmul}


_INNER = parse_subscripts("a,a->", (1, 1))
