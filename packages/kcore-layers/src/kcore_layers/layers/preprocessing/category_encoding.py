"""`CategoryEncoding`: integers as vectors that say which there are, or how many."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, DTypeError

from kcore_layers.base.data_layer import DataLayer
from kcore_layers.layers.preprocessing.encoding import checked_mode, encoded, refuse_sparse
from kcore_layers.layers.preprocessing.on_host import is_text
from kcore_layers.options.argument_types import LayerOptions
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.registry import builtin

__all__ = ["CategoryEncoding"]


@builtin("keras.layers")
class CategoryEncoding(DataLayer):
    """Encode integers as vectors of zeros and ones, or of counts.

    Shapes: "one_hot" adds an axis of `num_tokens`, in place of a last one of length 1; "multi_hot" and "count" put one
    in place of the second axis, or of the only one. Dtype: the layer's. Integers below 0 and from `num_tokens` on count
    nowhere.

    Args:
        num_tokens: int, how many categories there are.
        output_mode: "multi_hot", "one_hot" or "count"; "multi_hot".
        sparse: only False: there are no sparse tensors.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is none of those.

    >>> CategoryEncoding(4, output_mode="count")(np.array([[0, 1], [3, 3]]))
    array([[1., 1., 0., 0.],
           [0., 0., 0., 2.]], dtype=float32)
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        refuse_sparse("CategoryEncoding", sparse=sparse)
        self.sparse = False
        self.output_mode = checked_mode("CategoryEncoding", output_mode, ("multi_hot", "one_hot", "count"))
        self.num_tokens = checked_count(self, "num_tokens", num_tokens)

    def call(self, inputs: Tensor, count_weights: Tensor | None = None) -> Tensor:
        """Return the vectors.

        Args:
            inputs: tensor of integers.
            count_weights: tensor shaped like `inputs`, what each counts for in mode "count"; None is 1.
        """
        if count_weights is not None and self.output_mode != "count":
            raise ArgumentError(
                f"count_weights were given, and output_mode {self.output_mode!r} takes none",
                fix='leave them out, or use output_mode="count"',
            )
        indices = ops.cast(checked_numbers(inputs, "integers"), "int32")
        return encoded(indices, self.output_mode, self.num_tokens, self.compute_dtype, count_weights)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}


def checked_numbers(x: Any, wanted: str) -> Any:
    """Return numbers as a tensor.

    Args:
        x: what a layer was given: tensor, array, number or list.
        wanted: string, what is needed in its place: "integers".

    Raises:
        DTypeError: if they are strings.
    """
    leaves = ops.tree.flatten(x) if isinstance(x, list | tuple) else [x]
    if any(isinstance(leaf, str | bytes) or (hasattr(leaf, "dtype") and is_text(leaf)) for leaf in leaves):
        raise DTypeError(
            f"the inputs are strings, where {wanted} are needed", fix="use StringLookup or Hashing for strings"
        )
    return x if hasattr(x, "dtype") else ops.convert_to_tensor(x)
