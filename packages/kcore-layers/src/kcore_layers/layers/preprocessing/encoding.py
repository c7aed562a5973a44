"""Indices of categories as vectors: one-hot, which are there, and how often; for all layers that give indices."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import one_of

__all__ = ["checked_mode", "encoded", "refuse_sparse"]


def checked_mode(layer: str, mode: Any, allowed: tuple[str, ...]) -> str:
    """Return an output mode, if it is one of those that a layer has.

    Args:
        layer: string, name of the layer's class.
        mode: what was passed.
        allowed: tuple of strings, the modes.

    Raises:
        ArgumentError: if it is none of them.
    """
    try:
        return one_of("output_mode", mode, allowed)
    except ArgumentError as error:
        raise error.at(layer) from None


def refuse_sparse(layer: str, **flags: Any) -> None:
    """Refuse flags that ask for sparse or ragged tensors.

    Args:
        layer: string, name of the layer's class.
        **flags: bools, what was passed for `sparse` and `ragged`.

    Raises:
        ArgumentError: if one is set.
    """
    asked = [name for name, value in flags.items() if value]
    if asked:
        raise ArgumentError("there are no sparse or ragged tensors", fix=f"leave out {asked[0]}=").at(layer)


def encoded(indices: Any, mode: str, size: int, dtype: str, weights: Any = None) -> Any:
    """Return indices as vectors.

    Shapes: "int" keeps them as they are. "one_hot" adds an axis of `size` in place of a last one of length 1. The other
    modes put one in place of the second axis, or of the only one.

    Args:
        indices: tensor of integers; those below 0 and from `size` on count nowhere.
        mode: "int", "one_hot", "multi_hot", "count", or "tf_idf", which counts with weights.
        size: int, how many indices there are.
        dtype: string, name of the dtype of the vectors.
        weights: tensor or array of what each index counts for, shaped like `indices`; None is 1.
    """
    if mode == "int":
        return indices
    if mode == "one_hot":
        ndim = len(indices.shape)
        if ndim == 0:
            indices = ops.reshape(indices, (1,))
        elif ndim > 1 and indices.shape[-1] == 1:
            indices = ops.squeeze(indices, axis=-1)
        return ops.one_hot(indices, size, dtype=dtype)
    vectors = ops.one_hot(indices, size, dtype=dtype)
    ndim = len(indices.shape)
    if mode == "multi_hot":
        return vectors if ndim == 0 else ops.max(vectors, axis=min(ndim - 1, 1), initial=0)
    if weights is not None:
        vectors = ops.multiply(vectors, ops.expand_dims(ops.cast(weights, dtype), -1))
    return vectors if ndim == 0 else ops.sum(vectors, axis=min(ndim - 1, 1))
