"""`MultiHeadAttention`: averages of values, weighted by how well keys match queries, in several projections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import normalize_axes, show_shape

from kcore_layers.layers.attention.projected_attention import ProjectedAttention
from kcore_layers.layers.core.einsum_dense import EinsumDense
from kcore_layers.options.argument_types import (
    ConstraintLike,
    InitializerLike,
    LayerOptionsBesideRegularizer,
    RegularizerLike,
    Shape,
)
from kcore_layers.options.weight_options import checked_axes, checked_count, known_size
from kcore_layers.serialization.registry import builtin

__all__ = ["MultiHeadAttention"]

_OPTIONS = (
    "num_heads", "key_dim", "value_dim", "dropout", "use_bias", "use_gate", "output_shape", "attention_axes",
    "sliding_window", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
    "kernel_constraint", "bias_constraint", "seed",
)  # fmt: skip


@builtin("keras.layers")
class MultiHeadAttention(ProjectedAttention):
    """Attend in several projections: each head averages its values, weighted by the match of its query and keys.

    A head's weights are the softmax of `query @ key / sqrt(key_dim)`; see the op `dot_product_attention`.

    Shapes: `query` is `(batch, t, n)`, `value` and `key` are `(batch, s, n)`, of any sizes `n`; the output is `(batch,
    t, n)` of the query's size, or `(batch, t, *output_shape)`. There may be more axes in place of `t` and `s`; those
    not in `attention_axes` are like the batch. Masks are booleans, True for what counts: `value_mask` and `key_mask`
    are `(batch, s)`, and `attention_mask` `(batch, t, s)` or `(batch, heads, t, s)`. Queries that `query_mask`,
    `(batch, t)`, leaves out attend to all keys evenly, where there is one axis of positions; it is passed on with the
    output. The attention weights are `(batch, heads, t, s)`.

    Args:
        num_heads: int, number of heads.
        key_dim: int, size of each head of query and key.
        value_dim: int, size of each head of the values; None is `key_dim`.
        dropout: float from 0 to 1, the fraction of the attention weights set to zero in training; 0.
        use_bias: bool, whether projections have a bias; True.
        output_shape: int or ints, sizes of the last axes of the output; None is the size of the query.
        attention_axes: int or ints, axes that hold positions; None is all but the first and the last.
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
        ArgumentError: if a count or a size is not positive, a rate no fraction, or an axis no integer.
        ShapeError: when called, if the inputs do not fit one another.

    Source: Vaswani et al. (2017), arXiv:1706.03762, section 3.2; the gate, Qiu et al. (2025), arXiv:2505.06708.

    >>> layer = MultiHeadAttention(num_heads=2, key_dim=4)
    >>> x = np.ones((1, 5, 3), "float32")
    >>> layer(x, x, use_causal_mask=True).shape
    (1, 5, 3)
    """

    option_names = _OPTIONS
    num_heads: int
    key_dim: int
    value_dim: int
    attention_axes: tuple[int, ...] | None  # None until it is built, for all between the batch and the last
    query_dense: EinsumDense
    key_dense: EinsumDense
    value_dense: EinsumDense
    output_dense: EinsumDense

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
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
        self.num_heads = checked_count(self, "num_heads", num_heads)
        self.key_dim = checked_count(self, "key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else checked_count(self, "value_dim", value_dim)
        sizes = output_shape if isinstance(output_shape, Sequence | None) else (output_shape,)
        self.output_shape = tuple(checked_count(self, "output_shape", size) for size in sizes) if sizes else None
        axes = None if attention_axes is None else checked_axes(self, "attention_axes", attention_axes)
        self.attention_axes = (axes,) if isinstance(axes, int) else axes

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """Make the projections for inputs of given shapes.

        Args:
            query_shape: sizes of the query, the batch included.
            value_shape: sizes of the value, the batch included.
            key_shape: sizes of the key, the batch included; None, those of the value.
        """
        key_shape = value_shape if key_shape is None else key_shape
        self.check_shapes(query_shape, value_shape, key_shape)
        ndim = len(query_shape)
        if ndim != len(value_shape) or ndim < 3:
            raise ShapeError(
                f"query has shape {show_shape(query_shape)} and value {show_shape(value_shape)}: both must have 3 "
                "axes, or more of one number",
                fix="pass (batch, positions, size)",
            )
        axes = tuple(range(1, ndim - 1)) if self.attention_axes is None else self.attention_axes
        self.attention_axes = axes
        self._axes = tuple(sorted(normalize_axes(axes, ndim, "attention_axes")))
        keys, values = (self.num_heads, self.key_dim), (self.num_heads, self.value_dim)
        self.query_dense = self.make_projection("query", query_shape, keys)
        self.key_dense = self.make_projection("key", key_shape, keys)
        if self.use_gate:
            self._gate_dense = self.make_projection("gate", query_shape, values)
        self.value_dense = self.make_projection("value", value_shape, values)
        sizes = (known_size(query_shape),) if self.output_shape is None else self.output_shape
        self.output_dense = self.make_projection("attention_output", (*query_shape[:-1], *values), sizes, 2)

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
        q, k, v = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        masks = value_mask, key_mask, attention_mask, query_mask
        if self._axes == (1,) and len(q.shape) == 4:
            averages, scores = self.attend_with_heads(
                q, k, v, masks, use_causal_mask, return_attention_scores, training
            )
        else:
            averages, scores = self._attend_over_axes(q, k, v, masks, use_causal_mask, training)
        if self.use_gate:
            averages = ops.multiply(averages, ops.sigmoid(self._gate_dense(query)))
        output = self.output_dense(averages)
        return (output, scores) if return_attention_scores else output

    def _attend_over_axes(
        self, q: Any, k: Any, v: Any, masks: Any, use_causal_mask: bool, training: Any
    ) -> tuple[Any, Any]:
        """Attend where positions lie on other axes than the second: bring them into one, behind the heads."""
        ndim = len(q.shape)
        batch = tuple(axis for axis in range(ndim - 2) if axis not in self._axes)
        order = (*batch, ndim - 2, *self._axes, ndim - 1)
        q, k, v = (ops.transpose(x, order) for x in (q, k, v))
        num_batch, num_axes = len(batch) + 1, len(self._axes)
        positions = [ops.shape(x)[num_batch : num_batch + num_axes] for x in (q, k)]
        mask = self._mask_over_axes(positions, masks, use_causal_mask, num_batch)
        shape = ops.shape(q)
        if mask is not None and num_axes > 1:
            mask = ops.broadcast_to(mask, (*shape[:num_batch], *positions[0], *positions[1]))
            mask = ops.reshape(mask, (*shape[:num_batch], _product(positions[0]), _product(positions[1])))
        q, k, v = (ops.reshape(x, (*ops.shape(x)[:num_batch], -1, x.shape[-1])) for x in (q, k, v))
        averages, scores = self.attend(q, k, v, mask, training)
        averages = ops.reshape(averages, (*shape[: num_batch + num_axes], self.value_dim))
        back = tuple(order.index(axis) for axis in range(ndim))
        return ops.transpose(averages, back), ops.reshape(scores, (*shape[:num_batch], *positions[0], *positions[1]))

    def _mask_over_axes(self, positions: Any, masks: Any, use_causal_mask: bool, num_batch: int) -> Any:
        """Return the mask of the pairs of positions, with the rank of the attention weights, or None."""
        num_axes = len(self._axes)
        for name, mask in zip(("value_mask", "key_mask"), masks, strict=False):
            if mask is not None:
                raise ArgumentError(
                    f"{name} goes with inputs of 3 axes, whose positions are on the second",
                    fix="pass attention_mask instead",
                )
        is_near = use_causal_mask or self.sliding_window is not None
        if is_near and num_axes > 1:
            raise ArgumentError(
                f"a causal mask or a window needs one axis of positions, and there are {num_axes}",
                fix="give attention_axes one axis",
            )
        mask = masks[2]
        if mask is not None:
            mask = ops.cast(mask, "bool")
            while len(mask.shape) < num_batch + 2 * num_axes:
                mask = ops.expand_dims(mask, -2 * num_axes - 1)
        if is_near:
            near = self._near(positions[0][0], positions[1][0], use_causal_mask)
            mask = near if mask is None else ops.logical_and(mask, near)
        return mask


def _product(sizes: Any) -> Any:
    product: Any = 1
    for size in sizes:
        product = product * size
    return product
