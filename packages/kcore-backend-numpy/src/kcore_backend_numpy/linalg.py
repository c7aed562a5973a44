"""Products and linear algebra, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from kcore_ops.dtypes import epsilon_of, real_dtype
from kcore_ops.plugin import parse_subscripts


def einsum(subscripts, *operands):
    contraction = parse_subscripts(subscripts, tuple([x.ndim for x in operands]))
    if contraction.sizes_differ(operands):  # NumPy broadcasts axes of size 1
        raise ValueError("axes of one letter differ in size")
    # Looking for the best order, and for products that are matrix products, takes longer than a small sum.
    is_large = len(operands) > 2 or sum([x.size for x in operands]) > 4096
    return np.einsum(contraction.equation, *operands, optimize=is_large)


def tensordot(x1, x2, axes):
    return np.tensordot(x1, x2, axes)


def _one_by_one(function, *operands):
    """Call a function of matrices on each of a batch; NaN is the result where NumPy finds no other."""
    if operands[0].shape[-2] != operands[0].shape[-1]:
        raise np.linalg.LinAlgError("not square")
    batch = np.broadcast_shapes(*(x.shape[:-2] for x in operands))
    stacks = [np.broadcast_to(x, batch + x.shape[-2:]) for x in operands]
    result = np.empty(stacks[-1].shape, stacks[-1].dtype)
    for index in np.ndindex(batch):
        try:
            result[index] = function(*(x[index] for x in stacks))
        except np.linalg.LinAlgError:
            result[index] = np.nan
    return result


def cholesky(x, upper):
    try:
        factor = np.linalg.cholesky(x)
    except np.linalg.LinAlgError:
        factor = _one_by_one(np.linalg.cholesky, x)
    return factor.conj().swapaxes(-2, -1) if upper else factor


def qr(x, mode):
    return tuple(np.linalg.qr(x, mode))


def svd(x, full_matrices, compute_uv):
    result = np.linalg.svd(x, full_matrices, compute_uv)
    return tuple(result) if compute_uv else result


def eigh(x):
    return tuple(np.linalg.eigh(x))


def solve(a, b):
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        if b.ndim == 1:
            return _one_by_one(np.linalg.solve, a, b[:, None])[..., 0]
        return _one_by_one(np.linalg.solve, a, b)


def solve_triangular(a, b, lower):
    return solve(np.tril(a) if lower else np.triu(a), b)


def inv(x):
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:
        return _one_by_one(np.linalg.inv, x)


def pinv(x, rcond):
    if rcond is None:
        rcond = max(x.shape[-2:]) * epsilon_of(real_dtype(x.dtype.name))
    return np.linalg.pinv(x, rcond)


def slogdet(x):
    return tuple(np.linalg.slogdet(x))


def eig(x):
    # NumPy gives real numbers where all eigenvalues are real.
    return tuple(part.astype(np.result_type(x.dtype, "complex64")) for part in np.linalg.eig(x))


TABLE: dict[str, Callable[..., Any]] = {
    "biased_matmul": lambda x, kernel, bias: np.matmul(x, kernel) + bias,
    "cholesky": cholesky,
    "det": np.linalg.det,
    "dot": np.dot,
    "eig": eig,
    "eigh": eigh,
    "einsum": einsum,
    "inner": np.inner,
    "inv": inv,
    "kron": np.kron,
    "matmul": np.matmul,
    "norm": np.linalg.norm,
    "outer": np.outer,
    "pinv": pinv,
    "qr": qr,
    "slogdet": slogdet,
    "solve": solve,
    "solve_triangular": solve_triangular,
    "svd": svd,
    "tensordot": tensordot,
    "vdot": np.vdot,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
_HALF = {"float16": "float32", "bfloat16": "float32"}
WIDENED: dict[str, dict[str, str]] = {name: _HALF for name in TABLE}
