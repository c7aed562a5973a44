"""Cases of what is computed element by element: arithmetic, functions, rounding, comparisons, choices, logic, casts."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
from hypothesis import strategies as st

from kcore_ops.conformance.case import (
    ALL,
    BOOL_AND_INTEGERS,
    FLOATS,
    NUMERIC,
    REAL,
    arrays,
    axis,
    broadcastable,
    case,
    shapes,
)
from kcore_ops.dtypes import is_float_dtype, limits, numpy_dtype

INTEGER = tuple(dtype for dtype in BOOL_AND_INTEGERS if dtype != "bool")
SPECIAL = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -2.0)


def whole(draw, dtype, shape=None, low=-3, high=3):
    """Draw whole numbers in any dtype, so that some are equal."""
    least = max(low, int(limits(dtype)[0])) if dtype in (*BOOL_AND_INTEGERS, *FLOATS) else low
    numbers = draw(arrays("int32", shape, least, high))
    return numbers.astype(numpy_dtype(dtype))


def special(draw, dtype, shape=None):
    """Draw NaN, infinities, zeros of both signs and two other numbers; in other dtypes, whole numbers."""
    if not is_float_dtype(dtype):
        return whole(draw, dtype, shape)
    chosen = draw(arrays("int32", shape, 0, len(SPECIAL) - 1))
    return np.asarray(np.array(SPECIAL)[chosen]).astype(numpy_dtype(dtype))


def partner(draw, dtype):
    """Draw a dtype that promotes together with `dtype` to one that is as precise."""
    if dtype == "bool":
        return "bool"
    others = ("int8", "int16") if dtype in INTEGER else ("int8", "uint16", "bool")
    return draw(st.sampled_from([dtype, dtype, *others]))


def two(draw, dtype, low=-3.0, high=3.0, low2=None, high2=None):
    """Draw two tensors that broadcast, now and then of different dtypes, or a tensor and a number."""
    shape1, shape2 = draw(broadcastable())
    x1 = draw(arrays(dtype, shape1, low, high))
    low2, high2 = low if low2 is None else low2, high if high2 is None else high2
    if dtype != "bool" and draw(st.integers(0, 4)) == 0:
        return x1, (2 if dtype in INTEGER else 1.5) if low2 < 1.5 < high2 else (low2 + high2) / 2
    return x1, draw(arrays(partner(draw, dtype), shape2, low2, high2))


# Functions of one tensor: reference, and where its elements lie.


def by_number(function):
    """Make a function of arrays of one of numbers."""
    return np.vectorize(function, otypes=[np.float64])


def erfinv(x):
    """Solve erf(y) = x by bisection, to the precision of float64."""

    def of_number(value):
        low, high = -6.0, 6.0
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if math.erf(middle) < value else (low, middle)
        return math.copysign(math.inf, value) if abs(value) == 1 else low

    return by_number(of_number)(x)


def keeping(function):
    """Apply a function and keep an integer dtype."""
    return lambda x, *rest: np.asarray(function(x, *rest)).astype(np.asarray(x).dtype)


# Their derivative is zero: by what they are for, or, where they do not jump, because they round.
CONSTANT = ("ceil", "floor", "rint", "sign", "stop_gradient", "trunc")

for _name, _function, _low, _high, _dtypes in (
    ("arccos", np.arccos, -0.9, 0.9, ALL),
    ("arccosh", np.arccosh, 1.2, 3, ALL),
    ("arcsin", np.arcsin, -0.9, 0.9, ALL),
    ("arcsinh", np.arcsinh, -3, 3, ALL),
    ("arctan", np.arctan, -3, 3, ALL),
    ("arctanh", np.arctanh, -0.9, 0.9, ALL),
    ("cbrt", np.cbrt, 0.2, 3, REAL),
    ("ceil", np.ceil, -3, 3, REAL),
    ("cos", np.cos, -3, 3, ALL),
    ("cosh", np.cosh, -3, 3, ALL),
    ("deg2rad", np.deg2rad, -180, 180, REAL),
    ("erf", by_number(math.erf), -3, 3, REAL),
    ("erfc", by_number(math.erfc), -3, 3, REAL),
    ("erfinv", erfinv, -0.95, 0.95, REAL),
    ("exp", np.exp, -3, 3, ALL),
    ("exp2", np.exp2, -3, 3, ALL),
    ("expm1", np.expm1, -3, 3, ALL),
    ("fabs", np.fabs, 0.2, 3, REAL),
    ("floor", np.floor, -3, 3, REAL),
    ("i0", np.i0, -3, 3, REAL),
    ("log", np.log, 0.2, 3, ALL),
    ("log10", np.log10, 0.2, 3, ALL),
    ("log1p", np.log1p, -0.5, 3, ALL),
    ("log2", np.log2, 0.2, 3, ALL),
    ("negative", np.negative, -3, 3, tuple(dtype for dtype in ALL if dtype != "bool")),
    ("rad2deg", np.rad2deg, -3, 3, REAL),
    ("reciprocal", np.reciprocal, 0.2, 3, ALL),
    ("rint", np.rint, -3, 3, REAL),
    ("rsqrt", lambda x: 1 / np.sqrt(x), 0.2, 3, ALL),
    ("sign", np.sign, -3, 3, tuple(dtype for dtype in ALL if dtype != "bool")),
    ("sin", np.sin, -3, 3, ALL),
    ("sinc", np.sinc, -3, 3, ALL),
    ("sinh", np.sinh, -3, 3, ALL),
    ("sqrt", np.sqrt, 0.2, 3, ALL),
    ("square", np.square, -3, 3, ALL),
    ("tan", np.tan, -1.3, 1.3, ALL),
    ("tanh", np.tanh, -3, 3, ALL),
    ("trunc", np.trunc, -3, 3, REAL),
    ("absolute", np.absolute, -3, 3, ALL),
    ("angle", np.angle, -3, 3, ALL),
    ("conjugate", keeping(np.conjugate), -3, 3, ALL),
    ("imag", np.imag, -3, 3, ALL),
    ("real", np.real, -3, 3, ALL),
    ("stop_gradient", lambda x: x, -3, 3, ALL),
):

    @case(_name, _function, dtypes=_dtypes, is_constant=_name in CONSTANT)
    def _one_tensor(draw, dtype, low=_low, high=_high):
        return [draw(arrays(dtype, low=low, high=high))]


@case("cbrt", np.cbrt, gradient=False)
def _of_negative_numbers(draw, dtype):
    return [draw(arrays(dtype))]


@case("erfinv", erfinv, dtypes=("float32", "float64"))
def _near_the_ends(draw, dtype):
    return [np.asarray(np.sign(draw(arrays(dtype))) * draw(arrays(dtype, (), 0.99, 0.999)))]


for _name, _function in {
    "sign": np.sign,
    "absolute": np.absolute,
    "exp": np.exp,
    "floor": np.floor,
    "rint": np.rint,
    "sinc": lambda x: np.where(np.isfinite(x), np.sinc(x), math.nan),
    "square": np.square,
}.items():

    @case(_name, _function, dtypes=FLOATS, gradient=False)
    def _special_numbers(draw, dtype):
        return [special(draw, dtype)]


# Functions of two tensors.


def int_power(x1, x2):
    """Powers, where integers to a negative power are rounded toward 0."""
    if x1.dtype.kind not in "iu":
        return np.power(x1, x2)
    x1, x2 = np.broadcast_arrays(x1, x2)
    return by_number(lambda a, b: math.trunc(float(a) ** float(b)) if a or b >= 0 else 0)(x1, x2)


for _name, _function, _dtypes in (
    ("add", np.add, ALL),
    ("subtract", np.subtract, tuple(dtype for dtype in ALL if dtype != "bool")),
    ("multiply", np.multiply, ALL),
    ("maximum", np.maximum, REAL),
    ("minimum", np.minimum, REAL),
    ("fmax", np.fmax, REAL),
    ("fmin", np.fmin, REAL),
    ("arctan2", np.arctan2, REAL),
    ("hypot", np.hypot, REAL),
    ("logaddexp", np.logaddexp, REAL),
    ("logaddexp2", np.logaddexp2, REAL),
):

    @case(_name, _function, dtypes=_dtypes)
    def _two_tensors(draw, dtype):
        return two(draw, dtype)


for _name in ("maximum", "minimum", "fmax", "fmin", "arctan2", "hypot", "logaddexp", "logaddexp2"):

    @case(_name, getattr(np, _name), dtypes=FLOATS, gradient=False)
    def _two_special(draw, dtype):
        return [special(draw, dtype, shape) for shape in draw(broadcastable())]


@case("divide", np.divide, dtypes=ALL)
def _divide(draw, dtype):
    return two(draw, dtype, low2=1.1)


@case("divide_no_nan", lambda x1, x2: np.where(x2 == 0, 0, x1 / np.where(x2 == 0, 1, x2)), dtypes=ALL)
def _divisors_zero(draw, dtype):
    x1, x2 = two(draw, dtype)
    return x1, np.asarray(np.where(draw(arrays("bool", np.shape(x2))), x2, 0 * x2), getattr(x2, "dtype", dtype))


for _name, _function in {"floor_divide": np.floor_divide, "mod": np.mod, "fmod": np.fmod}.items():

    @case(_name, _function)
    def _signs_differ(draw, dtype):
        return two(draw, dtype, -9, 9)  # integers divided by 0, too

    @case(_name, _function, dtypes=FLOATS, gradient=False)
    def _quotients_whole(draw, dtype):
        return [special(draw, dtype, shape) for shape in draw(broadcastable())]

    @case(_name, _function, dtypes=NUMERIC)
    def _by_a_number(draw, dtype):
        number = draw(st.sampled_from([2, 3, 0.5] if is_float_dtype(dtype) else [2, 3, 0]))
        return draw(arrays(dtype, low=-9, high=9)), number


@case("power", int_power, dtypes=ALL)
def _power(draw, dtype):
    return two(draw, dtype, 0.3, 3, -2, 3)


@case("power", int_power, dtypes=INTEGER)
def _power_of_negative(draw, dtype):
    return two(draw, dtype, -3, 3, -3, 4)


@case("power", int_power, dtypes=FLOATS)
def _power_whole(draw, dtype):
    return draw(arrays(dtype)), draw(st.integers(0, 3))


@case("heaviside", np.heaviside, gradient=False)
def _heaviside(draw, dtype):
    shape1, shape2 = draw(broadcastable())
    return special(draw, dtype, shape1), draw(arrays(dtype, shape2))


@case("ldexp", lambda x1, x2: x1 * 2.0**x2)
def _ldexp(draw, dtype):
    shape1, shape2 = draw(broadcastable())
    return draw(arrays(dtype, shape1)), draw(arrays(draw(st.sampled_from(["int32", "int8"])), shape2))


@case("ldexp", lambda x1, x2: x1 * 2.0**x2, dtypes=("float32", "float64"))
def _ldexp_far(draw, dtype):
    return np.array([1e-30, 1e30], dtype), np.array([140, -140], "int32")


@case("polar", lambda abs_, angle: abs_ * np.exp(1j * angle), gradient=False)
def _polar(draw, dtype):
    return two(draw, dtype, 0.1)


for _name, _function in {"gcd": np.gcd, "lcm": np.lcm}.items():

    @case(_name, _function, dtypes=INTEGER)
    def _divisors(draw, dtype):
        shape1, shape2 = draw(broadcastable())
        return draw(arrays(dtype, shape1, -10, 10)), draw(arrays(dtype, shape2, -10, 10))


def step_taken(results, args):
    """Give the direction of the step from x1, and whether it is as short as the dtype allows."""
    before, info = np.asarray(args[0]).astype(float), ml_dtypes.finfo(args[0].dtype)
    step = np.asarray(results[0]).astype(float) - before
    longest = np.abs(before) * 2.0 ** (2 - info.nmant) + float(info.smallest_subnormal)
    return [np.sign(step), np.abs(step) <= longest]


@case("nextafter", np.nextafter, dtypes=FLOATS, gradient=False, compare=step_taken)
def _nextafter(draw, dtype):
    return [whole(draw, dtype, shape) for shape in draw(broadcastable())]


# Rounding, signs, clipping, casts.


@case("round", keeping(np.round))
def _round(draw, dtype):
    return [draw(arrays(dtype))]


@case("round", keeping(np.round), dtypes=("float32", "float64", "int32", "int64", "uint16"), is_constant=True)
def _round_decimals(draw, dtype):
    return draw(arrays(dtype, low=-300, high=300)), draw(st.integers(-2, 2))


@case("round", lambda x, decimals: np.round(x.astype(float), decimals), dtypes=NUMERIC, gradient=False)
def _round_halves(draw, dtype):
    if is_float_dtype(dtype):
        return np.asarray(whole(draw, dtype, low=-9, high=9) / numpy_dtype(dtype).type(2)), 0
    return np.asarray(whole(draw, dtype, low=-9, high=9) * numpy_dtype(dtype).type(5)), -1


@case("clip", np.clip)
def _clip(draw, dtype):
    shape, shape1, shape2 = draw(broadcastable(3))
    bounds = draw(st.sampled_from([(0, 2), (0, None), (None, 1), (0.5, 1.5)]))
    if draw(st.booleans()):
        return draw(arrays(dtype, shape)), *bounds
    return draw(arrays(dtype, shape)), draw(arrays(dtype, shape1, -2, 0)), draw(arrays(dtype, shape2, 0, 2))


@case("signbit", np.signbit, gradient=False)
def _signbit(draw, dtype):
    x = special(draw, dtype)
    return [np.where(np.isnan(x), numpy_dtype(dtype).type(1), x) if is_float_dtype(dtype) else x]


@case("nan_to_num", dtypes=ALL)
def _nan_to_num(draw, dtype):
    return [draw(arrays(dtype))]


def numbers_for(x, nan=0.0, posinf=None, neginf=None):
    """NumPy's function takes them by name."""
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@case("nan_to_num", numbers_for, dtypes=FLOATS)
def _nan_to_num_special(draw, dtype):
    return special(draw, dtype), draw(st.sampled_from([0.0, 7.0])), 2.0, -3.0


