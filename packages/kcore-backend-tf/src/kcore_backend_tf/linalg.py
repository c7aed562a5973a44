"""Products and linear algebra, on TensorFlow tensors."""

from __future__ import annotations

import functools
import math
import string
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from kcore_ops.plugin import Contraction, paired_axes, parse_subscripts

from kcore_backend_tf.onednn import ON_CPU, sizes_of

_einsum = tf.raw_ops.Einsum


def matmul(x1, x2):
    rank1, rank2 = x1.shape.rank, x2.shape.rank
    if rank1 == 2 and rank2 == 2:
        return tf.raw_ops.MatMul(a=x1, b=x2)
    if rank1 > 1 and rank2 > 1:
        return _of_stacks(x1, x2)
    if not rank1 or not rank2:
        raise ValueError("a scalar is no matrix")
    left = "i" if rank1 == 1 else "...hi"
    right = "i" if rank2 == 1 else "...ij"
    result = left.removesuffix("i") + right.removeprefix("...").removeprefix("i")
    if rank1 == 1 and rank2 > 1:
        result = "..." + result
    return einsum(f"{left},{right}->{result}", x1, x2)


def _of_stacks(x1: Any, x2: Any) -> Any:
    """Products of stacks of matrices."""
    stacks1, stacks2 = x1.shape.as_list()[:-2], x2.shape.as_list()[:-2]
    if not stacks2:
        return _of_rows(x1, x2)
    if stacks1 == stacks2 or max(len(stacks1), len(stacks2)) < 2 or not ON_CPU:
        return tf.raw_ops.BatchMatMulV2(x=x1, y=x2)
    # Some stacks that are to be repeated along several axes oneDNN reads beyond (TensorFlow 2.21).
    if set(stacks2) <= {1} and len(stacks2) <= len(stacks1):
        return _of_rows(x1, tf.reshape(x2, sizes_of(x2)[-2:]))
    sizes1, sizes2 = tf.shape(x1), tf.shape(x2)
    common = tf.broadcast_dynamic_shape(sizes1[:-2], sizes2[:-2])
    x1 = tf.broadcast_to(x1, tf.concat([common, sizes1[-2:]], 0))
    x2 = tf.broadcast_to(x2, tf.concat([common, sizes2[-2:]], 0))
    return tf.raw_ops.BatchMatMulV2(x=x1, y=x2)


def _of_rows(x: Any, kernel: Any, num_summed: int = 1, bias: Any = None) -> Any:
    """Product of the last axes of a tensor and the first of another, as one of two matrices, plus a bias if it fits."""
    rows, columns = sizes_of(x), sizes_of(kernel)
    kept = columns[num_summed:]
    # -1 is nothing's size where others are 0
    count, size, width = map(math.prod, (rows[:-num_summed], columns[:num_summed], kept))
    are_matrices = len(rows) == len(columns) == 2 and num_summed == 1
    if not are_matrices:
        x, kernel = tf.reshape(x, [count, size]), tf.reshape(kernel, [size, width])
    product = tf.raw_ops.MatMul(a=x, b=kernel)
    is_fit = bias is not None and isinstance(width, int) and bias.shape.as_list() == kept
    if is_fit:
        product = tf.nn.bias_add(product, bias if len(kept) == 1 else tf.reshape(bias, [width]))
    if not are_matrices:
        product = tf.reshape(product, [*rows[:-num_summed], *kept])
    return product if is_fit or bias is None else product + bias


def biased_matmul(x, kernel, bias):
    if x.shape.rank < 2 or kernel.shape.rank != 2:
        return matmul(x, kernel) + bias
    return _of_rows(x, kernel, 1, bias)


def biased_einsum(subscripts, x, kernel, bias):
    count = _num_summed(parse_subscripts(subscripts, (x.shape.rank, kernel.shape.rank)), x, kernel)
    return _of_rows(x, kernel, count, bias) if count else einsum(subscripts, x, kernel) + bias


def _num_summed(contraction: Contraction, x: Any, kernel: Any) -> int:
    """Return how many axes are summed in a product of matrices, 0 if it is none or its sizes are not known to fit."""
    count = contraction.num_summed
    summed = kernel.shape.as_list()[:count]
    return count if None not in summed and x.shape.as_list()[x.shape.rank - count :] == summed else 0


def einsum(subscripts, *operands):
    contraction = parse_subscripts(subscripts, tuple([x.shape.rank for x in operands]))
    count = _num_summed(contraction, *operands) if len(operands) == 2 else 0
    if count:
        x, kernel = operands
        return _of_rows(x, kernel, count)
    equation = contraction.equation
    if "..." in equation and ON_CPU:
        # Where '...' repeats stacks along several axes oneDNN reads, and writes, beyond them (TensorFlow 2.21).
        equation, operands = _in_letters(contraction), _of_common_sizes(contraction, operands)
    if len(operands) > 2:
        return tf.einsum(equation, *operands)
    return _einsum(inputs=operands, equation=equation)


@functools.lru_cache(maxsize=1024)
def _in_letters(contraction: Contraction) -> str:
    """Return an equation with a letter for each axis that '...' covers."""
    labels = {label: None for term in (*contraction.inputs, contraction.output) for label in term}
    free = (letter for letter in string.ascii_letters if letter not in labels)
    letters = {label: next(free) if label.startswith("...") else label for label in labels}
    terms = ["".join([letters[label] for label in term]) for term in (*contraction.inputs, contraction.output)]
    return f"{','.join(terms[:-1])}->{terms[-1]}"


