"""Types of the arguments that losses have in common."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["Reduction", "ReductionName"]

ReductionName: TypeAlias = Literal["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"]
Reduction: TypeAlias = ReductionName | None
