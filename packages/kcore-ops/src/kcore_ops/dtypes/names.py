"""Names of dtypes and the one promotion table.

The lattice is that of JAX's type promotion ("Design of Type Promotion Semantics for JAX", jax.dev), which Keras
follows too: a Python number is *weak*, it takes on the dtype of the tensor it meets.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np

from kcore_ops.foundation import settings
from kcore_ops.foundation.errors import DTypeError, RangeError

__all__ = [
    "ALLOWED_DTYPES",
    "COMPLEX",
    "FLOAT8",
    "FLOATS",
    "INTEGERS",
    "SIGNED",
    "STRING",
    "UNSIGNED",
    "WEAK",
    "add_native_dtypes",
    "at_least_float32",
    "check_fits",
    "concrete",
    "dtype_size",
    "epsilon_of",
    "is_bool_dtype",
    "is_complex_dtype",
    "is_float_dtype",
    "is_int_dtype",
    "is_signed_dtype",
    "is_string_dtype",
    "join_all",
    "limits",
    "numpy_dtype",
    "real_dtype",
    "result_type",
    "standardize_dtype",
    "to_float",
]

UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
SIGNED = ("int8", "int16", "int32", "int64")
INTEGERS = (*UNSIGNED, *SIGNED)
FLOATS = ("bfloat16", "float16", "float32", "float64")
FLOAT8 = ("float8_e4m3fn", "float8_e5m2")
COMPLEX = ("complex64", "complex128")
ALLOWED_DTYPES = ("bool", *INTEGERS, *FLOATS, *FLOAT8, *COMPLEX)

# What specs have for strings, which layers may take and no op does: no tensor is of it, but on TensorFlow.
STRING = "string"

# Weak types, written as the Python type's name; "float" is also where int64 meets uint64.
WEAK = ("int", "float", "complex")

# Each dtype's direct successors; the result of two is their least common one.
_LATTICE: dict[str, tuple[str, ...]] = {
    "bool": ("int",),
    "int": ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("bfloat16", "float16", "complex"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex": ("complex64",),
    "complex64": ("complex128",),
    "complex128": (),
}


@functools.cache
def _ancestors(dtype: str) -> frozenset[str]:
    return frozenset({dtype}.union(*(_ancestors(above) for above in _LATTICE[dtype])))


@functools.cache
def _join(dtype1: str, dtype2: str) -> str:
    """Least upper bound of two dtypes in the lattice."""
    if dtype1 == dtype2:
        return dtype1
    for dtype in (dtype1, dtype2):
        if dtype in FLOAT8:
            raise DTypeError(
                f"{dtype} takes no part in promotion: it met {dtype1 if dtype is dtype2 else dtype2}",
                fix="cast it first, for example ops.cast(x, 'float32')",
            )
    common = _ancestors(dtype1) & _ancestors(dtype2)
    return next(dtype for dtype in common if common <= _ancestors(dtype))


@functools.cache
def _standard_names() -> dict[Any, str]:
    """Python types, NumPy types and NumPy dtypes, each with its name."""
    names: dict[Any, str] = {bool: "bool", int: "int32"}
    for name in ALLOWED_DTYPES:
        dtype = numpy_dtype(name)
        names.update({name: name, dtype: name, dtype.type: name})
    return names


@functools.cache
def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """Return the NumPy dtype of the name `dtype`; bfloat16 and float8 come from `ml_dtypes`.

    >>> numpy_dtype("bfloat16")
    dtype(bfloat16)
    """
    return np.dtype(getattr(ml_dtypes, dtype) if dtype in (*FLOAT8, "bfloat16") else dtype)


def standardize_dtype(dtype: Any = None) -> str:
    """Return the name of a dtype, whichever framework or type it comes from; None is `config.floatx()`.

    Args:
        dtype: a name, a Python or NumPy type, or a framework's dtype.

    Returns:
        The name, one of `ALLOWED_DTYPES`.

    Raises:
        DTypeError: if kcore has no such dtype.

    >>> standardize_dtype(np.float16), standardize_dtype(bool)
    ('float16', 'bool')
    """
    if dtype is None or dtype is float or (isinstance(dtype, str) and dtype == "float"):
        return settings.floatx()
    try:
        name = _standard_names().get(dtype)
    except TypeError:  # not hashable
        name = None
    if name is not None:
        return name
    if isinstance(dtype, str) and dtype == "int":
        return "int32"
    if dtype is complex or (isinstance(dtype, str) and dtype == "complex"):
        return "complex128" if settings.floatx() == "float64" else "complex64"
    # torch.float32, tf.float32, np.dtype subclasses: the last word of the name says it.
    name = getattr(dtype, "name", None) or str(dtype).rpartition(".")[2]
    if name in ALLOWED_DTYPES:
        return str(name)
    if is_string_dtype(dtype):
        raise DTypeError(
            "strings are no numbers, which is what tensors are made of",
            fix="make numbers of them first, with a layer: StringLookup, TextVectorization or Hashing",
        )
    raise DTypeError(f"there is no dtype {dtype!r}", fix=f"use one of {', '.join(ALLOWED_DTYPES)}")


def is_string_dtype(dtype: Any) -> bool:
    """Return whether `dtype`, a name, a type or a framework's or NumPy's dtype, is one of strings.

    >>> is_string_dtype("string"), is_string_dtype(np.array(["a"]).dtype), is_string_dtype("float32")
    (True, True, False)
    """
    if isinstance(dtype, str):
        return dtype == STRING
    if isinstance(dtype, np.dtype):
        return dtype.kind in "USOT"
    return dtype in (str, bytes) or getattr(dtype, "name", None) == STRING


def add_native_dtypes(dtypes: Mapping[Any, str]) -> None:
    """Make a framework's dtypes known under names of kcore's.

    Args:
        dtypes: from each of the framework's dtypes, objects that hash, to its name. Strings are left out: what "float"
            means among users is not for a framework to say.
    """
    _standard_names().update({native: name for native, name in dtypes.items() if not isinstance(native, str)})


def result_type(*dtypes: Any) -> str:
    """Return the dtype that an operation between these dtypes results in.

    Python types (`int`, `float`, `complex`) are weak: they widen the kind and never the precision.

    Args:
        *dtypes: names, framework dtypes, or the Python types `bool`, `int`, `float`, `complex`.

    Returns:
        A name; with no argument, `config.floatx()`.

    >>> result_type("int32", "float16"), result_type("float16", float), result_type(int, float)
    ('float16', 'float16', 'float32')
    """
    if not dtypes:
        return settings.floatx()
    weak = {int: "int", float: "float", complex: "complex"}
    # TensorFlow's dtypes are equal to Python's types, and none themselves.
    names = [weak[d] if isinstance(d, type) and d in weak else standardize_dtype(d) for d in dtypes]
    return concrete(join_all(names))


def join_all(dtypes: list[str]) -> str:
    """Least upper bound of the names `dtypes`, weak ones included."""
    return functools.reduce(_join, dtypes)


def concrete(dtype: str) -> str:
    """Return `dtype`, or if it is weak the dtype that it stands for when it meets no tensor."""
    return standardize_dtype(dtype) if dtype in WEAK else dtype


def to_float(dtype: str) -> str:
    """Return `dtype` itself if floating or complex, else `config.floatx()`.

    >>> to_float("int64"), to_float("float16")
    ('float32', 'float16')
    """
    return dtype if is_float_dtype(dtype) or is_complex_dtype(dtype) else settings.floatx()


def at_least_float32(dtype: str) -> str:
    """Return the dtype in which sums and exponentials of `dtype` are computed without losing it.

    >>> at_least_float32("bfloat16"), at_least_float32("float64")
    ('float32', 'float64')
    """
    return "float32" if dtype in ("bfloat16", "float16", *FLOAT8) else to_float(dtype)


def real_dtype(dtype: str) -> str:
    """Return the dtype of the real part of a number of `dtype`.

    >>> real_dtype("complex64"), real_dtype("int8")
    ('float32', 'int8')
    """
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def is_float_dtype(dtype: Any) -> bool:
    """Return whether `dtype`, a name, a type or a framework's dtype, is floating.

    >>> is_float_dtype("bfloat16"), is_float_dtype("int8")
    (True, False)
    """
    return not is_string_dtype(dtype) and standardize_dtype(dtype) in (*FLOATS, *FLOAT8)


def is_int_dtype(dtype: Any) -> bool:
    """Return whether `dtype`, a name, a type or a framework's dtype, is an integer one; bool is not.

    >>> is_int_dtype("uint8"), is_int_dtype("bool")
    (True, False)
    """
    return not is_string_dtype(dtype) and standardize_dtype(dtype) in INTEGERS


def is_bool_dtype(dtype: Any) -> bool:
    """Return whether `dtype` is bool."""
    return not is_string_dtype(dtype) and standardize_dtype(dtype) == "bool"


def is_signed_dtype(dtype: Any) -> bool:
    """Return whether `dtype` has negative numbers."""
    return standardize_dtype(dtype) not in ("bool", *UNSIGNED)


def is_complex_dtype(dtype: Any) -> bool:
    """Return whether `dtype` is complex."""
    return not is_string_dtype(dtype) and standardize_dtype(dtype) in COMPLEX


def dtype_size(dtype: Any) -> int:
    """Return the size of one element of `dtype` in bits.

    >>> dtype_size("bfloat16"), dtype_size("complex64")
    (16, 64)
    """
    return numpy_dtype(standardize_dtype(dtype)).itemsize * 8


@functools.cache
def limits(dtype: str) -> tuple[float, float]:
    """Return the smallest and largest finite number of `dtype`, the name of an integer or floating dtype, or bool."""
    if dtype == "bool":
        return 0, 1
    read: Any = ml_dtypes.iinfo if dtype in INTEGERS else ml_dtypes.finfo
    kind = int if dtype in INTEGERS else float
    info = read(numpy_dtype(dtype))
    return kind(info.min), kind(info.max)


def check_fits(number: Any, dtype: str) -> None:
    """Refuse numbers that an integer dtype can not hold, which frameworks wrap around, each where it likes.

    Args:
        number: a Python number, an array of integers, or a list of either; anything else passes.
        dtype: the name of the dtype it is to have. Floats have infinities: they lack only integers beyond float64.

    Raises:
        RangeError: if `number`, or one of the numbers, is outside the limits of `dtype`.

    >>> check_fits(300, "uint8")
    Traceback (most recent call last):
    kcore_ops.foundation.errors.RangeError: RangeError
      300 is outside uint8, which goes from 0 to 255
      fix: use a dtype that holds it: int16
    """
    if dtype not in INTEGERS:
        if number.__class__ is int and abs(number) > _MOST:
            problem = f"an integer of {number.bit_length()} bits is outside {dtype}"
            raise RangeError(problem, fix="pass a smaller one, or float('inf')")
        return
    if isinstance(number, list | tuple):
        for part in number:
            check_fits(part, dtype)
        return
    least, most = limits(dtype)
    if isinstance(number, np.generic):
        number = number.item()
    if isinstance(number, np.ndarray):
        if number.size == 0 or number.dtype.kind not in "iu" or (least <= number.min() and number.max() <= most):
            return
        number = int(number.min() if number.min() < least else number.max())
    if number.__class__ not in (int, float) or least - 1 < number < most + 1:
        return
    wider = next((name for name in (*SIGNED, "uint64") if _holds(name, number, dtype)), "float64")
    raise RangeError(
        f"{number} is outside {dtype}, which goes from {least} to {most}", fix=f"use a dtype that holds it: {wider}"
    )


_MOST = int(np.finfo("float64").max)


def _holds(name: str, number: float, dtype: str) -> bool:
    """Return whether an integer dtype holds a number, and all that `dtype` holds."""
    (least, most), (low, high) = limits(name), limits(dtype)
    return least <= min(number, low) and max(number, high) <= most


def epsilon_of(dtype: str) -> float:
    """Return the distance from 1 to the next number of `dtype`, the name of a floating dtype."""
    read: Any = ml_dtypes.finfo
    return float(read(numpy_dtype(dtype)).eps)
