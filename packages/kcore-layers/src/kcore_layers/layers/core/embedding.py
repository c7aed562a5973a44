"""`Embedding`: a vector for each of a number of things."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_layers.base.layer import Layer
from kcore_layers.options.weight_options import checked_count, config_of, options_of, set_options
from kcore_layers.serialization.registry import builtin
from kcore_ops.dtypes import INTEGERS

__all__ = ["Embedding"]

_OPTIONS = (
    "input_dim", "output_dim", "embeddings_initializer", "embeddings_regularizer", "activity_regularizer",
    "embeddings_constraint", "mask_zero",
)  # fmt: skip


@builtin("keras.layers")
class Embedding(Layer):
    """Look up a vector for each integer.

    Shapes: the input is any, the output has `output_dim` as an axis more; the table is `(input_dim, output_dim)`.
    Integers below 0 count from the end of the table; ones out of range read the nearest end.

    Args:
        input_dim: number of vectors: the integers are below it.
        output_dim: size of a vector.
        embeddings_initializer: of the table.
        embeddings_regularizer: of the table.
        embeddings_constraint: of the table.
        mask_zero: whether 0 stands for padding, which layers that follow leave out.
        weights: the first table, or a list with it.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if one of the sizes is not a positive integer.
        ShapeError: if `weights` has another shape.

    >>> layer = Embedding(3, 2, weights=np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]))
    >>> layer(np.array([2, 1]))
    array([[2., 2.],
           [1., 1.]], dtype=float32)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("input_length", None)  # of Keras 2, without effect
        # Not autocast: integers given as floats must not be rounded to bfloat16.
        super().__init__(**{"autocast": False, **kwargs})
        self.input_dim = checked_count(self, "input_dim", input_dim)
        self.output_dim = checked_count(self, "output_dim", output_dim)
        set_options(
            self,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
        )
        self.mask_zero = bool(mask_zero)
        self.supports_masking = self.mask_zero
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) and np.ndim(weights[0]) == 2 else [weights])

    def build(self, input_shape: Any = None) -> None:
        """Make the table."""
        options = options_of(self, "embeddings")
        self.embeddings = self.add_weight(shape=(self.input_dim, self.output_dim), autocast=False, **options)

    def call(self, inputs: Any) -> Any:
        """Give the vectors."""
        if ops.dtype(inputs) not in INTEGERS:
            inputs = ops.cast(inputs, "int32")
        vectors = ops.take(self.embeddings, inputs, axis=0)
        # The vectors read are cast, not the whole table.
        return vectors if self.compute_dtype == self.variable_dtype else ops.cast(vectors, self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Give where the inputs are not 0, if that stands for padding."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def _kcore_overrides_compute_mask(self) -> bool:
        return self.mask_zero

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS)}
