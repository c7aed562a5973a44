"""From the batches of a source to those of a step: arrays become tensors where the model is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops import Variable
from kcore_ops.backends.interface import Backend
from kcore_ops.engine.convert import tensor_on
from kcore_ops.engine.op import Tensor, Tree

from kcore_train.data import Batch
from kcore_train.data.data_adapter import InputsOnly

__all__ = ["batch_tensors", "has_texts", "placed_batch"]

_NESTED = (list, tuple, dict)
_NUMBERS, _TEXTS = "biuf", "O"  # kinds of dtypes


def placed_batch(backend: Backend, like: Tensor, batch: Batch, is_ours: bool) -> Batch:
    """Return a batch with its arrays where a model is, as far as its steps want that done beforehand.

    Args:
        backend: the backend.
        like: a tensor of the model; None if there is none.
        batch: the batch.
        is_ours: whether nobody else reads or writes the memory of its arrays.
    """
    place = backend.training.place_array
    kind = batch.__class__

    def placed(leaf: Any) -> Any:
        return place(leaf, like, is_ours) if leaf.__class__ is np.ndarray and leaf.dtype.kind in _NUMBERS else leaf

    if kind is tuple and not any([isinstance(part, _NESTED) for part in batch]):
        return tuple([placed(part) for part in batch])
    if kind is InputsOnly:
        return InputsOnly((_mapped(placed, batch[0]),))
    return _mapped(placed, batch)  # type: ignore[no-any-return]


def _mapped(function: Callable[[Any], Any], data: Tree) -> Tree:
    return ops.tree.map_structure(function, data) if isinstance(data, _NESTED) else function(data)


def batch_tensors(backend: Backend, data: Tree, weights: Sequence[Variable] = ()) -> Tree:
    """Return a batch whose arrays are tensors of a backend; those of texts stay arrays where it has no strings.

    Args:
        backend: the backend.
        data: the batch.
        weights: variables where they are to be, if there are any; else they go to the backend's default device.
    """
    tensor_types = backend.tensor_types
    like = weights[0]._storage if weights else None

    def convert(leaf: Any) -> Any:
        if leaf.__class__ in tensor_types and leaf.__class__ is not np.ndarray:
            return leaf
        if _is_of_texts(leaf) and "strings" not in backend.capabilities:
            return leaf
        return leaf if leaf is None or isinstance(leaf, str) else tensor_on(backend, leaf, None, like)

    if data.__class__ is tuple and not any([isinstance(part, _NESTED) for part in data]):
        return tuple([convert(part) for part in data])
    return _mapped(convert, data)


def has_texts(data: Tree) -> bool:
    """Return whether an array of a batch is of texts.

    Args:
        data: the batch.
    """
    return any(map(_is_of_texts, ops.tree.flatten(data)))


def _is_of_texts(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.dtype.kind == _TEXTS
