"""`ReversibleEmbedding`: a vector for each of a number of things, and back, a score of each thing for a vector."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops import Variable
from kcore_ops.dtypes import INTEGERS, standardize_dtype
from kcore_ops.engine.op import Tensor

from kcore_layers.layers.core.embedding import Embedding
from kcore_layers.options.argument_types import (
    ConstraintLike,
    DTypeLike,
    InitializerLike,
    LayerOptionsBesideInputDim,
    RegularizerLike,
    Shape,
)
from kcore_layers.options.weight_options import checked_number, options_of
from kcore_layers.serialization.registry import builtin
from kcore_layers.weights.quantized import Layout

__all__ = ["ReversibleEmbedding"]


class _Options(LayerOptionsBesideInputDim, total=False):
    lora_rank: int | None
    lora_alpha: float | None
    quantization_config: Any


@builtin("keras.layers")
class ReversibleEmbedding(Embedding):
    """Look up a vector for each integer, or with `reverse=True` return a score for each integer, given vectors.

    Shapes: forward as `Embedding`; in reverse the input is `(..., output_dim)` and the output `(..., input_dim)`, the
    logits of a language model whose words have these vectors (Press & Wolf, 2017, arXiv:1608.05859).

    Args:
        input_dim: int, number of vectors: the integers are below it.
        output_dim: int, size of a vector.
        tie_weights: bool, whether scores are products with the vectors of the table; True. False gives them a matrix of
            their own, `(output_dim, input_dim)`.
        embeddings_initializer: initializer, its name or config, of the `(input_dim, output_dim)` table, and of the
            matrix if there is one; uniform from -0.05 to 0.05.
        embeddings_regularizer: regularizer, its name or config, of the table; None adds no penalty.
        embeddings_constraint: constraint, its name or config, of the table after each update; None sets none.
        mask_zero: bool, whether 0 stands for padding, which layers that follow leave out; False.
        reverse_dtype: dtype or its name, in which scores are computed; None, the layer's compute dtype.
        logit_soft_cap: float above 0, which scores approach and do not reach: `cap * tanh(scores / cap)`
            (Gemma Team, 2024, arXiv:2408.00118, section 2); None, they stay as they are.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them;
            `lora_rank`, `lora_alpha` and `quantization_config`, as `Embedding` does.

    Raises:
        ArgumentError: if one of the sizes is not a positive integer.

    >>> layer = ReversibleEmbedding(3, 2, embeddings_initializer="ones")
    >>> vectors = layer(np.array([[0, 2]]))
    >>> vectors.shape, layer(vectors, reverse=True)
    ((1, 2, 2), array([[[2., 2., 2.],
            [2., 2., 2.]]], dtype=float32))
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: InitializerLike = "uniform",
        embeddings_regularizer: RegularizerLike = None,
        embeddings_constraint: ConstraintLike = None,
        mask_zero: bool = False,
        reverse_dtype: DTypeLike = None,
        logit_soft_cap: float | None = None,
        **kwargs: Unpack[_Options],
    ) -> None:
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )
        self.tie_weights = bool(tie_weights)
        self.reverse_dtype = None if reverse_dtype is None else standardize_dtype(reverse_dtype)
        self.logit_soft_cap = (
            None if logit_soft_cap is None else checked_number(self, "logit_soft_cap", logit_soft_cap, least=0)
        )

    def build(self, input_shape: Shape | None = None) -> None:
        """Make the table, and the matrix of the way back if it is another.

        Args:
            input_shape: sizes of the inputs, on which nothing depends; None.
        """
        super().build(input_shape)
        if not self.tie_weights:
            shape, options = (self.output_dim, self.input_dim), options_of(self, "embeddings")
            self.reverse_embeddings: Any = self.add_weight(
                shape=shape, autocast=False, **{**options, "name": "reverse_embeddings"}
            )

    def call(self, inputs: Tensor, reverse: bool = False) -> Tensor:
        """Return the vectors, `(..., output_dim)`, or scores, `(..., input_dim)`.

        Args:
            inputs: integer tensor of any shape; in reverse, floating tensor `(..., output_dim)`.
            reverse: bool, whether to return scores; False.
        """
        if not reverse:
            return super().call(inputs)
        dtype = self.reverse_dtype or self.compute_dtype
        inputs = ops.cast(inputs, dtype)
        if self.tie_weights:
            scores = ops.einsum("...d,vd->...v", inputs, _in(self.embeddings, dtype))
        else:
            scores = ops.matmul(inputs, _in(self.reverse_embeddings, dtype))
        scores = ops.cast(scores, dtype)
        cap = self.logit_soft_cap
        return scores if cap is None else ops.multiply(ops.tanh(ops.divide(scores, cap)), cap)

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        """Return where integers are not 0, if that stands for padding; None otherwise, and for vectors.

        Args:
            inputs: tensor, as `call` takes it.
            mask: boolean tensor, the mask of the inputs; None, no mask.
        """
        return super().compute_mask(inputs, mask) if ops.dtype(inputs) in INTEGERS else None

    # Quantized.

    def quantized_weights(self) -> tuple[str, ...]:
        """Return the names of the weights that are quantized."""
        return ("embeddings",) if self.tie_weights else ("embeddings", "reverse_embeddings")

    def weight_layout(self, name: str) -> Layout:
        """Return how a weight lies in the variables that it is kept in, if it is quantized.

        Args:
            name: the name of the weight's attribute.
        """
        if name == "embeddings":
            return super().weight_layout(name)
        shape = (self.output_dim, self.input_dim)
        return Layout(shape, summed=(0,), kept=(1,), scale_shape=shape[1:], packed_axis=0)

    def part_dtype(self, part: str, value: Tensor) -> str:
        """Return the dtype of a variable that a weight is kept in.

        Args:
            part: the name of the variable.
            value: tensor, its value.
        """
        # Which Keras's files have as floats.
        return "float32" if part == "reverse_embeddings_zero" else super().part_dtype(part, value)

    @property
    def variable_serialization_spec(self) -> dict[str | None, list[str]]:
        """The names of the variables that a file holds, in its order, by what weights are kept as."""
        spec = super().variable_serialization_spec
        if self.tie_weights:
            return spec
        back = "reverse_embeddings"
        own = {None: [back], "int8": [back, f"{back}_scale"], "int4": [back, f"{back}_scale", f"{back}_zero"]}
        return {mode: [*names, *own[mode]] for mode, names in spec.items()}

    def _kcore_saved_variables(self) -> list[Variable]:
        saved = super()._kcore_saved_variables()
        is_back = [v.name.startswith("reverse_") for v in saved]
        return [
            *(v for v, back in zip(saved, is_back, strict=True) if not back),
            *(v for v, back in zip(saved, is_back, strict=True) if back),
        ]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {name: getattr(self, name) for name in ("tie_weights", "reverse_dtype", "logit_soft_cap")}
        return {**super().get_config(), **own}


def _in(weight: Any, dtype: str) -> Any:
    """Return a variable's value in a dtype; an object in its place as it is."""
    return ops.cast(weight, dtype) if isinstance(weight, Variable) else weight
