"""`GroupedQueryAttention`: heads of queries that share the keys and values of their group."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.layers.attention.projected_attention import ProjectedAttention
from kcore_layers.options.weight_options import checked_count, known_size
from kcore_layers.serialization.registry import builtin
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import show_shape

__all__ = ["GroupedQueryAttention"]

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
        head_dim: size of each head.
        num_query_heads: number of heads of the query.
        num_key_value_heads: number of heads of key and value, a divisor of the former.
        dropout: fraction of the attention weights set to zero in training.
        use_bias: whether projections have a bias.
        sliding_window: how many positions a query looks back, itself included, and ahead if not causal; None is all.
        flash_attention: whether to use a kernel that never holds all weights; None leaves it to the backend.
        kernel_initializer: of the kernels.
        bias_initializer: of the biases.
        kernel_regularizer: of the kernels.
        bias_regularizer: of the biases.
        activity_regularizer: of each projection's output.
        kernel_constraint: of the kernels.
        bias_constraint: of the biases.
        use_gate: whether averages are multiplied by a sigmoid of another projection of the query.
        seed: of the dropout.
        **kwargs: of `Layer`.

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
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
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

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Make the projections for inputs of given shapes."""
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
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Give the output, and the attention weights if asked for."""
        key = value if key is None else key
        q, k, v = self._query_dense(query), self._key_dense(key), self._value_dense(value)
        masks = value_mask, key_mask, attention_mask, query_mask
        averages, scores = self.attend_with_heads(q, k, v, masks, use_causal_mask, return_attention_scores, training)
        if self.use_gate:
            averages = ops.multiply(averages, ops.sigmoid(self._gate_dense(query)))
        output = self._output_dense(averages)
        return (output, scores) if return_attention_scores else output