@case("nan_to_num", compare=lambda results, args: [np.isfinite(results[0]), np.sign(results[0])], dtypes=("float32",))
def _nan_to_num_limits(draw, dtype):
    return [special(draw, dtype)]


def quarters(draw, dtype):
    """Draw multiples of 1/4, which every floating dtype has, or whole numbers."""
    if is_float_dtype(dtype):
        return np.asarray(whole(draw, "float64", low=-11, high=11) / 4).astype(numpy_dtype(dtype))
    return draw(arrays(dtype))


def converted(x, dtype):
    """Cast as NumPy does."""
    return x.astype(numpy_dtype(dtype))


@case("cast", converted, gradient=False)
def _cast(draw, dtype):
    target = draw(st.sampled_from(ALL))
    x = quarters(draw, dtype)
    return np.asarray(abs(x) if target.startswith("uint") and dtype != "bool" else x), target


def saturated(x, dtype):
    """Cast number by number."""
    if dtype == "bool":
        return np.maximum(x, 0).astype(bool)
    if not np.issubdtype(numpy_dtype(dtype), np.integer):
        return x.astype(numpy_dtype(dtype))
    low, high = (int(limit) for limit in limits(dtype))
    return by_number(lambda v: 0 if math.isnan(v) else max(low, min(high, v)))(x).astype(dtype)


