"""Where the random generators of the process are: Python's, NumPy's, kcore's and those of frameworks in use."""

from __future__ import annotations

import random as python_random
from collections.abc import Mapping
from typing import Any

import numpy as np
from kcore_ops.backends import registry
from kcore_ops.ops.random import seeds

__all__ = ["random_state", "set_random_state"]


def random_state() -> dict[str, Any]:
    """Return where all generators are, as plain data."""
    loaded = {name: record.backend for name, record in registry.backends().items() if record.backend is not None}
    return {
        "python": python_random.getstate(),
        "numpy": np.random.get_state(legacy=False),
        "process": seeds.process_state(),
        "frameworks": {name: backend.training.random_state() for name, backend in loaded.items()},
    }


def set_random_state(state: Mapping[str, Any]) -> None:
    """Put all generators where they were.

    Args:
        state: dict, what `random_state` returned.
    """
    python_random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    seeds.set_process_state(state["process"])
    records = registry.backends()
    for name, place in state["frameworks"].items():
        if place is not None and name in records and records[name].is_usable:
            registry.load(name).training.set_random_state(place)
