"""The circle loss: embeddings of one class nearer to one another than to those of others."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.engine.call import beside
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.specs.shapes import differ, show_shape

from kcore_train.losses.alignment import as_float, backend_for, tensor
from kcore_train.losses.argument_types import Reduction
from kcore_train.losses.function_loss import FunctionLoss
from kcore_train.losses.half import in_float32

__all__ = ["Circle", "circle"]


@builtin("keras.losses")
@in_float32
def circle(
    y_true: Tensor,
    y_pred: Tensor,
    ref_labels: Tensor | None = None,
    ref_embeddings: Tensor | None = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """Compute the circle loss of each embedding, compared with references: the others of the batch unless given.

    Shapes: `y_pred` is `(n, d)`, `y_true`, class indices, `(n,)` or `(n, 1)`; `ref_embeddings` is `(m, d)` and
    `ref_labels` `(m,)` or `(m, 1)`; the result is `(n,)`.
    Dtype: that of `y_pred`. Embeddings are taken to be of length 1: divide them by theirs first. One with no other
    of its class, or none of another class, has a loss of 0.
    Raises: `ShapeError` if the shapes do not fit.
    Source: Sun et al. (2020), arXiv:2002.10857, eq. 4 to 8.

    Args:
        y_true: tensor of ints, the class index of each embedding, `(n,)` or `(n, 1)`.
        y_pred: tensor of floats, embeddings of length 1, `(n, d)`.
        ref_labels: tensor or None, class indices of the references, `(m,)` or `(m, 1)`, None for `y_true`; None.
        ref_embeddings: tensor or None, reference embeddings, `(m, d)`, None for `y_pred`; None.
        remove_diagonal: bool, whether to leave out the pairs at the same place: an embedding and itself; True.
        gamma: float, the scale of the similarities, above 0; 80.
        margin: float, the relaxation m of the paper: how far similarities may stay from 1 within a class, and from 0
            between classes; 0.4.

    >>> circle([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], gamma=1.0).round(4)
    array([0.5459, 0.5459, 0.    ], dtype=float32)
    """
    backend = backend_for(y_pred, y_true, ref_embeddings)
    embeddings = as_float(y_pred, backend)
    labels = _column(tensor(backend, y_true), embeddings, "y_true", "y_pred")
    ref_embeddings = embeddings if ref_embeddings is None else tensor(backend, ref_embeddings, ops.dtype(embeddings))
    ref_labels = (
        labels
        if ref_labels is None
        else _column(tensor(backend, ref_labels), ref_embeddings, "ref_labels", "ref_embeddings")
    )
    similarity = ops.minimum(ops.matmul(embeddings, ops.transpose(ref_embeddings)), 1.0)
    is_same = ops.equal(labels, ops.transpose(ref_labels))
    is_other = ops.logical_not(is_same)
    if remove_diagonal:
        with beside(similarity):
            rows = ops.expand_dims(ops.arange(ops.shape(similarity)[0]), 1)
            columns = ops.expand_dims(ops.arange(ops.shape(similarity)[1]), 0)
        is_same = ops.logical_and(is_same, ops.not_equal(rows, columns))
    # The paper's weights alpha, which no gradient flows through.
    weight_same = ops.stop_gradient(ops.maximum(1 + margin - similarity, 0.0))
    weight_other = ops.stop_gradient(ops.maximum(similarity + margin, 0.0))
    logits_same = -gamma * weight_same * (similarity - (1 - margin))
    logits_other = gamma * weight_other * (similarity - margin)
    values = ops.softplus(_logsumexp(logits_same, is_same) + _logsumexp(logits_other, is_other))
    has_both = ops.logical_and(ops.any(is_same, axis=1), ops.any(is_other, axis=1))
    return ops.where(has_both, values, ops.zeros_like(values))


def _column(labels: Tensor, embeddings: Tensor, labels_name: str, embeddings_name: str) -> Tensor:
    """Return labels as a column, one for each embedding."""
    sizes, expected = tuple(labels.shape), tuple(embeddings.shape)
    is_column = len(sizes) == 1 or (len(sizes) == 2 and not differ(sizes[1], 1))
    if len(expected) != 2 or not is_column or differ(sizes[0], expected[0]):
        raise ShapeError(
            f"{labels_name} has shape {show_shape(sizes)}, {embeddings_name} has shape {show_shape(expected)}",
            fix="pass embeddings of shape (n, d) and class indices of shape (n,) or (n, 1)",
        ).at("circle")
    return labels if len(sizes) == 2 else ops.expand_dims(labels, 1)


def _logsumexp(x: Tensor, mask: Tensor) -> Tensor:
    """Compute the logarithm of the sum of the exponentials of the elements of each row that the mask keeps."""
    # Far below any logit, and yet finite, so that rows without any have no NaN in their gradient.
    return ops.logsumexp(ops.where(mask, x, ops.full_like(x, -1e4 if ops.dtype(x) == "float16" else -1e9)), axis=1)


@builtin("keras.losses")
class Circle(FunctionLoss):
    """Compute the circle loss: embeddings of one class nearer to one another than to those of others.

    Means are of the losses above 0: embeddings without another of their class do not count.
    Shapes: predictions are `(n, d)`, embeddings of length 1; targets, class indices, are `(n,)` or `(n, 1)`.
    Raises: `ShapeError` if the shapes do not fit.
    Source: Sun et al. (2020), arXiv:2002.10857, eq. 4 to 8.

    Args:
        gamma: float, the scale of the similarities, above 0; 80.0.
        margin: float, the relaxation m of the paper: how far similarities may stay from 1 within a class, and from 0
            between classes; 0.4.
        remove_diagonal: bool, whether an embedding is not compared with itself; True.
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "circle".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> Circle(gamma=1.0)([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]).round(4).item()
    0.5458999872207642
    """

    _has_class_indices = True

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: DTypeLike = None,
    ) -> None:
        arguments: dict[str, Any] = {"gamma": gamma, "margin": margin, "remove_diagonal": remove_diagonal}
        super().__init__(circle, reduction, name, dtype, **arguments)

    def _mask(self, y_true: Tensor, values: Tensor, mask: Tensor) -> Tensor:
        kept = ops.greater(values, 0)
        return kept if mask is None else ops.logical_and(kept, mask)
