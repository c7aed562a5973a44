"""Cases of random numbers. Draws differ from backend to backend: what is compared is their shape and support.

That they follow their distributions is held by tests of their own.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from kcore_ops.conformance.case import FLOATS, arrays, case, shapes


def within(least, most):
    """Compare, in place of numbers, that they lie where they can."""

    def compare(results, args):
        return [np.asarray((x >= least) & (x <= most)) for x in results]

    return compare


def seed(draw):
    return np.array([draw(st.integers(0, 2**32 - 1)), draw(st.integers(0, 9))], "uint32")


for _name, _least, _most in [
    ("random_uniform", 0, 1),
    ("random_normal", -10, 10),
    ("random_truncated_normal", -2, 2),
]:

    @case(_name, dtypes=FLOATS, gradient=False, compare=within(_least, _most))
    def _floats(draw, dtype):
        return seed(draw), draw(shapes()), dtype


@case("random_gamma", dtypes=FLOATS, effort=0.2, gradient=False, compare=within(0, np.inf))
def _gamma(draw, dtype):
    shape = draw(shapes(max_rank=2))
    return seed(draw), shape, draw(arrays(dtype, shape[draw(st.integers(0, len(shape))) :], 0, 3)), dtype


@case("random_beta", dtypes=FLOATS, effort=0.2, gradient=False, compare=within(0, 1))
def _beta(draw, dtype):
    shape = draw(shapes(max_rank=2))
    first = draw(arrays(dtype, shape[draw(st.integers(0, len(shape))) :], 0.5, 3))
    return seed(draw), shape, first, draw(arrays(dtype, shape[draw(st.integers(0, len(shape))) :], 0.5, 3)), dtype


def _whole_and_at_most_the_count(results, args):
    count = np.floor(np.asarray(args[2], "float64"))
    return [(x >= 0) & (x <= count) & (x == np.floor(x)) for x in (np.asarray(x, "float64") for x in results)]


@case("random_binomial", dtypes=FLOATS, effort=0.2, gradient=False, compare=_whole_and_at_most_the_count)
def _binomial(draw, dtype):
    shape = draw(shapes(max_rank=2))
    counts = draw(arrays(dtype, shape[draw(st.integers(0, len(shape))) :], 0, 50))
    return seed(draw), shape, counts, draw(arrays(dtype, shape[draw(st.integers(0, len(shape))) :], 0, 1)), dtype


@case("random_bits", dtypes=["uint32"], gradient=False, compare=within(0, 2**32 - 1))
def _bits(draw, dtype):
    return seed(draw), draw(shapes())


@case("random_randint", dtypes=["int32", "int64", "int8", "uint8"], gradient=False, compare=within(3, 7))
def _randint(draw, dtype):
    return seed(draw), draw(shapes()), 3, 8, dtype


@case(
    "random_shuffle",
    dtypes=["float32", "int32"],
    gradient=False,
    compare=lambda results, args: [np.sort(np.asarray(x), axis=args[2]) for x in results],
)
def _shuffle(draw, dtype):
    shape = draw(shapes(min_rank=1))
    return draw(arrays(dtype, shape)), seed(draw), draw(st.integers(-len(shape), len(shape) - 1))


@case("random_categorical", dtypes=["float32"], gradient=False, compare=within(0, 4))
def _categorical(draw, dtype):
    shape = (draw(st.integers(0, 3)), draw(st.integers(1, 5)))
    return draw(arrays(dtype, shape)), seed(draw), draw(st.integers(0, 4))


def _kept_or_dropped(results, args):
    x, rate = np.asarray(args[0], "float64"), args[2]
    dropped = [np.isclose(np.asarray(y, "float64"), 0) for y in results]
    kept = [np.isclose(np.asarray(y, "float64"), x / (1 - rate), rtol=0.02) for y in results]
    return [a | b for a, b in zip(dropped, kept, strict=True)]


@case("random_dropout", dtypes=FLOATS, gradient=False, compare=_kept_or_dropped)
def _dropout(draw, dtype):
    return draw(arrays(dtype)), seed(draw), draw(st.sampled_from([0.0, 0.25, 0.5]))
