"""Cases of products and linear algebra."""

from __future__ import annotations

import warnings

import numpy as np
from hypothesis import strategies as st

from kcore_ops.conformance.case import ALL, FLOATS, NUMERIC, arrays, axes, axis, broadcastable, case, shapes

WITH_COMPLEX = (*FLOATS, "int32", "complex64")
WITH_BOOL = (*FLOATS, "bool", "int32")

# Products.

sizes = st.integers(0, 4)


def _batches(draw):
    """Two shapes of batch axes that broadcast."""
    return draw(broadcastable(max_rank=2))


@case("matmul", np.matmul, dtypes=ALL, tolerance=4)
def _matmul(draw, dtype):
    n, k, m = draw(sizes), draw(sizes), draw(sizes)
    batch1, batch2 = _batches(draw)
    shape1 = (k,) if draw(st.booleans()) else (*batch1, n, k)
    shape2 = (k,) if draw(st.booleans()) else (*batch2, k, m)
    return draw(arrays(dtype, shape1)), draw(arrays(dtype, shape2))


@case("matmul", np.matmul)
def _matmul_of_two_dtypes(draw, dtype):
    n, k = draw(sizes), draw(sizes)
    return draw(arrays(dtype, (n, k))), draw(arrays("float32", (k, 2)))


def _biased_matmul(x, kernel, bias):
    return np.matmul(x, kernel) + bias


@case("biased_matmul", _biased_matmul, dtypes=ALL, tolerance=4)
def _biased_matmul_case(draw, dtype):
    x, kernel = _matmul(draw, dtype)
    shape = np.matmul(x, kernel).shape[-1:]
    return x, kernel, draw(arrays(dtype, shape if draw(st.integers(0, 3)) else ()))


@case("dot", np.dot, dtypes=ALL, tolerance=4)
def _dot(draw, dtype):
    k = draw(sizes)
    left = [(), (k,), (2, k), (0, k), (4, 2, k)]
    right = [(), (k,), (k, 3), (k, 0), (2, k, 3)]
    return draw(arrays(dtype, draw(st.sampled_from(left)))), draw(arrays(dtype, draw(st.sampled_from(right))))


@case("inner", np.inner, dtypes=ALL, tolerance=4)
def _inner(draw, dtype):
    k = draw(sizes)
    shapes_of_both = st.sampled_from([(), (k,), (2, k), (0, k), (4, 2, k)])
    return draw(arrays(dtype, draw(shapes_of_both))), draw(arrays(dtype, draw(shapes_of_both)))


@case("vdot", lambda x1, x2: np.vdot(x1, x2).astype(x1.dtype), dtypes=ALL, tolerance=8)
def _vdot(draw, dtype):
    n, m = draw(sizes), draw(sizes)
    left, right = draw(st.sampled_from([((n,), (n,)), ((n, m), (m, n)), ((n, m), (n * m,)), ((), ())]))
    return draw(arrays(dtype, left)), draw(arrays(dtype, right))


@case("outer", np.outer, dtypes=ALL)
def _outer(draw, dtype):
    return draw(arrays(dtype, draw(shapes(max_rank=2)))), draw(arrays(dtype, draw(shapes(max_rank=2))))


@case("kron", np.kron, dtypes=ALL)
def _kron(draw, dtype):
    return draw(arrays(dtype, draw(shapes(max_rank=2)))), draw(arrays(dtype, draw(shapes(max_rank=2))))


@case("tensordot", np.tensordot, dtypes=ALL, tolerance=8)
def _tensordot(draw, dtype):
    shape1 = draw(shapes(max_rank=3))
    count = draw(st.integers(0, len(shape1)))
    paired1 = draw(st.permutations(range(len(shape1))))[:count]
    free = draw(shapes(max_rank=2))
    order = draw(st.permutations(range(count + len(free))))
    shape2 = [(*(shape1[a] for a in paired1), *free)[i] for i in order]
    paired2 = [order.index(i) for i in range(count)]
    if draw(st.booleans()):
        paired1 = [a - len(shape1) for a in paired1]
    pair = (tuple(paired1), tuple(paired2))
    if count == 1 and draw(st.booleans()):
        pair = (paired1[0], paired2[0])
    return draw(arrays(dtype, shape1)), draw(arrays(dtype, tuple(shape2))), pair


