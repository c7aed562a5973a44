"""Arithmetic, functions and comparisons, element by element, on TensorFlow tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from kcore_ops.dtypes import FLOAT8

# The raw ops take a third off the time of the common functions, whose wrappers look for what was settled before.


def of_one(raw: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """Make a raw op, which takes its tensor by name, a function of one tensor."""
    return lambda x: raw(x=x)


def of_two(raw: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """Make a raw op, which takes its tensors by name, a function of two tensors."""
    return lambda x1, x2: raw(x=x1, y=x2)


def cast(x, dtype):
    if dtype in FLOAT8 and not x.dtype.is_floating:  # which TensorFlow 2.21 makes of floats alone
        x = tf.raw_ops.Cast(x=x, DstT="float32")
    return tf.raw_ops.Cast(x=x, DstT=dtype)


def where(condition, x1, x2):
    return tf.raw_ops.SelectV2(condition=condition, t=x1, e=x2)


def unless_zero(divide: Callable[..., tf.Tensor], x1: tf.Tensor, x2: tf.Tensor) -> tf.Tensor:
    """Divide integers, with 0 for a division by 0, where TensorFlow would raise on a CPU."""
    is_zero = tf.equal(x2, 0)
    return tf.where(is_zero, tf.zeros((), x1.dtype), divide(x1, tf.where(is_zero, tf.ones((), x1.dtype), x2)))


def floor_divide(x1, x2):
    x2 = tf.convert_to_tensor(x2, x1.dtype)
    if not x1.dtype.is_floating:
        return unless_zero(tf.math.floordiv, x1, x2)
    # TensorFlow rounds the quotient before it takes the floor, so that 1 // 0.1 would be 10.
    rest = tf.raw_ops.TruncateMod(x=x1, y=x2)
    quotient = (x1 - rest) / x2
    is_above = tf.not_equal(rest, 0) & tf.not_equal(rest < 0, x2 < 0)
    steps = tf.where(tf.equal(x2, 0), x1 / x2, tf.round(tf.where(is_above, quotient - 1, quotient)))
    return tf.stop_gradient(steps)


def mod(x1, x2):
    if x1.dtype.is_floating:
        return tf.math.floormod(x1, x2)
    return unless_zero(tf.math.floormod, x1, tf.convert_to_tensor(x2, x1.dtype))


def power(x1, x2):
    if not x1.dtype.is_integer:
        return tf.raw_ops.Pow(x=x1, y=x2)
    x2 = tf.convert_to_tensor(x2, x1.dtype)
    result = tf.pow(x1, tf.abs(x2))
    return tf.where((x2 < 0) & tf.not_equal(tf.abs(x1), 1), tf.zeros_like(result), result)


def sign(x):
    return tf.cast(tf.not_equal(x, 0), x.dtype) if x.dtype.is_unsigned else tf.sign(x)


def bitwise(of_bits: Callable[..., tf.Tensor], of_booleans: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """Make one function of two, for integers and for booleans."""

    def of_two(x, y):
        return of_booleans(x, y) if x.dtype == tf.bool else of_bits(x, y)

    return of_two


def bitwise_not(x):
    return tf.logical_not(x) if x.dtype == tf.bool else tf.bitwise.invert(x)


def left_shift(x, y):
    # Beyond the number of bits, TensorFlow's shifts stop short of the last one.
    return tf.where((y >= 0) & (y < x.dtype.size * 8), tf.bitwise.left_shift(x, y), tf.zeros_like(x))


def right_shift(x, y):
    rest = tf.zeros_like(x) if x.dtype.is_unsigned else tf.where(x < 0, -tf.ones_like(x), tf.zeros_like(x))
    return tf.where((y >= 0) & (y < x.dtype.size * 8), tf.bitwise.right_shift(x, y), rest)


def clip(x, x_min, x_max):
    x = x if x_min is None else tf.maximum(x, x_min)
    return x if x_max is None else tf.minimum(x, x_max)


def isfinite(x):
    if x.dtype.is_complex:
        return tf.math.is_finite(tf.math.real(x)) & tf.math.is_finite(tf.math.imag(x))
    return tf.math.is_finite(x) if x.dtype.is_floating else tf.equal(x, x)


def isnan(x):
    return tf.not_equal(x, x)


def absolute(x):
    if x.dtype.is_complex:
        return tf.abs(x)
    return x if x.dtype.is_unsigned else tf.raw_ops.Abs(x=x)


def negative(x):
    # 0 - x would do, but TensorFlow 2.21 makes a Neg of it in graphs, which unsigned integers have not got.
    return tf.bitwise.invert(x) + tf.ones_like(x) if x.dtype.is_unsigned else tf.negative(x)


def real(x):
    return tf.math.real(x) if x.dtype.is_complex else x


def imag(x):
    return tf.math.imag(x) if x.dtype.is_complex else tf.zeros_like(x)


def conjugate(x):
    return tf.math.conj(x) if x.dtype.is_complex else x


def nextafter(x1, x2):
    if x1.dtype.size > 2:
        return tf.math.nextafter(x1, x2)
    # As integers, the bits of positive floats come in the order of the floats, those of negative ones in reverse.
    bits = tf.bitcast(x1, tf.int16) + tf.cast(tf.where((x1 < x2) == (x1 > 0), 1, -1), tf.int16)
    step = tf.where(tf.equal(x1, 0), tf.cast(tf.where(x2 > 0, 1, -32767), tf.int16), bits)
    return tf.where(tf.equal(x1, x2), x2, tf.where(isnan(x1 + x2), x1 + x2, tf.bitcast(step, x1.dtype)))


def view(x, dtype):
    # Bits of booleans are read as bytes. Elements of another size become, or come from, an axis of their own.
    if dtype is None or dtype == x.dtype:
        return x
    x = tf.cast(x, tf.uint8) if x.dtype == tf.bool else x
    kind = tf.uint8 if dtype == "bool" else tf.as_dtype(dtype)
    if x.shape.rank == 0 and kind.size != x.dtype.size:
        raise ValueError("a scalar has no axis to lengthen")
    if kind.size > x.dtype.size:
        x = tf.reshape(x, tf.concat([tf.shape(x)[:-1], [-1, kind.size // x.dtype.size]], 0))
    result = tf.bitcast(x, kind)
    if kind.size < x.dtype.size:
        result = tf.reshape(result, tf.concat([tf.shape(x)[:-1], [-1]], 0))
    return tf.not_equal(result, 0) if dtype == "bool" else result


def view_as_complex(x):
    if x.shape[-1] not in (2, None):
        raise ValueError("no pairs")
    return tf.complex(x[..., 0], x[..., 1])


TABLE: dict[str, Callable[..., Any]] = {
    "absolute": absolute,
    "add": of_two(tf.raw_ops.AddV2),
    "arccos": tf.acos,
    "arccosh": tf.acosh,
    "arcsin": tf.asin,
    "arcsinh": tf.asinh,
    "arctan": tf.atan,
    "arctan2": tf.atan2,
    "arctanh": tf.atanh,
    "bitwise_and": bitwise(tf.bitwise.bitwise_and, tf.logical_and),
    "bitwise_not": bitwise_not,
    "bitwise_or": bitwise(tf.bitwise.bitwise_or, tf.logical_or),
    "bitwise_xor": bitwise(tf.bitwise.bitwise_xor, tf.not_equal),
    "cast": cast,
    "ceil": tf.math.ceil,
    "clip": clip,
    "conjugate": conjugate,
    "cos": tf.cos,
    "cosh": tf.cosh,
    "divide": of_two(tf.raw_ops.RealDiv),
    "divide_no_nan": tf.math.divide_no_nan,
    "equal": of_two(tf.raw_ops.Equal),
    "erf": tf.math.erf,
    "erfc": tf.math.erfc,
    "erfinv": tf.math.erfinv,
    "exp": of_one(tf.raw_ops.Exp),
    "expm1": tf.math.expm1,
    "floor": tf.floor,
    "floor_divide": floor_divide,
    "greater": of_two(tf.raw_ops.Greater),
    "greater_equal": of_two(tf.raw_ops.GreaterEqual),
    "i0": tf.math.bessel_i0,
    "imag": imag,
    "isfinite": isfinite,
    "isnan": isnan,
    "left_shift": left_shift,
    "less": of_two(tf.raw_ops.Less),
    "less_equal": of_two(tf.raw_ops.LessEqual),
    "log": of_one(tf.raw_ops.Log),
    "log1p": tf.math.log1p,
    "logical_and": tf.logical_and,
    "logical_not": tf.logical_not,
    "logical_or": tf.logical_or,
    "logical_xor": tf.not_equal,
    "maximum": of_two(tf.raw_ops.Maximum),
    "minimum": of_two(tf.raw_ops.Minimum),
    "mod": mod,
    "multiply": of_two(tf.raw_ops.Mul),
    "negative": negative,
    "nextafter": nextafter,
    "not_equal": of_two(tf.raw_ops.NotEqual),
    "power": power,
    "real": real,
    "reciprocal": tf.math.reciprocal,
    "right_shift": right_shift,
    "rint": tf.round,
    "rsqrt": of_one(tf.raw_ops.Rsqrt),
    "sign": sign,
    "sin": tf.sin,
    "sinh": tf.sinh,
    "sqrt": of_one(tf.raw_ops.Sqrt),
    "square": of_one(tf.raw_ops.Square),
    "stop_gradient": tf.stop_gradient,
    "subtract": of_two(tf.raw_ops.Sub),
    "tan": tf.tan,
    "tanh": of_one(tf.raw_ops.Tanh),
    "view": view,
    "view_as_complex": view_as_complex,
    "where": where,
}

_BOOL = {"bool": "int8"}
_HALF = {"bfloat16": "float32", "float16": "float32"}

# Dtypes the framework can not compute an op in, each with the one to use instead (TensorFlow 2.21, CPU kernels).
WIDENED: dict[str, dict[str, str]] = {
    "absolute": _BOOL,
    "add": _BOOL,
    "erfinv": _HALF,
    "floor_divide": _HALF,
    "greater": _BOOL,
    "greater_equal": _BOOL,
    "i0": _HALF,
    "less": _BOOL,
    "less_equal": _BOOL,
    "maximum": _BOOL,
    "minimum": _BOOL,
    "multiply": _BOOL,
    # The last has the same bits.
    "power": {**dict.fromkeys(("int8", "int16", "uint8", "uint16"), "int32"), "uint32": "int64", "uint64": "int64"},
    "view_as_complex": _HALF,
}
