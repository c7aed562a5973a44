"""The base of losses: targets and predictions to losses, to one number."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.base.masking import get_mask
from kcore_layers.base.naming import auto_name, snake_case
from kcore_layers.options.argument_types import DTypeLike
from kcore_layers.serialization.registry import builtin
from kcore_ops import Tensor, dtype_policies, tree
from kcore_ops.dtypes import is_float_dtype
from kcore_ops.foundation.errors import ArgumentError, KcoreError

from kcore_train.losses.alignment import (
    backend_for,
    is_structure,
    ready_dtype,
    ready_index_dtype,
    remember_ready,
    tensor,
)
from kcore_train.losses.argument_types import Reduction
from kcore_train.losses.weighting import MEANS, reduced, standardize_reduction

__all__ = ["Loss"]


@builtin("keras.losses")
class Loss:
    """Base class of losses. A subclass defines `call(y_true, y_pred)`, which returns the loss of each sample.

    Shapes: what `call` returns is reduced to a scalar, unless `reduction` is "none".
    Dtype: targets and predictions are cast to `dtype` before `call`, and so the result has it.

    Args:
        name: str or None, the name in logs, None for the class name in snake case; None.
        reduction: str or None, "sum_over_batch_size" or "mean", the mean over all losses; "sum";
            "mean_with_sample_weight", the sum over that of the weights; "none" or None for one loss a sample;
            "sum_over_batch_size".
        dtype: dtype, dtype policy, or the name of one, to compute in; None, for `config.floatx()`.

    Raises:
        ArgumentError: if there is no such reduction.

    >>> class Distance(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.max(ops.abs(y_true - y_pred), axis=-1)
    >>> Distance()([[0.0, 0.0], [1.0, 1.0]], [[0.0, 2.0], [1.0, 0.0]]).item()
    1.5
    """

    # Targets that are numbers of classes stay integers: half precision can not tell 2048 from 2049.
    _has_class_indices = False

    def __init__(
        self, name: str | None = None, reduction: Reduction = "sum_over_batch_size", dtype: DTypeLike = None
    ) -> None:
        self.name = name or auto_name(snake_case(type(self).__name__))
        self.reduction = standardize_reduction(reduction)
        self._dtype_policy = dtype_policies.get(ops.config.floatx() if dtype is None else dtype)
        self._dtype = self._dtype_policy.compute_dtype
        self._is_default_dtype = dtype is None

    @property
    def dtype(self) -> str:
        """Name of the dtype that the loss is computed in."""
        return self._dtype

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """Compute the loss between targets and predictions.

        Args:
            y_true: tensor, or tree of tensors, the targets, `(batch, ...)`.
            y_pred: tensor, or tree of tensors, the predictions, `(batch, ...)`; where they carry a mask, what it leaves
                out does not count.
            sample_weight: tensor or None, factors of the losses, `(batch,)` or any shape that broadcasts to the losses,
                None for ones; None.

        Raises:
            ShapeError: if the targets do not fit the predictions, or the weights the losses.
        """
        mask = get_mask(y_pred)
        ready = (ready_index_dtype if self._has_class_indices else ready_dtype)(y_true, y_pred)
        if ready != self._dtype:
            y_true, y_pred = self._converted(y_true, y_pred)
        if sample_weight is None and mask is None and self.reduction in MEANS:
            mean = self._mean(y_true, y_pred)
            if mean is not None:
                return mean
        values = self.call(y_true, y_pred)
        mask = self._mask(y_true, values, mask)
        try:
            return reduced(values, sample_weight, mask, self.reduction)
        except KcoreError as error:
            raise error if error.where else error.at(type(self).__name__)  # noqa: B904 (its cause is its own)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Compute the loss of each sample.

        Args:
            y_true: tensor, the targets, `(batch, ...)`, in the dtype of the loss.
            y_pred: tensor, the predictions, `(batch, ...)`, in the dtype of the loss.

        Raises:
            NotImplementedError: unless a subclass defines it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define call(y_true, y_pred)")

    def _converted(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        """Return targets and predictions, or trees of them, as tensors of the dtype to compute in."""
        if is_structure(y_pred) or is_structure(y_true):
            backend = backend_for(*tree.flatten(y_pred), *tree.flatten(y_true))

            def convert(x: Tensor) -> Tensor:
                return tensor(backend, x, self._dtype)

            return tree.map_structure(convert, y_true), tree.map_structure(convert, y_pred)
        backend = backend_for(y_pred, y_true)
        y_pred = tensor(backend, y_pred, self._dtype)
        if not self._has_class_indices:
            y_true = tensor(backend, y_true, self._dtype)
            remember_ready(y_true, y_pred)
            return y_true, y_pred
        y_true = tensor(backend, y_true)
        if is_float_dtype(ops.dtype(y_true)):
            y_true = tensor(backend, y_true, self._dtype)
        remember_ready(y_true, y_pred)
        return y_true, y_pred

    def _mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        """Return the mean of the losses, where it is known how to compute it at once, and None elsewhere."""
        return None

    def _mask(self, y_true: Tensor, values: Tensor, mask: Tensor | None) -> Tensor | None:
        """Return the mask of the losses: that of the predictions, and what the targets leave out."""
        return mask

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate the loss."""
        config: dict[str, Any] = {"name": self.name, "reduction": self.reduction}
        if not self._is_default_dtype:
            config["dtype"] = self._dtype
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """Create a loss from what `get_config` returned.

        Args:
            config: dict, what `get_config` returned.

        Raises:
            ArgumentError: if the class has no such argument.
        """
        try:
            return cls(**config)
        except TypeError as error:
            raise ArgumentError(f"{cls.__name__} can not be made of {config!r}: {error}") from error

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
