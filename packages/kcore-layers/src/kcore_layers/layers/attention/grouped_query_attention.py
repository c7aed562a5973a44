"""`GroupedQueryAttention`: heads of queries that share the keys and values of their group."""

from __future__ import annotations

from typing import Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import show_shape

from kcore_layers.layers.attention.projected_attention import ProjectedAttention
from kcore_layers.options.argument_types import (
    ConstraintLike,
    InitializerLike,
    LayerOptionsBesideRegularizer,
    RegularizerLike,
    Shape,
)
from kcore_layers.options.weight_options import checked_count, known_size
from kcore_layers.serialization.registry import builtin

__all__ = ["GroupQueryAttention", "GroupedQueryAttention"]

_OPTIONS = (
    "head_dim", "num_query_heads", "num_key_value_heads", "dropout", "use_bias", "use_gate", "sliding_window",
    "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer", "kernel_constraint",
    "bias_constraint", "seed",
)  # fmt: skip


@builtin("keras.layers", name="GroupQueryAttention", aliases=("GroupedQueryAttention",))
class GroupedQueryAttention(ProjectedAttention):
    """Attend as `MultiHeadAttention` does, with fewer heads of keys and values, each for a group of query heads.

    Shapes: `query` is `(batch, t, n)`, `value` and `key` are `(batch, s, n)`, of any sizes `n`; the output is shaped
    like the query. Masks are booleans, True for what counts: `value_mask` and `key_mask` are `(batch, s)`, and
    `attention_mask` `(batch, t, s)` or `(batch, heads, t, s)`. Queries that `query_mask`, `(batch, t)`, leaves out
    attend to all keys evenly; it is passed on with the output. The attention weights are `(batch, heads, t, s)`.

    Args:
        head_dim: int, size of each head.
        num_query_heads: int, number of heads of the query.
        num_key_value_heads: int, number of heads of key and value, a divisor of `num_query_heads`.
        dropout: float from 0 to 1, the fraction of the attention weights set to zero in training; 0.
        use_bias: bool, whether projections have a bias; True.
        sliding_window: int, how many positions a query looks back, itself included, and ahead if not causal; None is
            all.
        flash_attention: bool, whether to use a kernel that never holds all weights; None leaves it to the backend.
        kernel_initializer: initializer, its name or config, of the kernels of the projections; Glorot uniform.
        bias_initializer: initializer, its name or config, of the biases of the projections; zeros.
        kernel_regularizer: regularizer, its name or config, of the kernels; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the biases; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of each projection's output; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernels after each update; None sets none.
        bias_constraint: constraint, its name or config, of the biases after each update; None sets none.
        use_gate: bool, whether averages are multiplied by a sigmoid of another projection of the query; False.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a count is not positive, or the heads can not be shared evenly.
        ShapeError: when called, if the inputs do not fit one another.

    Source: Ainslie et al. (2023), arXiv:2305.13245.

    >>> x = np.ones((1, 5, 3), "float32")
    >>> GroupedQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)(x, x).shape
    (1, 5, 3)
    """

    option_names = _OPTIONS

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptionsBesideRegularizer],
    ) -> None:
        options = dict(
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
        flags = dropout, use_bias, sliding_window, flash_attention, use_gate
        super().__init__(*flags, seed, activity_regularizer, options, **kwargs)
        self.head_dim = checked_count(self, "head_dim", head_dim)
        self.num_query_heads = checked_count(self, "num_query_heads", num_query_heads)
        self.num_key_value_heads = checked_count(self, "num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise ArgumentError(
                f"{num_query_heads} query heads can not share {num_key_value_heads} key and value heads evenly",
                fix="make num_key_value_heads a divisor of num_query_heads",
            ).at("GroupedQueryAttention")

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """Make the projections for inputs of given shapes.

        Args:
            query_shape: sizes of the query, the batch included.
            value_shape: sizes of the value, the batch included.
            key_shape: sizes of the key, the batch included; None, those of the value.
        """
        key_shape = value_shape if key_shape is None else key_shape
        for name, shape in {"query": query_shape, "value": value_shape, "key": key_shape}.items():
            if len(shape) != 3:
                problem = f"{name} has shape {show_shape(shape)}, which has {len(shape)} axes"
                raise ShapeError(problem, fix="pass (batch, positions, size)")
        self.check_shapes(query_shape, value_shape, key_shape)
        heads, groups = (self.num_query_heads, self.head_dim), (self.num_key_value_heads, self.head_dim)
        self._query_dense = self.make_projection("query", query_shape, heads)
        self._key_dense = self.make_projection("key", key_shape, groups)
        if self.use_gate:
            self._gate_dense = self.make_projection("gate", query_shape, heads)
        self._value_dense = self.make_projection("value", value_shape, groups)
        sizes = (known_size(query_shape),)
        self._output_dense = self.make_projection("attention_output", (*query_shape[:-1], *heads), sizes, 2)

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Tensor | None = None,
        value_mask: Tensor | None = None,
        key_mask: Tensor | None = None,
        attention_mask: Tensor | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Return the output, with `return_attention_scores` also the attention weights.

        Args:
            query: tensor `(batch, t, n)`.
            value: tensor `(batch, s, n)`.
            key: tensor `(batch, s, n)`; None, the value.
            query_mask: boolean tensor `(batch, t)`; None keeps all.
            value_mask: boolean tensor `(batch, s)`, False for values to leave out; None keeps all.
            key_mask: boolean tensor `(batch, s)`, False for keys to leave out; None keeps all.
            attention_mask: boolean tensor `(batch, t, s)` or `(batch, heads, t, s)`, False for pairs to leave out; None
                keeps all.
            return_attention_scores: bool, whether to return the attention weights too; False.
            training: bool, whether there is dropout; None is False.
            use_causal_mask: bool, whether keys later than the query are left out; False.
        """
        key = value if key is None else key
        q, k, v = self._query_dense(query), self._key_dense(key), self._value_dense(value)
        masks = value_mask, key_mask, attention_mask, query_mask
        averages, scores = self.attend_with_heads(q, k, v, masks, use_causal_mask, return_attention_scores, training)
        if self.use_gate:
            averages = ops.multiply(averages, ops.sigmoid(self._gate_dense(query)))
        output = self._output_dense(averages)
        return (output, scores) if return_attention_scores else output


GroupQueryAttention = GroupedQueryAttention  # Keras's other name for it
