"""Quantiles of data that pass by: values with weights, few enough to keep, merged as more come.

Each batch is summarized by every so many of its sorted values; summaries are merged by sorting, and made smaller by
taking values between them at equal distances of the weights. (Greenwald and Khanna (2001), "Space-efficient online
computation of quantile summaries", is the classic of the kind, with bounds that this simpler one has not.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["EMPTY", "bin_boundaries", "merged"]

Array = np.ndarray[Any, Any]
EMPTY: Array = np.zeros((2, 0), "float32")


def merged(summary: Array, values: Array, epsilon: float) -> Array:
    """Return the summary of what was summarized and of more values: a row of values, and one of weights.

    Args:
        summary: the one so far; `EMPTY` at first.
        values: more values.
        epsilon: the share of all data that a value may stand for: about 1 / `epsilon` values are kept.
    """
    if not values.size:
        return summary
    weight = max(values.size * epsilon, 1.0)
    step = int(weight)
    kept = np.sort(values.ravel())[step - 1 :: step].astype("float32")
    both = np.concatenate([summary, [kept, np.full(len(kept), weight, "float32")]], axis=1).astype("float32")
    return _compressed(both[:, np.argsort(both[0], kind="stable")], epsilon)


def bin_boundaries(summary: Array, num_bins: int) -> Array:
    """Return the values between bins that hold about as many data each.

    Args:
        summary: what `merged` returned.
        num_bins: how many bins there are to be.
    """
    return _compressed(summary, 1 / num_bins)[0, :-1]


def _compressed(summary: Array, epsilon: float) -> Array:
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    weights = np.cumsum(summary[1])
    found = weights / weights[-1]
    values = np.interp(shares, found, summary[0])
    return np.stack([values, np.diff(np.interp(shares, found, weights), prepend=0.0)]).astype("float32")