@case("tensordot", np.tensordot, dtypes=ALL, tolerance=8)
def _tensordot_over_some(draw, dtype):
    shape1 = draw(shapes(max_rank=3))
    count = draw(st.integers(0, len(shape1)))
    shape2 = (*shape1[len(shape1) - count :], *draw(shapes(max_rank=1)))
    return draw(arrays(dtype, shape1)), draw(arrays(dtype, shape2)), count


def _np_cross(*args):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of vectors in the plane
        return np.cross(*args)


@case("cross", _np_cross, dtypes=(*NUMERIC, "complex64"), tolerance=4)
def _cross(draw, dtype):
    shape1, shape2 = draw(broadcastable(max_rank=2))
    places = [draw(axis(len(shape) + 1)) for shape in (shape1, shape2)]
    placed = [_with_components(shape, place) for shape, place in zip((shape1, shape2), places, strict=True)]
    back = draw(axis(max(len(shape1), len(shape2)) + 1))
    return draw(arrays(dtype, placed[0])), draw(arrays(dtype, placed[1])), *places, back


def _with_components(shape, place):
    place %= len(shape) + 1
    return (*shape[:place], 3, *shape[place:])


@case("cross", _np_cross, dtypes=(*NUMERIC, "complex64"), tolerance=4, known=(0, 1))
def _cross_in_the_plane(draw, dtype):
    size1, size2 = draw(st.sampled_from([(2, 2), (2, 3), (3, 2)]))
    rest = draw(shapes(max_rank=1))
    return draw(arrays(dtype, (size1, *rest))), draw(arrays(dtype, (size2, *rest))), -1, -1, -1, 0


_EQUATIONS = [
    "ij,jk->ik",
    "ij,jk",
    "i,i",
    "i,j->ji",
    "ba",
    "ij->j",
    "ii",
    "ii->i",
    "iij->ji",
    "ijij->j",
    "bqhd,bkhd->bhqk",
    "...ij,...jk->...ik",
    "i...,ij->...j",
    "...,...",
    "ii...,ij...->j...",
    "ij , jk , kl -> il",
    "i,ij,j->",
    "a,b,c->cab",
    "ij,ij->ij",
    "ab,bc,ac->",
    ",i->i",
]


@case(
    "einsum",
    lambda subscripts, *operands: np.einsum(subscripts, *operands).astype(operands[0].dtype),
    dtypes=ALL,
    tolerance=16,
)
def _einsum(draw, dtype):
    equation = draw(st.sampled_from(_EQUATIONS))
    letters = {letter: draw(st.integers(0, 3)) for letter in equation if letter.isalpha()}
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    covered = draw(broadcastable(count=len(terms), max_rank=2))
    operands = []
    for term, middle in zip(terms, covered, strict=True):
        before, dots, after = term.partition("...")
        shape = (*(letters[x] for x in before), *(middle if dots else ()), *(letters[x] for x in after))
        operands.append(draw(arrays(dtype, shape, low=-2, high=2)))
    return equation, operands


def _biased_einsum(subscripts, x, kernel, bias):
    return (np.einsum(subscripts, x, kernel) + bias).astype(x.dtype)


@case("biased_einsum", _biased_einsum, dtypes=ALL, tolerance=16)
def _biased_einsum_case(draw, dtype):
    layers = [
        "ab,bc->ac",
        "abc,cde->abde",
        "abcd,cde->abe",
        "...x,xy->...y",
        "ab...,bc->ac...",
        "ab,cb->ac",
        "ab,ab->ab",
    ]
    equation = draw(st.sampled_from(layers))
    letters = {letter: draw(st.integers(0, 3)) for letter in equation if letter.isalpha()}
    dots = draw(shapes(max_rank=2, max_size=3))

    def shape(term):
        before, has_dots, after = term.partition("...")
        return (*(letters[x] for x in before), *(dots if has_dots else ()), *(letters[x] for x in after))

    x, kernel, result = (shape(term) for term in equation.replace("->", ",").split(","))
    kept = result[-draw(st.integers(1, len(result))) :] if draw(st.integers(0, 3)) else ()
    low_and_high = {"low": -2, "high": 2}
    return equation, *(draw(arrays(dtype, each, **low_and_high)) for each in (x, kernel, kept))


# Linear algebra.


def _matrices(draw, dtype, rows=None, columns=None, shift=0.0):
    batch = draw(shapes(max_rank=1, max_size=3))
    n = rows or draw(st.integers(1, 4))
    x = draw(arrays(dtype, (*batch, n, columns or n), low=-1, high=1))
    return (x + shift * np.eye(n)).astype(x.dtype) if shift else x