@case("saturate_cast", saturated, gradient=False, dtypes=("float32", "float64", "int32", "int64", "int16", "uint16"))
def _saturate_cast(draw, dtype):
    x = draw(arrays(dtype, low=-3e9, high=3e9)) if draw(st.booleans()) else draw(arrays(dtype, low=-300, high=300))
    return x, draw(st.sampled_from(("uint8", "int8", "int32", "uint16", "uint32", "bool")))


@case("size_along", lambda x, axis: np.int32(x.shape[axis]), gradient=False)
def _size_along(draw, dtype):
    x = draw(arrays(dtype, shapes(min_rank=1)))
    return x, draw(axis(x.ndim))


# Comparisons and choices.

for _name, _function, _dtypes in (
    ("equal", np.equal, ALL),
    ("not_equal", np.not_equal, ALL),
    ("less", np.less, REAL),
    ("less_equal", np.less_equal, REAL),
    ("greater", np.greater, REAL),
    ("greater_equal", np.greater_equal, REAL),
):

    @case(_name, _function, dtypes=_dtypes, gradient=False)
    def _whole_numbers(draw, dtype):
        shape1, shape2 = draw(broadcastable())
        number = draw(st.integers(0, 4)) == 0 and dtype != "bool"
        return whole(draw, dtype, shape1), 1 if number else whole(draw, partner(draw, dtype), shape2)

    @case(_name, _function, dtypes=FLOATS, gradient=False)
    def _special_pairs(draw, dtype):
        return [special(draw, dtype, shape) for shape in draw(broadcastable())]


