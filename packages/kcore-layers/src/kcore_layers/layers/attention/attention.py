"""`Attention` and `AdditiveAttention`: averages of values by the match of queries and keys, without projections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Unpack, get_args

import kcore_ops as ops
from kcore_ops.engine.call import beside
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.nn.attention import LEFT_OUT
from kcore_ops.ops.nn.precision import narrowed, widened
from kcore_ops.random import SeedGenerator
from kcore_ops.specs.shapes import show_shape

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions, Shape
from kcore_layers.options.weight_options import checked_rate, known_size
from kcore_layers.serialization.registry import builtin

__all__ = ["AdditiveAttention", "Attention"]

ScoreMode = Literal["dot", "concat"]


@builtin("keras.layers")
class Attention(Layer):
    """Average values, weighted by the softmax of the products of queries and keys.

    Shapes: the inputs are a list of query `(batch, t, n)`, value `(batch, s, m)` and, if other than the value, key
    `(batch, s, n)`; the output is `(batch, t, m)`, the attention weights `(batch, t, s)`. `mask` is a list of the masks
    of query, `(batch, t)`, and value, `(batch, s)`: outputs of queries masked are zero, values masked are left out.
    There may be more axes before the positions, or none.

    Args:
        use_scale: bool, whether scores are multiplied by a weight; False.
        score_mode: "dot" for products of queries and keys; "concat" for a weight times the sum of `tanh(query + key)`;
            "dot".
        dropout: float from 0 to 1, the fraction of the attention weights set to zero in training; 0.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if the mode is unknown, or the inputs are no list of two or three.
        ShapeError: if they do not fit one another.

    Source: Luong et al. (2015), arXiv:1508.04025, section 3.1.

    >>> query, value = np.ones((1, 2, 3), "float32"), np.ones((1, 4, 3), "float32")
    >>> Attention()([query, value]).shape
    (1, 2, 3)
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: ScoreMode = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        if score_mode not in get_args(ScoreMode):
            raise ArgumentError(f"score_mode can not be {score_mode!r}", fix="use 'dot' or 'concat'").at("Attention")
        self.use_scale = use_scale
        self.score_mode = score_mode
        self.dropout = checked_rate(self, "dropout", dropout)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if self.dropout else None
        self.scale: Any = None
        self.concat_score_weight: Any = None
        self.supports_masking = True

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Make the weights.

        Args:
            input_shape: list of the sizes of query, value and perhaps key, the batch included.
        """
        self._check(input_shape)
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        """Return how well each query matches each key, `(batch, t, s)`.

        Args:
            query: tensor `(batch, t, n)`.
            key: tensor `(batch, s, n)`.
        """
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -1, -2))
            return scores if self.scale is None else ops.multiply(scores, self.scale)
        total = _each_with_each(query, key)
        total = total if self.scale is None else ops.multiply(total, self.scale)
        return ops.multiply(ops.sum(ops.tanh(total), axis=-1), self.concat_score_weight)

    def call(
        self,
        inputs: Sequence[Tensor],
        mask: Sequence[Tensor | None] | None = None,
        training: bool | None = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Return the averages, with `return_attention_scores` also the attention weights.

        Args:
            inputs: list of query, value and, if other than the value, key.
            mask: list of the boolean masks of query and value, and perhaps key, each of which may be None; None, no
                masks.
            training: bool, whether there is dropout; False.
            return_attention_scores: bool, whether to return the attention weights too; False.
            use_causal_mask: bool, whether keys later than the query are left out; False.
        """
        self._check(inputs)
        query, value, key = (*inputs, inputs[1])[:3]
        self._check_mask(mask)
        query_mask, value_mask = (None, None) if mask is None else mask[:2]
        logits = widened(self.scores(query, key))
        if value_mask is not None:
            logits = ops.where(ops.expand_dims(ops.cast(value_mask, "bool"), -2), logits, LEFT_OUT)
        if use_causal_mask:
            t, s = ops.shape(logits)[-2:]
            with beside(logits):
                queries, keys = (ops.arange(length, dtype="int32") for length in (t, s))
            logits = ops.where(ops.greater_equal(ops.expand_dims(queries, 1), keys), logits, LEFT_OUT)
        scores = narrowed(ops.softmax(logits, axis=-1), query)
        if training and self.dropout:
            scores = ops.random.dropout(scores, self.dropout, seed=self.seed_generator)
        output = ops.matmul(scores, value)
        if query_mask is not None:
            output = ops.multiply(output, ops.expand_dims(ops.cast(query_mask, ops.dtype(output)), -1))
        return (output, scores) if return_attention_scores else output

    def compute_mask(self, inputs: Sequence[Tensor], mask: Sequence[Tensor | None] | None = None) -> Tensor | None:
        """Return the mask of the output: that of the query.

        Args:
            inputs: list of tensors, as `call` takes it.
            mask: list of the boolean masks of query and value, and perhaps key; None, no masks.

        Raises:
            ArgumentError: if the masks are not a list of two or three.
        """
        self._check_mask(mask)
        return None if mask is None else mask[0]

    def _check_mask(self, mask: Any) -> None:
        """Raise unless masks are those of query and value, and perhaps of the key."""
        if mask is not None and not (isinstance(mask, list | tuple) and len(mask) in (2, 3)):
            found = f"a list of {len(mask)}" if isinstance(mask, list | tuple) else "no list"
            raise ArgumentError(
                f"mask must be a list of two or three, and is {found}", fix="pass [query_mask, value_mask]"
            )

    def _check(self, inputs: Any) -> None:
        """Raise unless inputs, or their shapes, are those of query, value and perhaps key."""
        name = type(self).__name__
        if not isinstance(inputs, list | tuple) or len(inputs) not in (2, 3) or isinstance(inputs[0], int | None):
            raise ArgumentError("inputs must be two or three tensors", fix="pass [query, value] or [query, value, key]")
        found: list[Any] = [getattr(x, "shape", x) for x in inputs]
        shapes = [tuple(shape) for shape in found]
        if len(shapes[0]) < 2 or any(len(shape) != len(shapes[0]) for shape in shapes):
            listed = ", ".join(show_shape(shape) for shape in shapes)
            raise ShapeError(
                f"{name} takes tensors of as many axes, 2 or more, and got {listed}",
                fix="pass (batch, positions, size)",
            )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        names = ("use_scale", "score_mode", "dropout", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class _AdditiveAttentionOptions(LayerOptions, total=False):
    seed: int | None


@builtin("keras.layers")
class AdditiveAttention(Attention):
    """Average values, weighted by the softmax of the sums of `scale * tanh(query + key)`.

    Shapes: the inputs are a list of query `(batch, t, n)`, value `(batch, s, m)` and, if other than the value, key
    `(batch, s, n)`; the output is `(batch, t, m)`, the attention weights `(batch, t, s)`; masks are as for `Attention`.

    Args:
        use_scale: bool, whether `scale` is a weight `(n,)`, rather than one; True.
        dropout: float from 0 to 1, the fraction of the attention weights set to zero in training; 0.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them; and
            `seed`, as `Attention` takes it.

    Raises:
        ArgumentError: if the inputs are no list of two or three.
        ShapeError: if they do not fit one another.

    Source: Bahdanau et al. (2014), arXiv:1409.0473, section A.1.2.

    >>> query, value = np.ones((1, 2, 3), "float32"), np.ones((1, 4, 3), "float32")
    >>> AdditiveAttention()([query, value]).shape
    (1, 2, 3)
    """

    def __init__(
        self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Unpack[_AdditiveAttentionOptions]
    ) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Make the weight.

        Args:
            input_shape: list of the sizes of query, value and perhaps key, the batch included.
        """
        self._check(input_shape)
        if self.use_scale:
            self.scale = self.add_weight((known_size(input_shape[0]),), "glorot_uniform", name="scale")

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        """Return how well each query matches each key, `(batch, t, s)`.

        Args:
            query: tensor `(batch, t, n)`.
            key: tensor `(batch, s, n)`.
        """
        total = ops.tanh(_each_with_each(query, key))
        return ops.sum(total if self.scale is None else ops.multiply(total, self.scale), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        config = super().get_config()
        del config["score_mode"]
        return config


def _each_with_each(query: Any, key: Any) -> Any:
    """Return the sums of all pairs, `(batch, t, s, n)`."""
    return ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3))
