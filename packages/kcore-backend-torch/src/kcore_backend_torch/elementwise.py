"""Arithmetic, functions and comparisons, element by element, on torch tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from kcore_backend_torch.dtypes import native_dtype


def cast(x, dtype):
    return x.to(native_dtype(dtype))


def divide_no_nan(x1, x2):
    is_zero = x2 == 0
    return torch.where(is_zero, 0, x1 / torch.where(is_zero, 1, x2))


def unless_zero(divide: Callable[..., torch.Tensor], x1: torch.Tensor, x2: Any) -> torch.Tensor:
    """Divide integers, with 0 for a division by 0, where torch would raise."""
    if not isinstance(x2, torch.Tensor):
        return divide(x1, x2) if x2 else torch.zeros_like(x1)
    is_zero = x2 == 0
    return torch.where(is_zero, 0, divide(x1, torch.where(is_zero, 1, x2)))


def floor_divide(x1, x2):
    if x1.is_floating_point():
        return torch.div(x1, x2, rounding_mode="floor")
    return unless_zero(torch.floor_divide, x1, x2)


def mod(x1, x2):
    return torch.remainder(x1, x2) if x1.is_floating_point() else unless_zero(torch.remainder, x1, x2)


def fmod(x1, x2):
    return torch.fmod(x1, x2) if x1.is_floating_point() else unless_zero(torch.fmod, x1, x2)


def power(x1, x2):
    if x1.is_floating_point() or x1.is_complex():
        return torch.pow(x1, x2)
    return torch.where((x2 < 0) & (torch.abs(x1) != 1), 0, torch.pow(x1, abs(x2)))


def clip(x, x_min, x_max):
    if x_min is None and x_max is None:
        return x
    if isinstance(x_min, torch.Tensor) == isinstance(x_max, torch.Tensor):
        return torch.clamp(x, x_min, x_max)
    x = x if x_min is None else torch.clamp(x, x_min)
    return x if x_max is None else torch.clamp(x, None, x_max)


def sign(x):
    if x.is_floating_point():
        return torch.where(torch.isnan(x), x, torch.sign(x))  # torch's is 0 for NaN
    return torch.sgn(x)


def imag(x):
    return torch.imag(x) if x.is_complex() else torch.zeros_like(x)


def nan_to_num(x, nan, posinf, neginf):
    return torch.nan_to_num(x, nan, posinf, neginf)


def stop_gradient(variable):
    return variable.detach()


# No hypot: the gradient of torch's is NaN at 0.
def view(x, dtype):
    return x if dtype is None else x.contiguous().view(native_dtype(dtype))


def view_as_complex(x):
    if x.shape[-1] != 2:
        raise ValueError("no pairs")
    return torch.complex(x[..., 0], x[..., 1])


TABLE: dict[str, Callable[..., Any]] = {
    "absolute": torch.abs,
    "add": torch.add,
    "angle": torch.angle,
    "arccos": torch.acos,
    "arccosh": torch.acosh,
    "arcsin": torch.asin,
    "arcsinh": torch.asinh,
    "arctan": torch.atan,
    "arctan2": torch.atan2,
    "arctanh": torch.atanh,
    "bitwise_and": torch.bitwise_and,
    "bitwise_not": torch.bitwise_not,
    "bitwise_or": torch.bitwise_or,
    "bitwise_xor": torch.bitwise_xor,
    "cast": cast,
    "ceil": torch.ceil,
    "clip": clip,
    "conjugate": torch.conj,
    "cos": torch.cos,
    "cosh": torch.cosh,
    "deg2rad": torch.deg2rad,
    "divide": torch.true_divide,
    "divide_no_nan": divide_no_nan,
    "equal": torch.eq,
    "erf": torch.erf,
    "erfc": torch.erfc,
    "erfinv": torch.erfinv,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "expm1": torch.expm1,
    "floor": torch.floor,
    "floor_divide": floor_divide,
    "fmax": torch.fmax,
    "fmin": torch.fmin,
    "fmod": fmod,
    "gcd": torch.gcd,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "i0": torch.special.i0,
    "imag": imag,
    "isfinite": torch.isfinite,
    "isinf": torch.isinf,
    "isnan": torch.isnan,
    "lcm": torch.lcm,
    "left_shift": torch.bitwise_left_shift,
    "less": torch.lt,
    "less_equal": torch.le,
    "log": torch.log,
    "log10": torch.log10,
    "log1p": torch.log1p,
    "log2": torch.log2,
    "logaddexp": torch.logaddexp,
    "logaddexp2": torch.logaddexp2,
    "logical_and": torch.logical_and,
    "logical_not": torch.logical_not,
    "logical_or": torch.logical_or,
    "logical_xor": torch.logical_xor,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "mod": mod,
    "multiply": torch.multiply,
    "nan_to_num": nan_to_num,
    "negative": torch.negative,
    "nextafter": torch.nextafter,
    "not_equal": torch.ne,
    "power": power,
    "rad2deg": torch.rad2deg,
    "real": torch.real,
    "reciprocal": torch.reciprocal,
    "right_shift": torch.bitwise_right_shift,
    "rint": torch.round,
    "rsqrt": torch.rsqrt,
    "sign": sign,
    "signbit": torch.signbit,
    "sin": torch.sin,
    "sinc": torch.sinc,
    "sinh": torch.sinh,
    "sqrt": torch.sqrt,
    "square": torch.square,
    "stop_gradient": stop_gradient,
    "subtract": torch.subtract,
    "tan": torch.tan,
    "tanh": torch.tanh,
    "trunc": torch.trunc,
    "view": view,
    "view_as_complex": view_as_complex,
    "where": torch.where,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {
    # Few kernels know unsigned integers wider than 8 bits (torch 2.13).
    "*": {"uint16": "int32", "uint32": "int64"},
    "absolute": {"bool": "uint8"},
    "trunc": {"bool": "uint8"},
    "view": {"uint16": "uint16", "uint32": "uint32"},
    "view_as_complex": {"float16": "float32", "bfloat16": "float32"},
}
