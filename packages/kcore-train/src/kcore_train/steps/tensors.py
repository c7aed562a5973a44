"""From the batches of a source to those of a step: arrays become tensors where the model is."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_ops.backends.interface import Backend
from kcore_ops.engine.convert import tensor_on
from kcore_ops.engine.op import Tensor, Tree

__all__ = ["batch_tensors"]

_NESTED = (list, tuple, dict)


def batch_tensors(backend: Backend, data: Tree, like: Tensor = None) -> Tree:
    """Return a batch whose arrays are tensors of a backend.

    Args:
        backend: the backend.
        data: the batch.
        like: a tensor of the backend whose device they are to be on; its default device if None.
    """

    def convert(leaf: Any) -> Any:
        return leaf if leaf is None or isinstance(leaf, str) else tensor_on(backend, leaf, None, like)

    if isinstance(data, tuple) and not any(isinstance(part, _NESTED) for part in data):
        return tuple([convert(part) for part in data])
    return ops.tree.map_structure(convert, data)
