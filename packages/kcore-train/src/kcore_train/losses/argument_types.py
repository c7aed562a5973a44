"""Types of the arguments that losses and metrics share."""

from __future__ import annotations

from typing import Literal, TypeAlias

from kcore_ops import DType, DTypePolicy

__all__ = ["DTypeOrPolicy", "Reduction", "ReductionName"]

DTypeOrPolicy: TypeAlias = DType | DTypePolicy | None

ReductionName: TypeAlias = Literal["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"]
Reduction: TypeAlias = ReductionName | None
