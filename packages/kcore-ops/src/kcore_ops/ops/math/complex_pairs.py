"""Pairs of real and imaginary parts, for the tables of backends with complex numbers of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["joined", "of_pairs", "parts"]


Pair = tuple[Any, Any]


def joined(join: Callable[[Any, Any], Any], x: Pair) -> Any:
    """Join a pair into a complex tensor by a framework's function, which would broadcast parts that differ in shape."""
    real, imaginary = x
    if real.shape != imaginary.shape:
        raise ValueError("the parts differ in shape")
    return join(real, imaginary)


def of_pairs(join: Callable[[Any, Any], Any], function: Callable[[Any], Any]) -> Callable[[Pair], Pair]:
    """Return a framework's function of complex tensors as one that takes and returns their parts."""

    def of_pair(x: Pair) -> Pair:
        return parts(function(joined(join, x)))

    return of_pair


def parts(x: Any) -> Pair:
    """Return the parts of a framework's complex tensor."""
    return x.real, x.imag
