"""How far kcore's numbers are from Keras's: the largest differences seen, for the report that `--largest` asks for."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["largest", "note"]

# By what was compared: its difference, relative where numbers are above 1.
largest: dict[str, float] = {}


def note(what: str, found: Any, wanted: Any) -> None:
    """Note how far two arrays of one shape are apart; numbers that are not finite count if they are others."""
    one, other = np.asarray(found, "float64"), np.asarray(wanted, "float64")
    is_same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        apart = np.where(is_same, 0.0, np.abs(one - other) / np.maximum(1.0, np.abs(other)))
    largest[what] = max(largest.get(what, 0.0), float(apart.max(initial=0.0)))