def _symmetric(x):
    return (x + x.swapaxes(-2, -1).conj()).astype(x.dtype)


def _np_cholesky(x, upper):
    factor = np.linalg.cholesky(x)
    return factor.conj().swapaxes(-2, -1) if upper else factor


@case("cholesky", _np_cholesky, dtypes=WITH_COMPLEX, gradient=False)
def _cholesky(draw, dtype):
    x = _symmetric(_matrices(draw, dtype, shift=5))
    if draw(st.booleans()):
        x = (np.tril(x) + np.triu(x, 1) * 2).astype(x.dtype)  # the upper triangle is not read
    return x, draw(st.booleans())


def _of_qr(results, args):
    """The signs, for complex numbers the phases, are moved from `r` to `q`."""
    q, r = results
    k = min(q.shape[-1], r.shape[-1], r.shape[-2])
    entries = np.einsum("...ii->...i", r[..., :k, :k])
    phase = np.ones(r.shape[:-1], np.result_type(r, "complex64") if np.iscomplexobj(r) else "float64")
    phase[..., :k] = np.where(entries == 0, 1, entries / np.where(entries == 0, 1, abs(entries)))
    # Columns of q beyond those of x complete a basis in any way: only the space they span is unique.
    first, rest = q[..., :k] * phase[..., None, :k], q[..., k:]
    return [first, rest @ rest.swapaxes(-2, -1).conj(), phase.conj()[..., :, None] * r]


@case("qr", np.linalg.qr, dtypes=WITH_COMPLEX, gradient=False, tolerance=8, compare=_of_qr)
def _qr(draw, dtype):
    rows, columns = draw(st.sampled_from([(1, 1), (3, 3), (4, 2), (2, 4), (1, 3), (3, 1)]))
    x = _matrices(draw, dtype if dtype != "int32" else "float32", rows, columns)
    x = x + 2 * np.eye(rows, columns)
    return (np.rint(x * 4) if dtype == "int32" else x).astype(draw(arrays(dtype, ())).dtype), draw(
        st.sampled_from(["reduced", "complete"])
    )


def _of_svd(results, args):
    """Singular vectors have no sign of their own: compare the products with them, and their orthogonality."""
    if len(results) == 1:
        return results
    u, s, vh = (np.asarray(x, np.result_type(x.dtype, "float64")) for x in _wide(results))
    k = s.shape[-1]
    product = (u[..., :k] * s[..., None, :]) @ vh[..., :k, :]
    return [s, product, u.swapaxes(-2, -1).conj() @ u, vh @ vh.swapaxes(-2, -1).conj()]


def _wide(results):
    return [x.astype("complex128" if np.iscomplexobj(x) else "float64") for x in map(np.asarray, results)]


@case("svd", np.linalg.svd, dtypes=WITH_COMPLEX, gradient=False, tolerance=4, compare=_of_svd)
def _svd(draw, dtype):
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    return _matrices(draw, dtype, rows, columns), draw(st.booleans()), draw(st.booleans())


def _of_eigh(results, args):
    values, vectors = _wide(results)
    return [values, (vectors * values[..., None, :]) @ vectors.swapaxes(-2, -1).conj()]


@case("eigh", np.linalg.eigh, dtypes=WITH_COMPLEX, gradient=False, tolerance=4, compare=_of_eigh)
def _eigh(draw, dtype):
    x = _symmetric(_matrices(draw, dtype))
    if draw(st.booleans()):
        x = (np.tril(x) + np.triu(x, 1) * 2).astype(x.dtype)  # the upper triangle is not read
    return [x]


def _right_hand_side(draw, dtype, a):
    n = a.shape[-1]
    if draw(st.booleans()):
        return draw(arrays(dtype, (n,)))
    batch = draw(st.sampled_from([(), a.shape[:-2], (1,), (2, *a.shape[:-2])]))
    return draw(arrays(dtype, (*batch, n, draw(st.integers(0, 3)))))


@case("solve", np.linalg.solve, dtypes=WITH_COMPLEX, tolerance=4)
def _solve(draw, dtype):
    a = _matrices(draw, dtype, shift=5)
    return a, _right_hand_side(draw, dtype, a)


