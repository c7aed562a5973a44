"""Cases of branches and loops."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

import kcore_ops.transforms.vectorizing  # noqa: F401 (its ops have cases here)
from kcore_ops.conformance.case import arrays, axis, case, shapes

DTYPES = ("float32", "float64", "int32")


@case("cond", lambda pred, true_fn, false_fn: np.array([1.0, 2.0]) if pred else np.array([3.0, 4.0]), gradient=False)
def _cond(draw, dtype):
    from kcore_ops import add, arange

    pred = np.array(draw(st.booleans()))
    return pred, lambda: add(arange(2, dtype="float32"), 1.0), lambda: add(arange(2, dtype="float32"), 3.0)


# Reverse-mode derivatives of a loop with an unknown number of turns are not to be had in JAX.
@case(
    "while_loop",
    lambda cond, body, loop_vars, limit: (np.asarray(min(limit, 3)), loop_vars[1] * 2 ** min(limit, 3)),
    dtypes=DTYPES,
    gradient=False,
)
def _while_loop(draw, dtype):
    first = np.array(0, "int32"), draw(arrays(dtype))
    return lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), first, draw(st.integers(0, 4))


@case("fori_loop", lambda lower, upper, body, x: x * 2**upper, dtypes=DTYPES)
def _fori_loop(draw, dtype):
    return 0, draw(st.integers(0, 3)), lambda i, x: x * 2, draw(arrays(dtype))


def _scanned(f, init, xs, length=None, reverse=False):
    order = range(len(xs))[::-1] if reverse else range(len(xs))
    ys = np.zeros_like(xs)
    for i in order:
        init = init + xs[i]
        ys[i] = init * xs[i]
    return init, ys


@case("scan", _scanned, dtypes=DTYPES)
def _scan(draw, dtype):
    shape = draw(shapes(max_rank=2))
    xs = draw(arrays(dtype, (draw(st.integers(1, 3)), *shape)))
    return lambda total, x: (total + x, (total + x) * x), draw(arrays(dtype, shape)), xs, None, draw(st.booleans())


def _running(f, elems, reverse, axis):
    a, b = (np.array(x, "float64" if x.dtype.kind == "f" else x.dtype) for x in elems)
    order = list(range(a.shape[axis]))[:: -1 if reverse else 1]
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    for before, i in itertools.pairwise(order):
        a[i], b[i] = a[before] * a[i], a[i] * b[before] + b[i]
    return [np.moveaxis(a, 0, axis), np.moveaxis(b, 0, axis)]


# A linear recurrence, which is not commutative.
@case("associative_scan", _running, dtypes=DTYPES)
def _associative_scan(draw, dtype):
    shape = (draw(st.integers(0, 7)), draw(st.integers(1, 2)))[:: draw(st.sampled_from([1, -1]))]
    elems = [draw(arrays(dtype, shape, -2, 2)), draw(arrays(dtype, shape))]
    f = lambda first, second: [first[0] * second[0], second[0] * first[1] + second[1]]  # noqa: E731
    return f, elems, draw(st.booleans()), draw(axis(2))


@case(
    "switch",
    lambda index, branches, operands: operands[0] * (1, 2, 3)[min(max(int(index), 0), 2)],
    dtypes=DTYPES,
)
def _switch(draw, dtype):
    branches = [lambda x: x * 1, lambda x: x * 2, lambda x: x * 3]
    return np.array(draw(st.integers(-2, 4)), "int32"), branches, (draw(arrays(dtype)),)


@case("vectorized_map", lambda f, elements: elements["x"].sum(1) + elements["y"], dtypes=DTYPES)
def _vectorized_map(draw, dtype):
    from kcore_ops import sum

    count, size = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    elements = {"x": draw(arrays(dtype, (count, size))), "y": draw(arrays(dtype, (count,)))}
    return lambda slices: sum(slices["x"]) + slices["y"], elements


@case("map", lambda f, xs: xs * 2, dtypes=DTYPES)
def _map(draw, dtype):
    return lambda x: x * 2, draw(arrays(dtype, shapes(min_rank=1, min_size=1)))
