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


def softmax(x, axis):
    powers = np.exp(_below_top(x, axis))
    return powers / np.add.reduce(powers, axis, None, None, True)


def log_softmax(x, axis):
    below = _below_top(x, axis)
    return below - np.log(np.add.reduce(np.exp(below), axis, None, None, True))


def _below_top(x, axis):
    """Return the differences from the largest elements, whose exponentials are at most 1."""
    if not x.ndim and axis.__class__ is int:
        raise ValueError("a scalar has no axes")  # NumPy grants it one
    return x - np.maximum.reduce(x, axis, None, None, True, -np.inf)


TABLE: dict[str, Callable[..., Any]] = {
    "log_softmax": log_softmax,
    "relu": relu,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "softplus": softplus,
}

_HALVES = {"float16": "float32", "bfloat16": "float32"}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = dict.fromkeys(("log_softmax", "sigmoid", "softmax", "softplus"), _HALVES)
