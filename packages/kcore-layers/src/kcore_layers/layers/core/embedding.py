"""`Embedding`: a vector for each of a number of things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops.dtypes import INTEGERS
from kcore_ops.engine.op import Tensor

from kcore_layers.options.argument_types import (
    Array,
    ConstraintLike,
    InitializerLike,
    LayerOptionsBesideInputDim,
    RegularizerLike,
    Shape,
)
from kcore_layers.options.weight_options import checked_count, config_of, options_of, set_options
from kcore_layers.serialization.registry import builtin
from kcore_layers.weights.quantizable import Quantizable
from kcore_layers.weights.quantized import Layout

__all__ = ["Embedding"]

_OPTIONS = (
    "input_dim", "output_dim", "embeddings_initializer", "embeddings_regularizer", "activity_regularizer",
    "embeddings_constraint", "mask_zero",
)  # fmt: skip


class _EmbeddingOptions(LayerOptionsBesideInputDim, total=False):
    input_length: int | None


@builtin("keras.layers")
class Embedding(Quantizable):
    """Look up a vector for each integer.

    Shapes: the input is any, the output has `output_dim` as an axis more; the table is `(input_dim, output_dim)`.
    Integers below 0 count from the end of the table; ones out of range read the nearest end.

    Args:
        input_dim: int, number of vectors: the integers are below it.
        output_dim: int, size of a vector.
        embeddings_initializer: initializer, its name or config, of the `(input_dim, output_dim)` table; uniform from
            -0.05 to 0.05.
        embeddings_regularizer: regularizer, its name or config, of the table; None adds no penalty.
        embeddings_constraint: constraint, its name or config, of the table after each update; None sets none.
        mask_zero: bool, whether 0 stands for padding, which layers that follow leave out; False.
        weights: array `(input_dim, output_dim)`, or a list with it, that the table begins with; None asks the
            initializer.
        lora_rank: int, the rank of the adapter that the table gets, as `enable_lora` adds it; None, it gets none.
        lora_alpha: float, by which the adapter is multiplied, after a division by the rank; None, the rank.
        quantization_config: `quantizers.QuantizationConfig`, how the table is rounded if the dtype policy, or
            `quantize`, has it rounded; None, the mode's own way.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if one of the sizes is not a positive integer.
        ShapeError: if `weights` has another shape.

    >>> layer = Embedding(3, 2, weights=np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]))
    >>> layer(np.array([2, 1]))
    array([[2., 2.],
           [1., 1.]], dtype=float32)
    """

    weight_name = "embeddings"
    other_weights = ()
    modes = ("int8", "int4")
    embeddings: Any

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: InitializerLike = "uniform",
        embeddings_regularizer: RegularizerLike = None,
        embeddings_constraint: ConstraintLike = None,
        mask_zero: bool = False,
        weights: Array | Sequence[Array] | None = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Unpack[_EmbeddingOptions],
    ) -> None:
        kwargs.pop("input_length", None)  # of Keras 2, without effect
        # Not autocast: integers given as floats must not be rounded to bfloat16.
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.input_dim = checked_count(self, "input_dim", input_dim)
        self.output_dim = checked_count(self, "output_dim", output_dim)
        set_options(
            self,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
        )
        self.set_adapter(lora_rank, lora_alpha)
        self.set_quantization(quantization_config)
        self.mask_zero = bool(mask_zero)
        self.supports_masking = self.mask_zero
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) and np.ndim(weights[0]) == 2 else [weights])

    def build(self, input_shape: Shape | None = None) -> None:
        """Make the table.

        Args:
            input_shape: sizes of the inputs, on which nothing depends; None.
        """
        options = options_of(self, "embeddings")
        self.embeddings = self.add_weight(shape=(self.input_dim, self.output_dim), autocast=False, **options)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the vectors, `(..., output_dim)`.

        Args:
            inputs: integer tensor of any shape.
        """
        if ops.dtype(inputs) not in INTEGERS:
            inputs = ops.cast(inputs, "int32")
        vectors = ops.take(self.embeddings, inputs, axis=0)
        # The vectors read are cast, not the table.
        return vectors if self.compute_dtype == self.variable_dtype else ops.cast(vectors, self.compute_dtype)

    modes = ("int8", "int4")

    def weight_layout(self, name: str) -> Layout:
        """Return how the table lies in the variables that it is kept in, if it is quantized.

        Args:
            name: the name of the weight's attribute.
        """
        shape = (self.input_dim, self.output_dim)
        return Layout(shape, summed=(1,), kept=(0,), scale_shape=shape[:1], is_table=True)

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        """Return where the inputs are not 0, if that stands for padding; None otherwise.

        Args:
            inputs: tensor, as `call` takes it.
            mask: boolean tensor, the mask of the inputs; None, no mask.
        """
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def _kcore_overrides_compute_mask(self) -> bool:
        return self.mask_zero

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS), **self._config_of_adapter()}
