"""The same models and loops as JAX's users write them: functions of trees of weights, optax, one jitted step."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from training_models import HEADS, VOCABULARY, WIDTH


def _dense(rng: Any, *sizes: int) -> list[Any]:
    return [(jnp.asarray(rng.normal(size=s).astype("float32")) * 0.05, jnp.zeros(s[-1])) for s in
            zip(sizes[:-1], sizes[1:], strict=True)]  # fmt: skip


def _mlp(layers: Any, x: Any) -> Any:
    for w, b in layers[:-1]:
        x = jax.nn.relu(x @ w + b)
    w, b = layers[-1]
    return x @ w + b


def _cnn(weights: Any, x: Any) -> Any:
    for kernel, bias in weights["convolutions"]:
        x = jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x = jax.nn.relu(x + bias)
        x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    return _mlp(weights["top"], x.reshape(len(x), -1))


def _lstm(weights: Any, x: Any) -> Any:
    gates = jnp.swapaxes(x @ weights["kernel"] + weights["bias"], 0, 1)

    def step(carry: Any, gates_of_input: Any) -> Any:
        h, c = carry
        i, f, g, o = jnp.split(gates_of_input + h @ weights["recurrent"], 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zeros = jnp.zeros((len(x), 64))
    (h, _), _ = jax.lax.scan(step, (zeros, zeros), gates)
    return _mlp(weights["top"], h)


def _normed(x: Any, scale: Any, offset: Any) -> Any:
    mean = x.mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(x.var(-1, keepdims=True) + 1e-5) * scale + offset


def _transformer(weights: Any, tokens: Any) -> Any:
    x = weights["embedding"][tokens]
    n, length = tokens.shape
    for block in weights["blocks"]:
        normed = _normed(x, *block["norms"][0])
        q, k, v = ((normed @ w + b).reshape(n, length, HEADS, -1) for w, b in block["qkv"])
        attended = jax.nn.dot_product_attention(q, k, v).reshape(n, length, WIDTH)
        w, b = block["out"]
        x = x + attended @ w + b
        (w1, b1), (w2, b2) = block["network"]
        x = x + jax.nn.gelu(_normed(x, *block["norms"][1]) @ w1 + b1, approximate=False) @ w2 + b2
    return _mlp(weights["top"], x.mean(1))


def _weights(name: str) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return jnp.asarray(rng.normal(size=shape).astype("float32")) * 0.05

    if name == "tiny":
        return _dense(rng, 32, 32, 10), _mlp
    if name == "mlp":
        return _dense(rng, 64, 512, 512, 10), _mlp
    if name == "cnn":
        kernels = [(normal(3, 3, 1, 32), jnp.zeros(32)), (normal(3, 3, 32, 64), jnp.zeros(64))]
        return {"convolutions": kernels, "top": _dense(rng, 1600, 10)}, _cnn
    if name == "lstm":
        return {
            "kernel": normal(32, 256), "recurrent": normal(64, 256), "bias": jnp.zeros(256), "top": _dense(rng, 64, 10)
        }, _lstm  # fmt: skip
    blocks = [
        {
            "norms": [(jnp.ones(WIDTH), jnp.zeros(WIDTH)) for _ in range(2)],
            "qkv": [_dense(rng, WIDTH, WIDTH)[0] for _ in range(3)],
            "out": _dense(rng, WIDTH, WIDTH)[0],
            "network": _dense(rng, WIDTH, 4 * WIDTH, WIDTH),
        }
        for _ in range(2)
    ]
    return {"embedding": normal(VOCABULARY, WIDTH), "blocks": blocks, "top": _dense(rng, WIDTH, 10)}, _transformer


class Loop:
    def __init__(self, case: Any) -> None:
        self.case = case
        self.weights, forward = _weights(case.name)
        optimizer = optax.adam(1e-3)
        self.state = optimizer.init(self.weights)

        def loss_of(weights: Any, x: Any, y: Any) -> Any:
            outputs = forward(weights, x)
            return optax.softmax_cross_entropy_with_integer_labels(outputs, y).mean(), outputs

        @functools.partial(jax.jit, donate_argnums=(0, 1, 2))
        def step(weights: Any, state: Any, sums: Any, x: Any, y: Any) -> Any:
            (loss, outputs), grads = jax.value_and_grad(loss_of, has_aux=True)(weights, x, y)
            updates, state = optimizer.update(grads, state)
            correct = jnp.sum(jnp.argmax(outputs, -1) == y)
            sums = sums[0] + loss * len(x), sums[1] + correct
            return optax.apply_updates(weights, updates), state, sums

        self.step, self.forward = step, jax.jit(forward)

    def fit(self, x: np.ndarray, y: np.ndarray) -> None:
        size, order = self.case.batch_size, np.random.permutation(len(x))
        sums = jnp.zeros(()), jnp.zeros(())
        for i in range(0, len(x), size):
            rows = order[i : i + size]
            self.weights, self.state, sums = self.step(self.weights, self.state, sums, x[rows], y[rows])
        self.results = float(sums[0]) / len(x), float(sums[1]) / len(x)

    def predict(self, x: np.ndarray) -> np.ndarray:
        size = self.case.batch_size
        parts = [self.forward(self.weights, x[i : i + size]) for i in range(0, len(x), size)]
        return np.concatenate([np.asarray(part) for part in parts])
