"""Connectionist temporal classification: sequences of labels, of which it is not known when each occurs."""

from __future__ import annotations

import kcore_ops as ops
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.specs.shapes import differ, show_shape

from kcore_train.losses.alignment import as_float, backend_for, tensor
from kcore_train.losses.argument_types import Reduction
from kcore_train.losses.function_loss import FunctionLoss
from kcore_train.losses.half import in_float32

__all__ = ["CTC", "ctc"]


@builtin("keras.losses")
@in_float32
def ctc(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Compute minus the logarithm of the probability, in nats, that each sample's predictions spell its labels.

    Shapes: `y_true`, class indices, is `(batch, labels)`, where 0, which is the blank, fills up what is shorter;
    `y_pred`, logits, is `(batch, steps, classes)`; the result is `(batch,)`. Dtype: that of `y_pred`.
    Labels that do not fit into the steps cost infinity.
    Raises: `ShapeError` if the shapes do not fit.
    Source: Graves et al. (2006), "Connectionist temporal classification", section 4.1.

    Args:
        y_true: tensor of ints, class indices from 1, `(batch, labels)`; 0, the blank, fills up what is shorter.
        y_pred: tensor of floats, logits, `(batch, steps, classes)`.

    >>> ctc([[1, 0]], [[[0.0, 0.0], [0.0, 0.0]]]).round(4)
    array([0.2877], dtype=float32)
    """
    backend = backend_for(y_pred, y_true)
    outputs, labels = as_float(y_pred, backend), tensor(backend, y_true)
    sizes, expected = tuple(labels.shape), tuple(outputs.shape)
    if len(sizes) != 2 or len(expected) != 3 or differ(sizes[0], expected[0]):
        raise ShapeError(
            f"y_true has shape {show_shape(sizes)}, y_pred has shape {show_shape(expected)}",
            fix="pass labels of shape (batch, labels) and logits of shape (batch, steps, classes)",
        ).at("ctc")
    num_labels = ops.sum(ops.cast(ops.not_equal(labels, 0), "int32"), axis=-1)
    num_steps = ops.sum(ops.ones_like(outputs[..., 0], dtype="int32"), axis=-1)
    return ops.cast(ops.ctc_loss(labels, outputs, num_labels, num_steps), ops.dtype(outputs))


@builtin("keras.losses")
class CTC(FunctionLoss):
    """Compute minus the logarithm of the probability, in nats, that predictions spell the labels.

    Shapes: predictions, logits, are `(batch, steps, classes)`; targets, class indices, `(batch, labels)`, where 0,
    which is the blank, fills up what is shorter.
    Raises: `ShapeError` if the shapes do not fit.
    Source: Graves et al. (2006), "Connectionist temporal classification", section 4.1.

    Args:
        reduction: str or None, how the losses of samples become one number, as in `Loss`; "sum_over_batch_size".
        name: str or None, the name in logs, None for that of the function; "ctc".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    >>> CTC()([[1, 0]], [[[0.0, 0.0], [0.0, 0.0]]]).round(4).item()
    0.2877
    """

    _has_class_indices = True

    def __init__(
        self, reduction: Reduction = "sum_over_batch_size", name: str | None = "ctc", dtype: DTypeLike = None
    ) -> None:
        super().__init__(ctc, reduction, name, dtype)
