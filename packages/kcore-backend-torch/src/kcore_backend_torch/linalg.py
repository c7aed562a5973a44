"""Products and linear algebra, on torch tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from kcore_ops import config
from kcore_ops.dtypes import epsilon_of, real_dtype
from kcore_ops.plugin import paired_axes, parse_subscripts

from kcore_backend_torch.dtypes import DTYPE_NAMES


def einsum(subscripts, *operands):
    contraction = parse_subscripts(subscripts, tuple([x.ndim for x in operands]))
    if contraction.sizes_differ(operands):  # torch broadcasts axes of size 1
        raise ValueError("axes of one letter differ in size")
    dtype = operands[0].dtype
    if len(operands) > 2 and not (dtype.is_floating_point or dtype.is_complex):
        operands = tuple([x.long() for x in operands])  # sums of integers are int64, which no other would go with
    result = torch.einsum(contraction.equation, *operands)
    return result if result.dtype is dtype else result.to(dtype)


def biased_matmul(x, kernel, bias):
    if bias.ndim == 1 and kernel.ndim == 2 and x.is_floating_point():
        if x.ndim == 2:
            return torch.addmm(bias, x, kernel)
        if bias.shape[0] == kernel.shape[1]:
            return F.linear(x, kernel.t(), bias)
    return torch.matmul(x, kernel) + bias


def biased_einsum(subscripts, x, kernel, bias):
    count = parse_subscripts(subscripts, (x.ndim, kernel.ndim)).num_summed
    kept = kernel.shape[count:]
    if not count or bias.shape != kept or x.shape[-count:] != kernel.shape[:count] or not x.is_floating_point():
        return einsum(subscripts, x, kernel) + bias
    matrix = kernel.reshape(kernel.shape[:count].numel(), kept.numel())
    return F.linear(x.flatten(-count), matrix.t(), bias.flatten()).unflatten(-1, kept)


def tensordot(x1, x2, axes):
    axes1, axes2 = paired_axes(axes, x1.ndim, x2.ndim)
    if any(x1.shape[i] != x2.shape[j] for i, j in zip(axes1, axes2, strict=True)):  # torch broadcasts axes of size 1
        raise ValueError("paired axes differ in size")
    return torch.tensordot(x1, x2, dims=(axes1, axes2))


def vdot(x1, x2):
    return torch.vdot(x1.reshape(-1), x2.reshape(-1))


def outer(x1, x2):
    return torch.outer(x1.reshape(-1), x2.reshape(-1))


def cross(x1, x2, axisa, axisb, axisc, axis):
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = x1.movedim(axisa, -1), x2.movedim(axisb, -1)
    size1, size2 = x1.shape[-1], x2.shape[-1]
    if size1 == size2 == 2:
        return x1[..., 0] * x2[..., 1] - x1[..., 1] * x2[..., 0]
    x1 = torch.nn.functional.pad(x1, (0, 1)) if size1 == 2 else x1
    x2 = torch.nn.functional.pad(x2, (0, 1)) if size2 == 2 else x2
    rank = max(x1.ndim, x2.ndim)  # torch wants as many axes in both
    x1, x2 = x1[(None,) * (rank - x1.ndim)], x2[(None,) * (rank - x2.ndim)]
    return torch.linalg.cross(x1, x2).movedim(-1, axisc)


def cholesky(x, upper):
    factor, info = torch.linalg.cholesky_ex(x)
    factor = torch.where((info == 0)[..., None, None], factor, float("nan"))
    return factor.mH if upper else factor


def qr(x, mode):
    return tuple(torch.linalg.qr(x, mode))


def svd(x, full_matrices, compute_uv):
    return tuple(torch.linalg.svd(x, full_matrices)) if compute_uv else torch.linalg.svdvals(x)


def eigh(x):
    return tuple(torch.linalg.eigh(x))


def solve(a, b):
    # The functions called _ex leave infinities in the solution of singular equations, and do not wait for the device.
    columns = b[:, None] if b.ndim == 1 else b
    # With one axis fewer than `a`, torch would take them for a batch of vectors.
    solution = torch.linalg.solve_ex(a, columns[None] if columns.ndim == a.ndim - 1 else columns)[0]
    return solution[..., 0] if b.ndim == 1 else solution


def solve_triangular(a, b, lower):
    if b.ndim == 1:
        return torch.linalg.solve_triangular(a, b[:, None], upper=not lower)[..., 0]
    return torch.linalg.solve_triangular(a, b, upper=not lower)


def inv(x):
    return torch.linalg.inv_ex(x)[0]


def pinv(x, rcond):
    if rcond is None:
        rcond = max(x.shape[-2:]) * epsilon_of(real_dtype(DTYPE_NAMES[x.dtype]))
    return torch.linalg.pinv(x, rtol=rcond)


def normalize(x, axis, order, epsilon):
    if order < 1:
        raise ValueError("not a norm")
    length = torch.linalg.vector_norm(x, order, axis, keepdim=True)
    return x / length.clamp_min(config.epsilon() if epsilon is None else epsilon)


def slogdet(x):
    return tuple(torch.linalg.slogdet(x))


def eig(x):
    return tuple(torch.linalg.eig(x))


def lu_factor(x):
    factors, pivots, _ = torch.linalg.lu_factor_ex(x)
    return factors, pivots - 1


TABLE: dict[str, Callable[..., Any]] = {
    "biased_einsum": biased_einsum,
    "biased_matmul": biased_matmul,
    "cholesky": cholesky,
    "cross": cross,
    "det": torch.linalg.det,
    "eig": eig,
    "eigh": eigh,
    "einsum": einsum,
    "inner": torch.inner,
    "inv": inv,
    "kron": torch.kron,
    "logdet": torch.logdet,
    "lu_factor": lu_factor,
    "matmul": torch.matmul,
    "norm": torch.linalg.norm,
    "normalize": normalize,
    "outer": outer,
    "pinv": pinv,
    "qr": qr,
    "slogdet": slogdet,
    "solve": solve,
    "solve_triangular": solve_triangular,
    "svd": svd,
    "tensordot": tensordot,
    "vdot": vdot,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
_HALF = {"float16": "float32", "bfloat16": "float32"}
_DECOMPOSITIONS = """cholesky det eig eigh inv lu_factor logdet norm normalize pinv qr slogdet solve solve_triangular
svd""".split()
_PRODUCTS = ("biased_einsum", "biased_matmul", "einsum", "inner", "matmul", "tensordot", "vdot")
WIDENED: dict[str, dict[str, str]] = {
    **{name: _HALF for name in _DECOMPOSITIONS},
    **{name: {"bool": "int32"} for name in _PRODUCTS},
}
