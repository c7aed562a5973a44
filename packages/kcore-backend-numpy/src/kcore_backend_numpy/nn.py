"""Activations, on NumPy arrays; what is not here runs by its definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    with np.errstate(over="ignore"):  # 1 / (1 + inf) is the 0 it should be
        return 1 / (1 + np.exp(-x))


def softplus(x):
    # np.logaddexp, which would do, takes three times as long (NumPy 2.4).
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


TABLE: dict[str, Callable[..., Any]] = {"relu": relu, "sigmoid": sigmoid, "softplus": softplus}

_HALVES = {"float16": "float32", "bfloat16": "float32"}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {"sigmoid": _HALVES, "softplus": _HALVES}
