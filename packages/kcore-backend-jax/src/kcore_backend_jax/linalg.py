"""Products and linear algebra, on JAX arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax
from kcore_ops.dtypes import epsilon_of, real_dtype
from kcore_ops.plugin import parse_subscripts


def einsum(subscripts, *operands):
    contraction = parse_subscripts(subscripts, tuple([x.ndim for x in operands]))
    if contraction.sizes_differ(operands):  # JAX broadcasts axes of size 1
        raise ValueError("axes of one letter differ in size")
    # Of int8 alone, which are added up in int32.
    added = jnp.int32 if operands[0].dtype == jnp.int8 else None
    return jnp.einsum(contraction.equation, *operands, preferred_element_type=added)


def cholesky(x, upper):
    factor = jnp.linalg.cholesky(x, symmetrize_input=False)
    return factor.conj().swapaxes(-2, -1) if upper else factor


def qr(x, mode):
    return tuple(jnp.linalg.qr(x, mode))


def svd(x, full_matrices, compute_uv):
    result = jnp.linalg.svd(x, full_matrices, compute_uv)
    return tuple(result) if compute_uv else result


def eigh(x):
    return tuple(jnp.linalg.eigh(x, UPLO="L", symmetrize_input=False))


def solve_triangular(a, b, lower):
    columns = b[:, None] if b.ndim == 1 else b
    batch = jnp.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    a = jnp.broadcast_to(a, batch + a.shape[-2:])
    columns = jnp.broadcast_to(columns, batch + columns.shape[-2:])
    result = lax.linalg.triangular_solve(a, columns, left_side=True, lower=lower)
    return result[..., 0] if b.ndim == 1 else result


def pinv(x, rcond):
    if rcond is None:
        rcond = max(x.shape[-2:]) * epsilon_of(real_dtype(x.dtype.name))
    return jnp.linalg.pinv(x, rcond)


def slogdet(x):
    return tuple(jnp.linalg.slogdet(x))


def eig(x):
    return tuple(jnp.linalg.eig(x))


def lu_factor(x):
    return lax.linalg.lu(x)[:2]


OF_INT8: dict[str, Callable[..., Any]] = {
    "einsum": einsum,
    "matmul": lambda x1, x2: jnp.matmul(x1, x2, preferred_element_type=jnp.int32),
}

TABLE: dict[str, Callable[..., Any]] = {
    "biased_matmul": lambda x, kernel, bias: jnp.matmul(x, kernel) + bias,
    "cholesky": cholesky,
    "cross": jnp.cross,
    "det": jnp.linalg.det,
    "dot": jnp.dot,
    "eig": eig,
    "eigh": eigh,
    "einsum": einsum,
    "inner": jnp.inner,
    "inv": jnp.linalg.inv,
    "lu_factor": lu_factor,
    "matmul": jnp.matmul,
    "norm": jnp.linalg.norm,
    "outer": jnp.outer,
    "pinv": pinv,
    "qr": qr,
    "slogdet": slogdet,
    "solve": jnp.linalg.solve,
    "solve_triangular": solve_triangular,
    "svd": svd,
    "tensordot": jnp.tensordot,
    "vdot": jnp.vdot,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
_HALF = {"float16": "float32", "bfloat16": "float32"}
_DECOMPOSITIONS = "cholesky det eig eigh inv lu_factor norm pinv qr slogdet solve solve_triangular svd".split()
WIDENED: dict[str, dict[str, str]] = {name: _HALF for name in _DECOMPOSITIONS}
