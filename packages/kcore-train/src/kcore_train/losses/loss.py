"""The base of losses: targets and predictions to losses, to one number."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.base.masking import get_mask
from kcore_layers.base.naming import auto_name, snake_case
from kcore_layers.serialization.registry import builtin
from kcore_ops import dtype_policies, tree
from kcore_ops.dtypes import is_float_dtype, standardize_dtype
from kcore_ops.foundation.errors import ArgumentError, KcoreError

from kcore_train.losses.alignment import backend_for, is_structure, note_ready, ready_dtype, tensor
from kcore_train.losses.weighting import reduced, standardize_reduction

__all__ = ["Loss"]


@builtin("keras.losses")
class Loss:
    """Base of losses. A subclass defines `call(y_true, y_pred)`, which gives the loss of each sample.

    Shapes: what `call` gives is reduced to a scalar, unless `reduction` is "none".
    Dtype: targets and predictions are cast to `dtype` before `call`, and so the result has it.

    Args:
        name: its name in logs; made of the class's name if None.
        reduction: "sum_over_batch_size" or "mean", the same; "sum"; "mean_with_sample_weight"; "none" or None.
        dtype: a dtype or dtype policy to compute in; `config.floatx()` if None.

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
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
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

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Give the loss between targets and predictions.

        Args:
            y_true: the targets.
            y_pred: the predictions; where they carry a mask, what it leaves out does not count.
            sample_weight: factors of the losses: one for each sample, or what broadcasts to the losses.

        Raises:
            ShapeError: if the targets do not fit the predictions, or the weights the losses.
        """
        mask = get_mask(y_pred)
        if ready_dtype(y_true, y_pred) != self._dtype:
            y_true, y_pred = self._converted(y_true, y_pred)
        values = self.call(y_true, y_pred)
        mask = self._mask(y_true, values, mask)
        try:
            return reduced(values, sample_weight, mask, self.reduction)
        except KcoreError as error:
            raise error if error.where else error.at(type(self).__name__)  # noqa: B904 (its cause is its own)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Give the loss of each sample.

        Raises:
            NotImplementedError: unless a subclass defines it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define call(y_true, y_pred)")

    def _converted(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """Give targets and predictions, or trees of them, as tensors of the dtype to compute in."""
        if is_structure(y_pred) or is_structure(y_true):
            backend = backend_for(*tree.flatten(y_pred), *tree.flatten(y_true))

            def convert(x: Any) -> Any:
                return tensor(backend, x, self._dtype)

            return tree.map_structure(convert, y_true), tree.map_structure(convert, y_pred)
        backend = backend_for(y_pred, y_true)
        y_pred = tensor(backend, y_pred, self._dtype)
        if not self._has_class_indices:
            y_true = tensor(backend, y_true, self._dtype)
            note_ready(y_true, y_pred)
            return y_true, y_pred
        y_true = tensor(backend, y_true)
        if is_float_dtype(standardize_dtype(y_true.dtype)):
            y_true = tensor(backend, y_true, self._dtype)
        return y_true, y_pred

    def _mask(self, y_true: Any, values: Any, mask: Any) -> Any:
        """Give the mask of the losses: that of the predictions, and what the targets leave out."""
        return mask

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        config: dict[str, Any] = {"name": self.name, "reduction": self.reduction}
        if not self._is_default_dtype:
            config["dtype"] = self._dtype
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """Make one from what `get_config` gave.

        Raises:
            ArgumentError: if the class has no such argument.
        """
        try:
            return cls(**config)
        except TypeError as error:
            raise ArgumentError(f"{cls.__name__} can not be made of {config!r}: {error}") from error

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
