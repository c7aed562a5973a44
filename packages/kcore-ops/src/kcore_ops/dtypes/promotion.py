"""Dtype rules of ops: which dtype the tensors of a call are cast to before the backend sees them.

A rule takes the dtypes of the arguments it governs, weak ones (`"int"`, `"float"`, `"complex"`) included, and gives
the dtype to cast them all to. It raises `DTypeError` for what the op can not take, the same on every backend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kcore_ops import dtypes as dt
from kcore_ops.foundation.errors import DTypeError

__all__ = ["COMPARING", "Rule", "accumulate", "boolean", "compared", "exact", "floating", "fractions", "index",
           "integer", "integral", "keep", "numeric", "ordered", "product", "promote", "real", "real_floating",
           "real_numeric"]  # fmt: skip

Rule = Callable[[Sequence[str]], str]


def keep(dtypes: Sequence[str]) -> str:
    """Leave a tensor as it is; a number alone gets the default dtype of its kind."""
    return dt.concrete(dtypes[0])


def promote(dtypes: Sequence[str]) -> str:
    """Cast to the common dtype."""
    return dt.concrete(dt.join_all(list(dtypes)))


def exact(dtypes: Sequence[str]) -> str:
    """Cast to the common dtype, which can not be bool."""
    dtype = promote(dtypes)
    if dtype == "bool":
        raise DTypeError("the op is not defined on booleans", fix="cast them first, for example to 'int32'")
    return dtype


def numeric(dtypes: Sequence[str]) -> str:
    """Cast to the common dtype; booleans become int32."""
    dtype = promote(dtypes)
    return "int32" if dtype == "bool" else dtype


def real_numeric(dtypes: Sequence[str]) -> str:
    """Cast to the common dtype, which can not be complex; booleans become int32."""
    return numeric([real(dtypes)])


def real(dtypes: Sequence[str]) -> str:
    """Cast to the common dtype, which can not be complex."""
    dtype = promote(dtypes)
    if dtype in dt.COMPLEX:
        raise DTypeError(f"the op takes real numbers and got {dtype}", fix="take ops.real(x) or ops.absolute(x) first")
    return dtype


def compared(dtypes: Sequence[str]) -> str:
    """Cast to the common dtype; a number that it does not hold compares as what it is."""
    return promote(dtypes)


def ordered(dtypes: Sequence[str]) -> str:
    """Cast to the common dtype, which can not be complex; a number that it does not hold compares as what it is."""
    return real(dtypes)


# For a tensor of integers any number beyond their dtype is as good as infinity to these; to others it is an error.
COMPARING: tuple[Rule, ...] = (compared, ordered)


def floating(dtypes: Sequence[str]) -> str:
    """Cast to the common dtype; booleans and integers become the default float."""
    return dt.to_float(promote(dtypes))


def real_floating(dtypes: Sequence[str]) -> str:
    """Cast to the common floating dtype; complex numbers are refused."""
    return dt.to_float(real(dtypes))


def fractions(dtypes: Sequence[str]) -> str:
    """Cast to the common dtype, which must be a real floating one."""
    dtype = real(dtypes)
    if dtype == "bool" or dtype in dt.INTEGERS:
        raise DTypeError(f"the op takes floating numbers and got {dtype}", fix="cast first, for example to 'float32'")
    return dtype


def integral(dtypes: Sequence[str]) -> str:
    """Cast to the common dtype, which must be bool or an integer one."""
    dtype = promote(dtypes)
    if dtype != "bool" and dtype not in dt.INTEGERS:
        raise DTypeError(f"the op takes integers or booleans and got {dtype}", fix="cast first, for example to 'int32'")
    return dtype


def integer(dtypes: Sequence[str]) -> str:
    """Cast to the common dtype, which must be bool or an integer one; booleans become int32."""
    return numeric([integral(dtypes)])


def index(dtypes: Sequence[str]) -> str:
    """Cast integers to int32, or to int64 if they may not fit; anything else can not point at an element."""
    dtype = dt.concrete(dt.join_all(list(dtypes)))
    if dtype not in dt.INTEGERS:
        raise DTypeError(f"indices must be integers and are {dtype}", fix="cast them to 'int32'")
    return "int64" if dtype in ("uint32", "int64", "uint64") else "int32"


def boolean(dtypes: Sequence[str]) -> str:
    """Cast to bool: zero is False, anything else is True."""
    return "bool"


def accumulate(dtypes: Sequence[str]) -> str:
    """Cast to a dtype wide enough for sums: booleans and small integers become 32 bits wide."""
    dtype = promote(dtypes)
    if dtype in ("bool", "int8", "int16"):
        return "int32"
    return "uint32" if dtype in ("uint8", "uint16") else dtype


def product(dtypes: Sequence[str]) -> str:
    """Cast to the common dtype; of int8 alone, whose sums of products need more room, to int32."""
    return "int32" if all(dtype == "int8" for dtype in dtypes) else promote(dtypes)
