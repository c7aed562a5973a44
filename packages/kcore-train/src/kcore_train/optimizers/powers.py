"""Powers of a number near to 1, with all their digits."""

from __future__ import annotations

import math

import kcore_ops as ops
from kcore_ops import Tensor

__all__ = ["one_minus_power"]


def one_minus_power(base: float, exponent: Tensor) -> Tensor | float:
    """Return `1 - base ** exponent`: of 1 - 0.999 in float32 the fifth digit would be wrong.

    Args:
        base: float, the number, from 0 to below 1.
        exponent: scalar tensor, the exponent, above 0.
    """
    return -ops.expm1(exponent * math.log(base)) if base > 0 else 1.0
