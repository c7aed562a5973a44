"""Types of the arguments that layers have in common: what may be passed for an initializer, a dtype, a layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

import numpy as np
from kcore_ops.dtype_policies import DTypePolicy
from kcore_ops.engine.op import DType, Tensor

__all__ = ["ActivationLike", "Array", "ConstraintLike", "DTypeLike", "DataFormat", "InitializerLike", "LayerOptions",
           "LayerOptionsBesideInputDim", "LayerOptionsBesideName", "LayerOptionsBesideNameAndDType",
           "LayerOptionsBesideRegularizer", "Padding", "RegularizerLike", "Shape", "Sizes"]  # fmt: skip

Array: TypeAlias = np.ndarray[Any, Any]

# An object, its name, or its config as plain data. An array is a weight's first value as it is.
ActivationLike: TypeAlias = str | Mapping[str, Any] | Callable[..., Tensor] | None
InitializerLike: TypeAlias = str | Mapping[str, Any] | Callable[..., Tensor] | Array | None
RegularizerLike: TypeAlias = str | Mapping[str, Any] | Callable[..., Tensor] | None
ConstraintLike: TypeAlias = str | Mapping[str, Any] | Callable[..., Tensor] | None

# A dtype of NumPy, Python or a framework, or its name; a dtype policy, its name or config.
DTypeLike: TypeAlias = str | type | np.dtype[Any] | DTypePolicy | Mapping[str, Any] | DType | None

# Sizes of a tensor, the batch included; None is one that is not known.
Shape: TypeAlias = Sequence[int | None]

# A number for all spatial axes, or one for each.
Sizes: TypeAlias = int | Sequence[int]

DataFormat: TypeAlias = Literal["channels_last", "channels_first"]
Padding: TypeAlias = Literal["valid", "same"]


class _Options(TypedDict, total=False):
    trainable: bool
    dtype: DTypeLike
    autocast: bool
    input_shape: Shape


class LayerOptionsBesideRegularizer(_Options, total=False):
    """The keywords of `Layer` for a layer that has `activity_regularizer` among its own."""

    input_dim: int | None
    name: str | None


class LayerOptions(LayerOptionsBesideRegularizer, total=False):
    """The keywords of `Layer`, which every layer takes."""

    activity_regularizer: RegularizerLike


class LayerOptionsBesideName(_Options, total=False):
    """The keywords of `Layer` for a layer that has `name` among its own."""

    activity_regularizer: RegularizerLike
    input_dim: int | None


class LayerOptionsBesideNameAndDType(TypedDict, total=False):
    """The keywords of `Layer` for a layer that has `name` and `dtype` among its own."""

    activity_regularizer: RegularizerLike
    trainable: bool
    autocast: bool
    input_shape: Shape
    input_dim: int | None


class LayerOptionsBesideInputDim(_Options, total=False):
    """The keywords of `Layer` for a layer that has `input_dim` among its own."""

    activity_regularizer: RegularizerLike
    name: str | None
