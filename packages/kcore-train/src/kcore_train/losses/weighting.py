"""From the losses of samples, with weights and masks, to the number that is minimised."""

from __future__ import annotations

from typing import cast, get_args

import kcore_ops as ops
from kcore_ops import Tensor
from kcore_ops.backends.interface import Backend
from kcore_ops.foundation.errors import KcoreError, ShapeError
from kcore_ops.specs.shapes import broadcast_shapes, one_of, show_shape

from kcore_train.losses.alignment import backend_for, same_rank, tensor
from kcore_train.losses.argument_types import Reduction, ReductionName

__all__ = ["MEANS", "REDUCTIONS", "check_weight", "masked_weight", "reduced", "standardize_reduction"]

REDUCTIONS: tuple[ReductionName, ...] = get_args(ReductionName)
MEANS = ("sum_over_batch_size", "mean")


def standardize_reduction(reduction: Reduction) -> Reduction:
    """Return a reduction if there is such a one.

    Args:
        reduction: str or None, the name of a reduction, None for none.

    Raises:
        ArgumentError: if there is not, naming those there are.
    """
    return None if reduction is None else cast(ReductionName, one_of("reduction", reduction, REDUCTIONS))


def reduced(values: Tensor, weight: Tensor | None, mask: Tensor | None, reduction: Reduction) -> Tensor:
    """Weight losses and reduce them.

    Args:
        values: tensor, the losses, of any shape.
        weight: tensor or None, factors that broadcast to the losses, None for ones.
        mask: tensor or None, booleans or numbers that say which losses count, None for all of them.
        reduction: str or None, "sum"; "mean" or "sum_over_batch_size", the sum over the number of losses, less those
            the mask leaves out; "mean_with_sample_weight", the sum over that of the weights; "none" or None for the
            weighted losses.

    Raises:
        ShapeError: if the weights do not fit the losses.
    """
    total_weight = None
    if weight is not None or mask is not None:
        backend, dtype = backend_for(values), ops.dtype(values)
        weight = masked_weight(weight, mask, backend, dtype, is_scaled=reduction in MEANS)
        values, weight = same_rank(values, weight)
        check_weight(values, weight)
        values = ops.multiply(values, weight)
        total_weight = weight
    if reduction in MEANS:
        return ops.mean(values)
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and len(values.shape) > 0:  # a single loss keeps its weight, as in Keras
        return ops.mean(values) if total_weight is None else ops.divide_no_nan(ops.sum(values), ops.sum(total_weight))
    return values


def masked_weight(
    weight: Tensor | None,
    mask: Tensor | None,
    backend: Backend,
    dtype: str,
    *,
    is_scaled: bool = False,
    is_leading: bool = False,
) -> Tensor | None:
    """Return weights that are zero where a mask is; None if there are neither weights nor a mask.

    Args:
        weight: tensor or None, factors, None for ones.
        mask: tensor or None, booleans or numbers that say what counts, None for everything.
        backend: `Backend`, the backend of the result.
        dtype: str, the name of the dtype of the result.
        is_scaled: bool, whether the weights are scaled up by as much as the mask leaves out; False.
        is_leading: bool, whether the weights are for as many of the leading axes of the mask as they have, rather than
            broadcast; False.

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


def check_weight(values: Tensor, weight: Tensor, what: str = "the loss") -> None:
    """Check that weights broadcast to, or with, what they are for.

    Args:
        values: tensor, what the weights are for.
        weight: tensor, the weights.
        what: str, what to call `values` in errors; "the loss".

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
