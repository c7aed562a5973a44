"""Cases of tapers, integrals, correlations, powers, and of axes rearranged."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import kcore_ops.ops.core.axis_patterns
import kcore_ops.ops.numpy.cumulative
import kcore_ops.ops.numpy.polynomials
import kcore_ops.ops.numpy.statistics
import kcore_ops.ops.numpy.window_functions  # noqa: F401
from kcore_ops.conformance.case import ALL, FLOATS, arrays, axis, case, shapes
from kcore_ops.conformance.cases.reductions import quiet

SOME = (*FLOATS, "bool", "int32", "uint8", "complex64")

for _name, _function in {
    "bartlett": np.bartlett,
    "blackman": np.blackman,
    "hamming": np.hamming,
    "hanning": np.hanning,
}.items():

    @case(_name, lambda x, f=_function: f(int(x)), dtypes=("float32",), gradient=False)
    def _points(draw, dtype):
        return [draw(st.integers(0, 6))]


@case("kaiser", lambda x, beta: np.kaiser(int(x), beta), dtypes=("float32", "int32"), gradient=False)
def _kaiser(draw, dtype):
    return draw(st.integers(0, 6)), draw(arrays(dtype, (), low=0, high=12))


@case("kaiser", lambda x, beta: np.kaiser(int(x), beta), dtypes=("float32",), gradient=False)
def _kaiser_of_a_number(draw, dtype):
    return draw(st.integers(0, 6)), draw(st.sampled_from([0, 5, 8.6, 14.0]))


def _trapezoid(y, x=None, dx=1.0, axis=-1):
    return np.trapezoid(y, x, dx, axis)


@case("trapezoid", _trapezoid, dtypes=SOME, tolerance=2)
def _evenly_spaced(draw, dtype):
    shape = draw(shapes(min_rank=1))
    return draw(arrays(dtype, shape)), None, draw(st.sampled_from([1.0, 0.5, 3])), draw(axis(len(shape)))


@case("trapezoid", _trapezoid, dtypes=("float32", "float64", "float16", "int32"), tolerance=4)
def _unevenly_spaced(draw, dtype):
    shape = draw(shapes(min_rank=1, max_rank=2, min_size=1))
    along = draw(axis(len(shape)))
    places = draw(
        st.sampled_from(
            [(shape[along],), shape, tuple(1 if i != along % len(shape) else n for i, n in enumerate(shape))]
        )
    )
    return draw(arrays(dtype, shape)), draw(arrays(draw(st.sampled_from([dtype, "float32"])), places)), 1.0, along


@case("corrcoef", quiet(np.corrcoef), dtypes=("float32", "float64", "float16", "int32", "complex64"), tolerance=8,
      known=(0,))  # fmt: skip
def _corrcoef(draw, dtype):
    # Different numbers, as a variable that hardly varies correlates with rounding errors.
    n, m = draw(st.integers(1, 3)), draw(st.integers(3, 5))
    x = draw(arrays(dtype, (m,) if draw(st.booleans()) and n == 1 else (n, m), distinct=True))
    return [x]


@case("vander", lambda x, N, increasing: np.vander(x.astype("int64") if x.dtype == bool else x, N, increasing)
      .astype(x.dtype), dtypes=ALL, tolerance=4)  # fmt: skip
def _vander(draw, dtype):
    x = draw(arrays(dtype, (draw(st.integers(0, 4)),)))
    return x, draw(st.sampled_from([None, 0, 1, 3])), draw(st.booleans())


# Patterns, shapes, sizes, and what they stand for in NumPy.
_PATTERNS = (
    ("a b c -> c (a b)", (2, 3, 4), {}, lambda x: x.transpose(2, 0, 1).reshape(4, 6)),
    ("(a b) c -> b a c", (6, 2), {"a": 2}, lambda x: x.reshape(2, 3, 2).transpose(1, 0, 2)),
    ("b (h d) t -> (b h) t d", (2, 6, 3), {"h": 3},
     lambda x: x.reshape(2, 3, 2, 3).transpose(0, 1, 3, 2).reshape(6, 3, 2)),
    ("... c -> c ...", (2, 3, 4), {}, lambda x: x.transpose(2, 0, 1)),
    ("a ... -> a (...) 1", (2, 3, 4), {}, lambda x: x.reshape(2, 12, 1)),
    ("a 1 b -> b () a", (2, 1, 3), {}, lambda x: x.transpose(2, 1, 0)),
    ("a b -> a b", (2, 0), {}, lambda x: x),
    ("-> 1", (), {}, lambda x: x.reshape(1)),
)  # fmt: skip


def _rearranged(x, pattern, lengths):
    return next(function for text, _, _, function in _PATTERNS if text == pattern)(x)


@case("rearrange", _rearranged, dtypes=("float32", "int32", "bool"))
def _rearrange(draw, dtype):
    pattern, shape, lengths, _ = draw(st.sampled_from(_PATTERNS))
    return draw(arrays(dtype, shape)), pattern, dict(lengths)
