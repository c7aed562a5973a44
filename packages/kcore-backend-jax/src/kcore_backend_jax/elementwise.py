"""Arithmetic, functions and comparisons, element by element, on JAX arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from kcore_ops.dtypes import COMPLEX

from kcore_backend_jax.dtypes import native_dtype


def cast(x, dtype):
    if x.dtype.kind == "c" and dtype != "bool" and dtype not in COMPLEX:
        x = x.real  # which JAX will soon want said
    return x.astype(native_dtype(dtype))


def power(x1, x2):
    if not jnp.issubdtype(x1.dtype, jnp.integer):
        return jnp.power(x1, x2)
    return jnp.where((x2 < 0) & (abs(x1) != 1), 0, jnp.power(x1, abs(x2)))


def floor_divide(x1, x2):
    if not jnp.issubdtype(x1.dtype, jnp.integer):
        return jnp.floor_divide(x1, x2)
    is_zero = x2 == 0
    return jnp.where(is_zero, 0, jnp.floor_divide(x1, jnp.where(is_zero, 1, x2)))


def view(x, dtype):
    return x if dtype is None else x.view(native_dtype(dtype))


def view_as_complex(x):
    if x.shape[-1] != 2:
        raise ValueError("no pairs")
    return jax.lax.complex(x[..., 0], x[..., 1])


TABLE: dict[str, Callable[..., Any]] = {
    "absolute": jnp.abs,
    "add": jnp.add,
    "arccos": jnp.arccos,
    "arccosh": jnp.arccosh,
    "arcsin": jnp.arcsin,
    "arcsinh": jnp.arcsinh,
    "arctan": jnp.arctan,
    "arctan2": jnp.arctan2,
    "arctanh": jnp.arctanh,
    "bitwise_and": jnp.bitwise_and,
    "bitwise_not": jnp.bitwise_not,
    "bitwise_or": jnp.bitwise_or,
    "bitwise_xor": jnp.bitwise_xor,
    "cast": cast,
    "cbrt": jnp.cbrt,
    "ceil": jnp.ceil,
    "clip": jnp.clip,
    "conjugate": jnp.conjugate,
    "cos": jnp.cos,
    "cosh": jnp.cosh,
    "deg2rad": jnp.deg2rad,
    "divide": jnp.divide,
    "equal": jnp.equal,
    "erf": jax.scipy.special.erf,
    "erfc": jax.scipy.special.erfc,
    "erfinv": jax.scipy.special.erfinv,
    "exp": jnp.exp,
    "exp2": jnp.exp2,
    "expm1": jnp.expm1,
    "floor": jnp.floor,
    "floor_divide": floor_divide,
    "fmax": jnp.fmax,
    "fmin": jnp.fmin,
    "fmod": jnp.fmod,
    "gcd": jnp.gcd,
    "greater": jnp.greater,
    "greater_equal": jnp.greater_equal,
    "heaviside": jnp.heaviside,
    "hypot": jnp.hypot,
    "i0": jnp.i0,
    "imag": jnp.imag,
    "isfinite": jnp.isfinite,
    "isinf": jnp.isinf,
    "isnan": jnp.isnan,
    "lcm": jnp.lcm,
    "ldexp": jnp.ldexp,
    "left_shift": jnp.left_shift,
    "less": jnp.less,
    "less_equal": jnp.less_equal,
    "log": jnp.log,
    "log10": jnp.log10,
    "log1p": jnp.log1p,
    "log2": jnp.log2,
    "logaddexp": jnp.logaddexp,
    "logaddexp2": jnp.logaddexp2,
    "logical_and": jnp.logical_and,
    "logical_not": jnp.logical_not,
    "logical_or": jnp.logical_or,
    "logical_xor": jnp.logical_xor,
    "maximum": jnp.maximum,
    "minimum": jnp.minimum,
    "mod": jnp.mod,
    "multiply": jnp.multiply,
    "nan_to_num": lambda x, nan, posinf, neginf: jnp.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf),
    "negative": jnp.negative,
    "nextafter": jnp.nextafter,
    "not_equal": jnp.not_equal,
    "power": power,
    "rad2deg": jnp.rad2deg,
    "real": jnp.real,
    "reciprocal": jnp.reciprocal,
    "right_shift": jnp.right_shift,
    "rint": jnp.rint,
    "rsqrt": jax.lax.rsqrt,
    "sign": jnp.sign,
    "signbit": jnp.signbit,
    "sin": jnp.sin,
    "sinc": jnp.sinc,
    "sinh": jnp.sinh,
    "sqrt": jnp.sqrt,
    "square": jnp.square,
    "stop_gradient": jax.lax.stop_gradient,
    "subtract": jnp.subtract,
    "tan": jnp.tan,
    "tanh": jnp.tanh,
    "trunc": jnp.trunc,
    "view": view,
    "view_as_complex": view_as_complex,
    "where": jnp.where,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {"view_as_complex": {"float16": "float32", "bfloat16": "float32"}}