for _name, _function, _dtypes in (
    ("isfinite", np.isfinite, REAL),
    ("isinf", np.isinf, REAL),
    ("isnan", np.isnan, REAL),
    ("isposinf", lambda x: x.astype(float) == math.inf, REAL),
    ("isneginf", lambda x: x.astype(float) == -math.inf, REAL),
    ("isreal", np.isreal, REAL),
):

    @case(_name, _function, dtypes=_dtypes, gradient=False)
    def _what_it_is(draw, dtype):
        return [special(draw, dtype)]


for _name, _function in {
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isnan": np.isnan,
    "isreal": np.isreal,
    "nan_to_num": np.nan_to_num,
}.items():

    @case(_name, _function, dtypes=("complex64",), gradient=False)
    def _complex_parts(draw, dtype):
        re, im = special(draw, "float32", (3,)), special(draw, "float32", (3,))
        finite = np.where(np.isinf(re), np.float32(3), re)
        result = np.empty(3, "complex64")
        result.real, result.imag = finite, np.where(np.isnan(finite) | np.isinf(im), np.float32(0), im)
        return [result]


def almost(draw, dtype):
    """Draw two tensors that differ by nothing, by very little, or by 1."""
    x1 = special(draw, dtype)
    step = draw(st.sampled_from([0.0, 1e-9, 1.0])) if is_float_dtype(dtype) else 0
    return [x1, np.asarray(x1 + numpy_dtype(dtype).type(step)).astype(x1.dtype)]


