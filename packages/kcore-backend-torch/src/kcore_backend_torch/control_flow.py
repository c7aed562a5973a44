"""Branches and loops, on torch tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

TABLE: dict[str, Callable[..., Any]] = {}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {}
