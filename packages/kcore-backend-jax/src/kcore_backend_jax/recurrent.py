"""Recurrent networks, compiled once for each shape: an eager `lax.scan` compiles at each call.

On the CPU the inputs are projected within the loop, which is twice as fast there (JAX 0.10): their product with the
kernel does not leave the cache. Elsewhere it is computed for all steps at once, as the definitions do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import kcore_ops
from kcore_ops.plugin import check_recurrent_shapes, defined, gru_biases, gru_step, lstm_step


def lstm(x, h, c, kernel, recurrent_kernel, bias, unroll):
    if jax.default_backend() != "cpu":
        return defined(kcore_ops.lstm)(x, h, c, kernel, recurrent_kernel, bias, unroll)

    check_recurrent_shapes(x, kernel, recurrent_kernel, bias, gates=4, h=h, c=c)

    def step(carry: Any, x: jax.Array) -> Any:
        h, c = carry
        h, c = lstm_step(_projected(x, kernel, bias) + h @ recurrent_kernel, c)
        return (h, c), h

    (h, c), ys = jax.lax.scan(step, (h, c), jnp.swapaxes(x, 0, 1), unroll=unroll or 1)
    return jnp.swapaxes(ys, 0, 1), h, c


def gru(x, h, kernel, recurrent_kernel, bias, reset_after, unroll):
    if jax.default_backend() != "cpu":
        return defined(kcore_ops.gru)(x, h, kernel, recurrent_kernel, bias, reset_after, unroll)
    check_recurrent_shapes(x, kernel, recurrent_kernel, bias, gates=3, rows=(2,) if reset_after else (), h=h)
    of_input, of_state = gru_biases(bias, reset_after)

    def step(h: jax.Array, x: jax.Array) -> Any:
        h = gru_step(_projected(x, kernel, of_input), h, recurrent_kernel, of_state, reset_after)
        return h, h

    h, ys = jax.lax.scan(step, h, jnp.swapaxes(x, 0, 1), unroll=unroll or 1)
    return jnp.swapaxes(ys, 0, 1), h


def _projected(x: jax.Array, kernel: jax.Array, bias: jax.Array | None) -> jax.Array:
    return x @ kernel if bias is None else x @ kernel + bias


TABLE: dict[str, Callable[..., Any]] = {
    "gru": jax.jit(gru, static_argnums=(5, 6)),
    "lstm": jax.jit(lstm, static_argnums=6),
}
