"""Attention."""

from __future__ import annotations

import math
from typing import Any

from kcore_ops.dtypes.promotion import boolean, real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.math.special_functions import rsqrt
from kcore_ops.ops.nn.activations import softmax
from kcore_ops.ops.nn.precision import narrowed, widened
from kcore_ops.ops.numpy.arithmetic import divide, multiply
from kcore_ops.ops.numpy.comparison import greater_equal, where
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.logic import logical_and
from kcore_ops.ops.numpy.manipulation import expand_dims, reshape, transpose
from kcore_ops.ops.numpy.products import matmul
from kcore_ops.ops.numpy.trigonometry import tanh
from kcore_ops.specs.shapes import broadcast_shapes, differ, same_shape, show_shape
from kcore_ops.specs.spec import Size, TensorSpec, is_unknown

__all__ = ["dot_product_attention"]

# The logit of a key left out: finite, so that rows of nothing else have no NaN, and so small that what is added to it
# makes no difference.
LEFT_OUT = -2e38


@op(dtypes={"query key value": real_floating, "bias": real_floating, "mask": boolean})
def dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """Average the values, weighted by the softmax of the scaled products of queries and keys.

    Logits are `scale * query @ key`, with `scale` by default one over the root of the heads' size; with
    `attn_logits_soft_cap`, a number `c`, `c * tanh(logits / c)` of them; then plus `bias`. Keys where `mask` is False
    are left out, and with `is_causal` those later than the query; if none is left the values are averaged evenly.
    Shapes: `query` is `(batch, t, heads, n)`, `key` `(batch, s, groups, n)` and `value` `(batch, s, groups, m)`, where
    `groups` divides `heads`; `bias` and `mask` broadcast to `(batch, heads, t, s)`; the result is
    `(batch, t, heads, m)`.
    Dtype: the common one of `query`, `key` and `value`; the softmax of float16 and bfloat16 is computed in float32.
    `flash_attention=True` asks for a kernel that never holds all logits, False for none; None leaves it to the backend.
    Raises: `ShapeError` if the shapes do not fit; `ArgumentError` if flash attention is asked for where there is none.
    Source: Vaswani et al. (2017), arXiv:1706.03762, eq. 1; for groups, Ainslie et al. (2023), arXiv:2305.13245.

    >>> dot_product_attention([[[[1.0, 1.0]]]], [[[[2.0, 2.0]], [[2.0, 2.0]]]], [[[[1.0]], [[3.0]]]])
    array([[[[2.]]]], dtype=float32)
    """
    _check(query, key, value, bias, mask)
    if flash_attention and not isinstance(query, TensorSpec):
        raise ArgumentError(
            "there is no flash attention for this call on this backend", fix="leave out flash_attention="
        )
    batch, t, heads, size = shape(query)
    _, s, groups, _ = shape(key)
    scale = _root_of_inverse(size, query) if scale is None else scale
    # Heads of one group stand one below the other, as rows of one matrix.
    rows = (batch, groups, heads // groups * t)
    queries = reshape(transpose(multiply(query, scale), (0, 2, 1, 3)), (*rows, size))
    logits = widened(matmul(queries, transpose(key, (0, 2, 3, 1))))
    logits = reshape(logits, (batch, heads, t, s))
    if attn_logits_soft_cap is not None:
        logits = multiply(tanh(divide(logits, attn_logits_soft_cap)), attn_logits_soft_cap)
    if bias is not None:
        logits = logits + narrowed(bias, logits)
    weights = softmax(_masked(logits, mask, is_causal))
    weights = reshape(narrowed(weights, value), (*rows, s))
    result = matmul(weights, transpose(value, (0, 2, 1, 3)))
    return transpose(reshape(result, (batch, heads, t, shape(value)[3])), (0, 2, 1, 3))


def _masked(logits: Any, mask: Any, is_causal: bool) -> Any:
    """Return logits with those of the keys left out replaced."""
    if is_causal:
        _, _, t, s = shape(logits)
        is_past = greater_equal(expand_dims(arange(t, dtype="int32"), 1), arange(s, dtype="int32"))
        mask = is_past if mask is None else logical_and(mask, is_past)
    return logits if mask is None else where(mask, logits, LEFT_OUT)


def _root_of_inverse(size: Any, query: Any) -> Any:
    """Return one over the root of a size, which is a tensor where only the running graph knows it."""
    return 1 / math.sqrt(max(size, 1)) if isinstance(size, int) else rsqrt(cast(size, dtype_of(query)))


def _check(query: Any, key: Any, value: Any, bias: Any, mask: Any) -> None:
    named = {"query": query.shape, "key": key.shape, "value": value.shape}
    fix = "pass (batch, length, heads, size)"
    for name, sizes in named.items():
        if len(sizes) != 4:
            raise ShapeError(f"{name} has shape {show_shape(sizes)}, which has {len(sizes)} axes", fix=fix)
    for name1, name2, axes in (("query", "key", (0, 3)), ("query", "value", (0,)), ("key", "value", (1, 2))):
        sizes1, sizes2 = named[name1], named[name2]
        for axis in axes:
            if differ(sizes1[axis], sizes2[axis]):
                raise ShapeError(
                    f"{name1} has shape {show_shape(sizes1)} and {name2} has shape {show_shape(sizes2)}: "
                    f"sizes {sizes1[axis]} and {sizes2[axis]} along axis {axis} differ",
                    fix=fix,
                )
    heads, groups = query.shape[2], key.shape[2]
    if not is_unknown(heads) and not is_unknown(groups) and (heads % groups if groups else heads):
        raise ShapeError(f"{heads} heads of query do not share {groups} of key and value evenly", fix="pass a divisor")
    full = tuple(_known(size) for size in (query.shape[0], heads, query.shape[1], key.shape[1]))
    for name, extra in {"bias": bias, "mask": mask}.items():
        if extra is not None and not _broadcasts_to(tuple(_known(size) for size in extra.shape), full):
            raise ShapeError(
                f"{name} has shape {show_shape(extra.shape)}, which does not broadcast to {show_shape(full)}",
                fix=f"pass {name} with shape (batch, heads, query length, key length), or 1 for some of them",
            )


def _broadcasts_to(sizes: tuple[int, ...], full: tuple[int, ...]) -> bool:
    try:
        return same_shape(broadcast_shapes(sizes, full), full) is not None
    except ShapeError:
        return False


def _known(size: Any) -> Any:
    """Return a stand-in for a size that a graph has not got yet."""
    return Size(720720) if size is None else size