@case("solve", np.linalg.solve, dtypes=WITH_COMPLEX, tolerance=4)
def _solve_cubes(draw, dtype):
    """As many matrices as they have rows: one matrix on the right could be taken for a stack of vectors."""
    n = draw(st.integers(1, 3))
    a = draw(arrays(dtype, (n, n, n), low=-1, high=1))
    return (a + 5 * np.eye(n)).astype(a.dtype), draw(arrays(dtype, (n, n)))


def _np_solve_triangular(a, b, lower):
    return np.linalg.solve(np.tril(a) if lower else np.triu(a), b)


@case("solve_triangular", _np_solve_triangular, dtypes=WITH_COMPLEX, tolerance=4)
def _solve_triangular(draw, dtype):
    a = _matrices(draw, dtype, shift=3)
    return a, _right_hand_side(draw, dtype, a), draw(st.booleans())


@case("inv", np.linalg.inv, dtypes=WITH_COMPLEX)
def _inv(draw, dtype):
    return [_matrices(draw, dtype, shift=5)]


for _name, _reference in {"det": np.linalg.det, "slogdet": np.linalg.slogdet}.items():

    @case(_name, _reference, dtypes=WITH_COMPLEX, tolerance=8)
    def _determinants(draw, dtype):
        shift = draw(st.sampled_from([-5, 5]))
        return [_matrices(draw, dtype, shift=shift)]


@case("logdet", lambda x: np.linalg.slogdet(x)[1], dtypes=(*FLOATS, "int32"))
def _logdet(draw, dtype):
    return [_symmetric(_matrices(draw, dtype, shift=5))]


def _np_pinv(x, rcond=None):
    return np.linalg.pinv(x, rcond or 1e-6)


@case("pinv", _np_pinv, dtypes=WITH_COMPLEX, gradient=False, tolerance=8)
def _pinv(draw, dtype):
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    x = (_matrices(draw, dtype, rows, columns) + 4 * np.eye(rows, columns)).astype(draw(arrays(dtype, ())).dtype)
    if draw(st.booleans()):
        x[..., 0, :] = 0  # without full rank
    return (x, draw(st.sampled_from([None, 0.1])))


@case("norm", np.linalg.norm, dtypes=(*ALL,), tolerance=2, rounds_once=True)
def _norm_of_vectors(draw, dtype):
    x = draw(arrays(dtype, draw(shapes(min_rank=1, min_size=1)), low=0.5))
    order = draw(st.sampled_from([None, 0, 1, 2, 3, 2.5, -1, -2, float("inf"), -float("inf")]))
    along = draw(axis(x.ndim)) if x.ndim > 1 or draw(st.booleans()) else None
    return x, order, draw(st.sampled_from([along, None if order is None else along])), draw(st.booleans())


@case("norm", np.linalg.norm, dtypes=(*FLOATS, "int32", "complex64"), tolerance=4, rounds_once=True)
def _norm_of_matrices(draw, dtype):
    x = draw(arrays(dtype, draw(shapes(min_rank=2, min_size=1)), low=0.5))
    order = draw(st.sampled_from([None, "fro", "nuc", 1, -1, 2, -2, float("inf"), -float("inf")]))
    along = tuple(draw(st.permutations(range(-x.ndim, 0)))[:2])
    return x, order, None if x.ndim == 2 and draw(st.booleans()) else along, draw(st.booleans())


def _np_normalize(x, axis, order, epsilon):
    lengths = (np.sum(np.abs(x) ** order, axis=axis, keepdims=True) ** (1 / order)) if order < np.inf else None
    if lengths is None:
        lengths = np.max(np.abs(x), axis=axis, keepdims=True)
    return x / np.maximum(lengths, 1e-7 if epsilon is None else epsilon)


@case("normalize", _np_normalize, dtypes=WITH_BOOL)
def _normalize(draw, dtype):
    x = draw(arrays(dtype, draw(shapes(min_rank=1, min_size=1))))
    order = draw(st.sampled_from([1, 2, 2, 3, 2.5, float("inf")]))
    return x, draw(axes(x.ndim)), order, draw(st.sampled_from([None, 0.5]))


def _np_cdist(x, y):
    return np.sqrt(np.sum((x[..., :, None, :] - y[..., None, :, :]) ** 2.0, axis=-1))


@case("cdist", _np_cdist, dtypes=(*FLOATS, "int32"))
def _cdist(draw, dtype):
    batch1, batch2 = _batches(draw)
    n = draw(sizes)
    return draw(arrays(dtype, (*batch1, draw(sizes), n))), draw(arrays(dtype, (*batch2, draw(sizes), n)))
