"""Arithmetic, functions and comparisons, element by element, on NumPy arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from kcore_ops.dtypes import numpy_dtype

Array = np.ndarray[Any, Any]


def cast(x, dtype):
    return np.asarray(x).astype(numpy_dtype(dtype), copy=False)


def power(x1, x2):
    if x1.dtype.kind not in "iu":
        return np.power(x1, x2)
    return np.where((x2 < 0) & (abs(x1) != 1), 0, np.power(x1, abs(x2)))


def clip(x, x_min, x_max):
    x = x if x_min is None else np.maximum(x, x_min)
    return x if x_max is None else np.minimum(x, x_max)


def conjugate(x):
    return np.conjugate(x) if x.dtype.kind == "c" else x


def rsqrt(x):
    return np.reciprocal(np.sqrt(x))


def stop_gradient(variable):
    return variable


def by_element(function: Callable[[float], float]) -> Callable[[Array], Array]:
    """Make a function of arrays of one of numbers, for what NumPy has not got."""

    def of_array(x: Array) -> Array:
        values = map(function, np.asarray(x, np.float64).ravel().tolist())
        return np.fromiter(values, np.float64, np.size(x)).reshape(np.shape(x)).astype(x.dtype)

    return of_array


def erfinv_of_number(x: float) -> float:
    """Inverse error function, from the quantiles of the normal distribution (Wichura 1988, algorithm AS 241)."""
    from statistics import NormalDist

    size = abs(x)
    if not size < 1:
        return math.copysign(math.inf, x) if size == 1 else math.nan
    y = -NormalDist().inv_cdf((1 - size) / 2) / math.sqrt(2)
    if size < 0.5:  # near 0 the quantile's argument has lost digits: one step of Newton's method
        y -= (math.erf(y) - size) * math.exp(y * y) * math.sqrt(math.pi) / 2
    return math.copysign(y, x)


def view(x, dtype):
    return x if dtype is None else np.asarray(x, order="C").view(numpy_dtype(dtype))


def view_as_complex(x):
    if x.shape[-1] != 2:
        raise ValueError("no pairs")
    return view(x, "complex128" if x.dtype == "float64" else "complex64")[..., 0]


TABLE: dict[str, Callable[..., Any]] = {
    "absolute": np.absolute,
    "add": np.add,
    "angle": np.angle,
    "arccos": np.arccos,
    "arccosh": np.arccosh,
    "arcsin": np.arcsin,
    "arcsinh": np.arcsinh,
    "arctan": np.arctan,
    "arctan2": np.arctan2,
    "arctanh": np.arctanh,
    "bitwise_and": np.bitwise_and,
    "bitwise_not": np.bitwise_not,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "cast": cast,
    "cbrt": np.cbrt,
    "ceil": np.ceil,
    "clip": clip,
    "conjugate": conjugate,
    "cos": np.cos,
    "cosh": np.cosh,
    "divide": np.divide,
    "equal": np.equal,
    "erf": by_element(math.erf),
    "erfc": by_element(math.erfc),
    "erfinv": by_element(erfinv_of_number),
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "floor": np.floor,
    "floor_divide": np.floor_divide,
    "fmax": np.fmax,
    "fmin": np.fmin,
    "fmod": np.fmod,
    "gcd": np.gcd,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "heaviside": np.heaviside,
    "hypot": np.hypot,
    "i0": np.i0,
    "imag": np.imag,
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isnan": np.isnan,
    "lcm": np.lcm,
    "ldexp": np.ldexp,
    "left_shift": np.left_shift,
    "less": np.less,
    "less_equal": np.less_equal,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "log2": np.log2,
    "logaddexp": np.logaddexp,
    "logaddexp2": np.logaddexp2,
    "logical_and": np.logical_and,
    "logical_not": np.logical_not,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "mod": np.mod,
    "multiply": np.multiply,
    "negative": np.negative,
    "nextafter": np.nextafter,
    "not_equal": np.not_equal,
    "power": power,
    "real": np.real,
    "reciprocal": np.reciprocal,
    "right_shift": np.right_shift,
    "rint": np.rint,
    "rsqrt": rsqrt,
    "sign": np.sign,
    "signbit": np.signbit,
    "sin": np.sin,
    "sinc": np.sinc,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "square": np.square,
    "stop_gradient": stop_gradient,
    "subtract": np.subtract,
    "tan": np.tan,
    "tanh": np.tanh,
    "trunc": np.trunc,
    "view": view,
    "view_as_complex": view_as_complex,
    "where": np.where,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {
    # These look at the dtype, and take bfloat16 for no float (NumPy 2.4).
    "i0": {"bfloat16": "float32"},
    "sinc": {"bfloat16": "float32"},
    "ldexp": {"uint64": "int64"},  # of exponents
    "view_as_complex": {"float16": "float32", "bfloat16": "float32"},
}
