"""Branches and loops, on JAX arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax import lax
from kcore_ops.plugin import defined


def cond(pred, true_fn, false_fn):
    # A known predicate needs no graph, and its branches may return what a graph can not hold.
    if not isinstance(pred, jax.core.Tracer):
        return true_fn() if pred else false_fn()
    return lax.cond(pred.astype(bool), true_fn, false_fn)


def switch(index, branches, operands):
    if not isinstance(index, jax.core.Tracer):
        return defined("switch")(index, branches, operands)
    return lax.switch(index, branches, *operands)


def while_loop(cond, body, loop_vars, maximum_iterations):
    is_sequence = isinstance(loop_vars, list | tuple)
    first = tuple(loop_vars) if is_sequence else (loop_vars,)

    def goes_on(state):
        turns, values = state
        more = cond(*values)
        return more if maximum_iterations is None else more & (turns < maximum_iterations)

    def turn(state):
        turns, values = state
        result = body(*values)
        return turns + 1, tuple(result) if isinstance(result, list | tuple) else (result,)

    _, values = lax.while_loop(goes_on, turn, (0, first))
    return type(loop_vars)(values) if is_sequence else values[0]


def fori_loop(lower, upper, body_fun, init_val):
    return lax.fori_loop(lower, upper, body_fun, init_val)


def scan(f, init, xs, length, reverse, unroll):
    return lax.scan(f, init, xs, length, reverse, unroll)


TABLE: dict[str, Callable[..., Any]] = {
    "cond": cond,
    "fori_loop": fori_loop,
    "scan": scan,
    "switch": switch,
    "while_loop": while_loop,
}
