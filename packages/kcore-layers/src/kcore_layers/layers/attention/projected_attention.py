"""`ProjectedAttention`: what the attention layers with heads share: projections, masks, and the average itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.call import beside
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.nn.attention import LEFT_OUT
from kcore_ops.ops.nn.precision import narrowed, widened
from kcore_ops.random import SeedGenerator
from kcore_ops.specs.shapes import show_shape

from kcore_layers.base.layer import Layer
from kcore_layers.layers.core.einsum_dense import EinsumDense
from kcore_layers.options import regularizers
from kcore_layers.options.argument_types import LayerOptionsBesideRegularizer, RegularizerLike, Shape
from kcore_layers.options.weight_options import checked_count, checked_rate, config_of, set_options

__all__ = ["ProjectedAttention"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class ProjectedAttention(Layer):
    """Base of layers that project queries, keys and values to heads, and the heads' averages to an output.

    Args:
        dropout: float from 0 to 1, the fraction of the attention weights set to zero in training.
        use_bias: bool, whether projections have a bias.
        sliding_window: int, how many positions a query looks back, itself included, and ahead if not causal; None is
            all.
        flash_attention: bool, whether to use a kernel that never holds all weights; None leaves it to the backend.
        use_gate: bool, whether averages are multiplied by a sigmoid of another projection of the query.
        seed: int, the seed of the dropout; None draws one.
        activity_regularizer: regularizer, its name or config, of each projection's output; None adds no penalty.
        options: dict of the initializers, regularizers and constraints of the projections, by name.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.
    """

    option_names: tuple[str, ...] = ()
    dropout: float
    use_bias: bool
    kernel_initializer: Any
    bias_initializer: Any

    def __init__(
        self,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        flash_attention: bool | None,
        use_gate: bool,
        seed: int | None,
        activity_regularizer: RegularizerLike,
        options: dict[str, Any],
        **kwargs: Unpack[LayerOptionsBesideRegularizer],
    ) -> None:
        super().__init__(**kwargs)
        set_options(self, **options)
        self.dropout = checked_rate(self, "dropout", dropout)
        self.use_bias = use_bias
        self.sliding_window = None if sliding_window is None else checked_count(self, "sliding_window", sliding_window)
        self.flash_attention = flash_attention
        self.use_gate = use_gate
        self.seed = seed
        self.projection_regularizer = regularizers.get(activity_regularizer)
        self.seed_generator = SeedGenerator(seed) if self.dropout else None
        if flash_attention and self.dropout:
            raise ArgumentError("flash_attention=True does not go with dropout", fix="set one of them").at(
                type(self).__name__
            )
        self.supports_masking = True

    # Projections.

    def make_projection(self, name: str, shape: Shape, sizes: Sequence[int], num_contracted: int = 1) -> EinsumDense:
        """Make and build a layer that maps the last axes to axes of given sizes.

        Args:
            name: string, the name of the layer.
            shape: sizes of its inputs.
            sizes: sizes of the axes of its output.
            num_contracted: int, number of axes of the input that it sums over; 1.
        """
        kept = _LETTERS[: len(shape) - num_contracted]
        contracted = _LETTERS[len(kept) : len(shape)]
        made = _LETTERS[len(shape) : len(shape) + len(sizes)]
        options = {
            f"{weight}_{kind}": getattr(self, f"{weight}_{kind}")
            for weight in ("kernel", "bias")
            for kind in ("regularizer", "constraint")
        }
        layer = EinsumDense(
            f"{kept}{contracted},{contracted}{made}->{kept}{made}",
            output_shape=(*[None] * (len(kept) - 1), *sizes),
            bias_axes=made if self.use_bias else None,
            name=name,
            dtype=self.dtype_policy,
            kernel_initializer=_another(self.kernel_initializer),
            bias_initializer=_another(self.bias_initializer),
            activity_regularizer=self.projection_regularizer,
            **options,
        )
        layer.build(tuple(shape))
        return layer

    # Masks. All have the rank of the attention weights: (batch, heads, query positions, key positions).

    def combined_mask(
        self, query_length: int | Tensor, key_length: int | Tensor, masks: Sequence[Tensor | None], is_causal: bool
    ) -> Tensor | None:
        """Return the mask of the pairs of positions that may meet; None if all may.

        Args:
            query_length: int, or a scalar tensor, number of queries.
            key_length: int, or a scalar tensor, number of keys.
            masks: masks of value, key, attention and query, each of which may be None.
            is_causal: bool, whether keys later than the query are left out.
        """
        value_mask, key_mask, attention_mask, query_mask = masks
        parts = [ops.cast(each, "bool")[:, None, None, :] for each in (value_mask, key_mask) if each is not None]
        if query_mask is not None:
            parts.append(ops.cast(query_mask, "bool")[:, None, :, None])
        if attention_mask is not None:
            mask = ops.cast(attention_mask, "bool")
            parts.append(ops.expand_dims(mask, -3) if len(mask.shape) == 3 else mask)
        if is_causal or self.sliding_window is not None:
            parts.append(self._near(query_length, key_length, is_causal))
        mask = None
        for part in parts:
            mask = part if mask is None else ops.logical_and(mask, part)
        return mask

    def _near(self, query_length: Any, key_length: Any, is_causal: bool) -> Any:
        """Return a mask of the keys that are not later than the query, or not farther than the window."""
        queries, keys = (ops.arange(length, dtype="int32") for length in (query_length, key_length))
        distance = ops.subtract(ops.expand_dims(queries, 1), keys)
        if self.sliding_window is None:
            return ops.greater_equal(distance, 0)
        is_within = ops.less(distance if is_causal else ops.absolute(distance), self.sliding_window)
        return ops.logical_and(is_within, ops.greater_equal(distance, 0)) if is_causal else is_within

    # The average.

    def attend_with_heads(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        masks: Sequence[Tensor | None],
        is_causal: bool,
        needs_scores: bool,
        training: bool | None,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the averages of the values, and the attention weights if they are needed, or None.

        Args:
            query: tensor `(batch, t, heads, n)`.
            key: tensor `(batch, s, groups, n)`.
            value: tensor `(batch, s, groups, m)`.
            masks: masks of value, key, attention and query, each of which may be None.
            is_causal: bool, whether keys later than the query are left out.
            needs_scores: bool, whether the weights are returned.
            training: bool, whether there is dropout.
        """
        lengths = ops.shape(query)[1], ops.shape(key)[1]

        def combined(is_causal: bool) -> Any:
            with beside(query):
                return self.combined_mask(*lengths, masks, is_causal)

        if not needs_scores and not (training and self.dropout):
            # Kernels know the causal mask by itself; beside others it is one more.
            is_plain = bool(is_causal) and self.sliding_window is None and all(mask is None for mask in masks)
            mask = combined(is_causal and not is_plain)
            averages = ops.dot_product_attention(
                query, key, value, mask=mask, is_causal=is_plain, flash_attention=self.flash_attention
            )
            return averages, None
        mask = combined(is_causal)
        heads, groups = query.shape[2], key.shape[2]
        if heads != groups:
            key, value = (ops.repeat(x, heads // groups, axis=2) for x in (key, value))
        query, key, value = (ops.swapaxes(x, 1, 2) for x in (query, key, value))
        averages, scores = self.attend(query, key, value, mask, training)
        return ops.swapaxes(averages, 1, 2), scores

    def attend(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, training: bool | None
    ) -> tuple[Tensor, Tensor]:
        """Return averages and attention weights, for heads that come before positions.

        Args:
            query: tensor `(batch, heads, t, n)`.
            key: tensor `(batch, heads, s, n)`.
            value: tensor `(batch, heads, s, m)`.
            mask: boolean tensor that broadcasts to the weights; None keeps all.
            training: bool, whether there is dropout.
        """
        query = ops.multiply(query, 1 / math.sqrt(query.shape[-1]))
        logits = widened(ops.matmul(query, ops.swapaxes(key, -1, -2)))
        if mask is not None:
            logits = ops.where(mask, logits, LEFT_OUT)
        scores = narrowed(ops.softmax(logits, axis=-1), value)
        dropped = scores
        if training and self.dropout:
            dropped = ops.random.dropout(scores, self.dropout, seed=self.seed_generator)
        return ops.matmul(dropped, value), scores

    # Shapes and configuration.

    def check_shapes(self, query_shape: Shape, value_shape: Shape, key_shape: Shape) -> None:
        """Raise if keys and values do not go together.

        Args:
            query_shape: sizes of the query.
            value_shape: sizes of the value.
            key_shape: sizes of the key.
        """
        if len(value_shape) != len(key_shape) or any(
            type(a) is int and type(b) is int and a != b
            for a, b in zip(value_shape[1:-1], key_shape[1:-1], strict=True)
        ):
            raise ShapeError(
                f"value has shape {show_shape(value_shape)} and key {show_shape(key_shape)}: they must have as many "
                "positions",
                fix="pass a key for each value",
            )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        regularizer = {"activity_regularizer": regularizers.serialize(self.projection_regularizer)}
        return {**super().get_config(), **config_of(self, *self.option_names), **regularizer}


def _another(initializer: Any) -> Any:
    """Return an initializer like another one, with random numbers of its own."""
    if hasattr(initializer, "from_config"):
        return type(initializer).from_config(initializer.get_config())
    return initializer
