"""How Keras is called with the arguments of one of our ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
from kcore_ops import tree

__all__ = ["keras_function", "keras_tensors"]

# Where it takes its operands one by one and other arguments by name.
CALLS: dict[str, Callable[..., Any]] = {
    "layer_normalization": lambda function, *args: function(*args[:5], **({"rms_scaling": True} if args[5:] else {})),
    "meshgrid": lambda function, x, indexing: function(*x, indexing=indexing),
    "switch": lambda function, index, branches, operands: function(index, branches, *operands),
    "einsum": lambda function, subscripts, operands: function(subscripts, *operands),
    "rearrange": lambda function, x, pattern, lengths: function(x, pattern, **lengths),
}


def keras_function(keras: Any, op: str) -> Callable[..., list[Any]]:
    """Give what calls Keras's op of that name with the arguments of ours, and gives the tensors that result."""
    function = getattr(keras.ops, op, None) or getattr(keras.ops.image, op)
    call = CALLS.get(op, lambda function, *args: function(*args))
    return lambda *args: [x for x in tree.flatten(call(function, *args)) if hasattr(x, "dtype")]


def keras_tensors(keras: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give the arguments with Keras's tensors in place of arrays."""

    def tensor(x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        dtype = keras.backend.standardize_dtype(x.dtype)  # named, or 64 bits may become 32
        # Keras on TensorFlow makes no tensor of a bfloat16 scalar, and no array either.
        return keras.ops.convert_to_tensor(x.astype("float32") if x.dtype == ml_dtypes.bfloat16 else x, dtype=dtype)

    return tuple(tree.map_structure(tensor, list(args)))
