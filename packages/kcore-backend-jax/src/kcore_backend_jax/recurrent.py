"""Recurrent networks: the definitions, compiled once for each shape; an eager `lax.scan` compiles at each call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from kcore_ops.nn import recurrent
from kcore_ops.operation import op_of

TABLE: dict[str, Callable[..., Any]] = {
    "gru": jax.jit(op_of(recurrent.gru).body, static_argnums=(5, 6)),
    "lstm": jax.jit(op_of(recurrent.lstm).body, static_argnums=6),
}

# Dtypes the framework can not compute an op in, each with the one to use instead.
WIDENED: dict[str, dict[str, str]] = {}