for _name, _function in {"isclose": np.isclose, "allclose": np.allclose}.items():

    @case(_name, _function, gradient=False)
    def _close(draw, dtype):
        return [*almost(draw, dtype), 1e-5, 1e-8, draw(st.booleans())]

    @case(_name, _function, gradient=False, dtypes=FLOATS)
    def _close_to_special(draw, dtype):
        shape1, shape2 = draw(broadcastable())
        return special(draw, dtype, shape1), special(draw, dtype, shape2), draw(st.sampled_from([0.1, 2.0])), 0.25


@case("where", np.where, dtypes=ALL)
def _where(draw, dtype):
    shape, shape1, shape2 = draw(broadcastable(3))
    condition = whole(draw, draw(st.sampled_from(["bool", "bool", "int32", "float32"])), shape, -1, 1)
    return condition, draw(arrays(dtype, shape1)), draw(arrays(partner(draw, dtype), shape2))


@case("where", np.where, gradient=False)
def _where_numbers(draw, dtype):
    shape, shape1 = draw(broadcastable())
    x1 = draw(arrays(dtype, shape1)) if draw(st.booleans()) else 1
    return draw(arrays("bool", shape)), x1, 0


@case("select", np.select)
def _select(draw, dtype):
    shape, *rest = draw(broadcastable(3))
    count = draw(st.integers(1, 3))
    conditions = [draw(arrays("bool", shape)) for _ in range(count)]
    return conditions, [draw(arrays(dtype, rest[0])) for _ in range(count)], draw(st.sampled_from([0, 1]))


# Logic and bits.

for _name, _function in {
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
}.items():

    @case(_name, _function, gradient=False)
    def _truths(draw, dtype):
        shape1, shape2 = draw(broadcastable())
        return whole(draw, dtype, shape1, -1, 1), whole(draw, partner(draw, dtype), shape2, -1, 1)


@case("logical_not", np.logical_not, gradient=False)
def _truth(draw, dtype):
    return [special(draw, dtype)]


for _name, _function in {
    "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
}.items():

    @case(_name, _function, dtypes=BOOL_AND_INTEGERS)
    def _bits_of_two(draw, dtype):
        shape1, shape2 = draw(broadcastable())
        return draw(arrays(dtype, shape1, -100, 100)), draw(arrays(partner(draw, dtype), shape2, -100, 100))


@case("bitwise_not", np.bitwise_not, dtypes=BOOL_AND_INTEGERS)
def _bits(draw, dtype):
    return [draw(arrays(dtype, low=-100, high=100))]


def shifted(function):
    """Shift, and by all bits where the number of places is negative or too large."""

    def reference(x, y):
        bits = x.dtype.itemsize * 8
        is_inside = (y >= 0) & (y < bits)
        rest = -(x < 0).astype("int8") if function is np.right_shift else 0
        return np.where(is_inside, function(x, np.where(is_inside, y, 0).astype(x.dtype)), rest).astype(x.dtype)

    return reference


for _name, _function in {"left_shift": shifted(np.left_shift), "right_shift": shifted(np.right_shift)}.items():

    @case(_name, _function, dtypes=BOOL_AND_INTEGERS)
    def _shifts(draw, dtype):
        shape1, shape2 = draw(broadcastable())
        return draw(arrays(dtype, shape1, -100, 100)), draw(arrays(dtype, shape2, -2, 70))