def _of_common_sizes(contraction: Contraction, operands: Sequence[Any]) -> tuple[Any, ...]:
    """Return operands whose axes under '...' are as large as they are in all."""
    shapes = [sizes_of(x) for x in operands]
    common: dict[str, Any] = {}
    for labels, sizes in zip(contraction.inputs, shapes, strict=True):
        for label, size in zip(labels, sizes, strict=True):
            if label.startswith("..."):
                common[label] = _common_size(common.get(label, 1), size)
    wanted = [
        [common.get(label, size) for label, size in zip(labels, sizes, strict=True)]
        for labels, sizes in zip(contraction.inputs, shapes, strict=True)
    ]
    return tuple(
        tf.broadcast_to(x, sizes) if any(map(_differ, sizes, own)) else x
        for x, sizes, own in zip(operands, wanted, shapes, strict=True)
    )


def _differ(size: Any, own: Any) -> bool:
    return size is not own and not (isinstance(size, int) and isinstance(own, int) and size == own)


def _common_size(size: Any, other: Any) -> Any:
    """Return the size that two axes broadcast to; each is a number or a tensor of the running graph."""
    if isinstance(size, int) and size == 1:
        return other
    if isinstance(other, int):
        return size if other == 1 else other
    return size if isinstance(size, int) else tf.where(tf.equal(size, 1), other, size)


def tensordot(x1, x2, axes):
    rank1, rank2 = x1.shape.rank, x2.shape.rank
    axes1, axes2 = paired_axes(axes, rank1, rank2)
    left = list(string.ascii_letters[:rank1])
    right = list(string.ascii_letters[rank1 : rank1 + rank2])
    for axis1, axis2 in zip(axes1, axes2, strict=True):
        right[axis2] = left[axis1]
    free = [letter for letter in left if letter not in right] + [letter for letter in right if letter not in left]
    return _einsum(inputs=[x1, x2], equation=f"{''.join(left)},{''.join(right)}->{''.join(free)}")


def cholesky(x, upper):
    factor = tf.linalg.cholesky(x)
    return tf.linalg.adjoint(factor) if upper else factor


def qr(x, mode):
    return tuple(tf.linalg.qr(x, full_matrices=mode == "complete"))


def svd(x, full_matrices, compute_uv):
    if not compute_uv:
        return tf.linalg.svd(x, compute_uv=False)
    s, u, v = tf.linalg.svd(x, full_matrices)
    return u, s, tf.linalg.adjoint(v)


def eigh(x):
    values, vectors = tf.linalg.eigh(x)
    return tf.math.real(values), vectors


def _unless_singular(x):
    """Return the matrices, the identity in place of singular ones, which raise an error, and 1 or NaN for each."""
    _, logarithm = slogdet(x)
    is_singular = tf.math.is_inf(logarithm)[..., None, None]
    identity = tf.eye(tf.shape(x)[-1], dtype=x.dtype)
    return tf.where(is_singular, identity, x), tf.where(is_singular, tf.constant(float("nan"), x.dtype), 1)


def solve(a, b):
    matrices, factor = _unless_singular(a)
    return _solve(matrices, factor, b)


def _solve(a, factor, b):
    columns = b[:, None] if b.shape.rank == 1 else b
    batch = tf.broadcast_dynamic_shape(tf.shape(a)[:-2], tf.shape(columns)[:-2])
    a = tf.broadcast_to(a, tf.concat([batch, tf.shape(a)[-2:]], 0))
    columns = tf.broadcast_to(columns, tf.concat([batch, tf.shape(columns)[-2:]], 0))
    result = tf.linalg.solve(a, columns) * factor
    return result[..., 0] if b.shape.rank == 1 else result


def solve_triangular(a, b, lower):
    if b.shape.rank == 1:
        return tf.linalg.triangular_solve(a, b[:, None], lower=lower)[..., 0]
    return tf.linalg.triangular_solve(a, b, lower=lower)


def inv(x):
    x, factor = _unless_singular(x)
    return tf.linalg.inv(x) * factor


def slogdet(x):
    sign, logarithm = tf.linalg.slogdet(x)
    return sign, tf.math.real(logarithm)


def eig(x):
    return tuple(tf.linalg.eig(x))


TABLE: dict[str, Callable[..., Any]] = {
    "biased_einsum": biased_einsum,
    "biased_matmul": biased_matmul,
    "cholesky": cholesky,
    "det": tf.linalg.det,
    "eig": eig,
    "eigh": eigh,
    "einsum": einsum,
    "inv": inv,
    "matmul": matmul,
    "qr": qr,
    "slogdet": slogdet,
    "solve": solve,
    "solve_triangular": solve_triangular,
    "svd": svd,
    "tensordot": tensordot,
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
_HALF = {"float16": "float32", "bfloat16": "float32"}
_SMALL = {"bool": "int32", "uint8": "int32", "int8": "int32", "int16": "int32", "uint16": "int32"}
_WHOLE = {**_SMALL, "uint32": "int64", "uint64": "int64"}
_DECOMPOSITIONS = "cholesky det eig eigh inv qr slogdet solve solve_triangular svd".split()
WIDENED: dict[str, dict[str, str]] = {
    **{name: _HALF for name in _DECOMPOSITIONS},
    **{name: _WHOLE for name in ("biased_einsum", "biased_matmul", "einsum", "matmul", "tensordot")},
}
