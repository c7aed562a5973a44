"""From the losses of samples, with weights and masks, to the number that is minimised."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_ops.backends.interface import Backend
from kcore_ops.dtypes import standardize_dtype
from kcore_ops.foundation.errors import KcoreError, ShapeError
from kcore_ops.specs.shapes import broadcast_shapes, one_of, show_shape

from kcore_train.losses.alignment import backend_for, same_rank, tensor

__all__ = ["REDUCTIONS", "check_weight", "masked_weight", "reduced", "standardize_reduction"]

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")
_MEANS = ("sum_over_batch_size", "mean")


def standardize_reduction(reduction: str | None) -> str | None:
    """Give a reduction if there is such a one.

    Raises:
        ArgumentError: if there is not, naming those there are.
    """
    return None if reduction is None else one_of("reduction", reduction, REDUCTIONS)


def reduced(values: Any, weight: Any, mask: Any, reduction: str | None) -> Any:
    """Weigh losses and reduce them.

    Args:
        values: the losses, of any shape.
        weight: factors that broadcast to them, or None.
        mask: booleans or numbers that say which of them count, or None.
        reduction: "sum"; "mean", which is the same as "sum_over_batch_size": the sum over the number of losses, less
            those the mask leaves out; "mean_with_sample_weight": the sum over that of the weights; or none of it.

    Raises:
        ShapeError: if the weights do not fit the losses.
    """
    total_weight = None
    if weight is not None or mask is not None:
        backend, dtype = backend_for(values), standardize_dtype(values.dtype)
        weight = masked_weight(weight, mask, backend, dtype, is_scaled=reduction in _MEANS)
        values, weight = same_rank(values, weight)
        check_weight(values, weight)
        values = ops.multiply(values, weight)
        total_weight = weight
    if reduction in _MEANS:
        return ops.mean(values)
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and len(values.shape) > 0:  # a single loss keeps its weight, as in Keras
        return ops.mean(values) if total_weight is None else ops.divide_no_nan(ops.sum(values), ops.sum(total_weight))
    return values


def masked_weight(
    weight: Any, mask: Any, backend: Backend, dtype: str, *, is_scaled: bool = False, is_leading: bool = False
) -> Any:
    """Give weights that are zero where a mask is; None if there are neither weights nor a mask.

    Args:
        weight: factors, or None.
        mask: booleans or numbers that say what counts, or None.
        backend, dtype: what the weights are to be tensors of.
        is_scaled: whether they are scaled up by as much as the mask leaves out.
        is_leading: whether they are for as many of the mask's leading axes as they have, rather than broadcast.

    Raises:
        ShapeError: if the weights do not fit the mask.
    """
    weight = None if weight is None else tensor(backend, weight, dtype)
    if mask is None:
        return weight
    mask = tensor(backend, mask, dtype)
    if is_scaled:
        # Written so that a mean over all is one over those that are kept.
        mask = ops.divide_no_nan(mask, ops.mean(mask))
    if weight is None:
        return mask
    weight, mask = same_rank(weight, mask)
    missing = len(mask.shape) - len(weight.shape)
    if is_leading and missing > 0 and len(weight.shape) > 0:
        weight = ops.expand_dims(weight, tuple(range(-missing, 0)))
    check_weight(mask, weight, "the mask")
    return ops.multiply(weight, mask)


def check_weight(values: Any, weight: Any, what: str = "the loss") -> None:
    """Check that weights broadcast to, or with, what they are for.

    Raises:
        ShapeError: if they do not.
    """
    if weight.shape == values.shape or len(weight.shape) == 0:
        return
    try:
        broadcast_shapes(tuple(weight.shape), tuple(values.shape))
    except KcoreError:
        rank = len(values.shape)
        leading = tuple(weight.shape) + (1,) * (rank - len(weight.shape))
        raise ShapeError(
            f"sample_weight has shape {show_shape(weight.shape)}, {what} has shape {show_shape(values.shape)}",
            fix=f"reshape sample_weight to {show_shape(leading)}"
            if 0 < len(weight.shape) < rank and weight.shape[0] == values.shape[0]
            else f"pass one weight for each sample, for example with shape {show_shape(values.shape[:1])}",
        ) from None
