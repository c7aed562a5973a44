"""Which arrays a step may overwrite: those that nothing but a variable holds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import jax

__all__ = ["compile_donating"]

Function = Callable[..., Any]


def compile_donating(function: Function) -> Function:
    """Compile a function of `(state, ...)` that takes over the memory of the state.

    JAX deletes what is donated. A value that somebody holds, a user or a second variable, is copied instead; as a rule
    that is so in the first of many steps only.
    """
    compiled = jax.jit(function, donate_argnums=0)

    def run(state: tuple[list[Any], ...], *rest: Any) -> Any:
        for values in state:
            for i in range(len(values)):
                if sys.getrefcount(values[i]) > _REFERENCES:
                    values[i] = values[i].copy()
        return compiled(state, *rest)

    return run


class _Variable:
    storage: object


def _references_to_what_only_a_variable_holds() -> int:
    """Count as `run` does, beside a variable's own reference those of the list and of the counting."""
    variable = _Variable()
    variable.storage = object()
    values = [variable.storage]
    return sys.getrefcount(values[0])


_REFERENCES = _references_to_what_only_a_variable_holds()
