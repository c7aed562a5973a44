"""A component for every framework, on kcore-ops alone: an attention block and a robust loss, each defined once.

Below the definitions both are used by the means of PyTorch, JAX and TensorFlow, and on plain arrays. No backend is
selected anywhere: the tensors decide.
"""

from __future__ import annotations

from collections.abc import Mapping

import kcore_ops as ops
import numpy as np
from kcore_ops import Tensor


def attention_block(weights: Mapping[str, Tensor], x: Tensor, num_heads: int) -> Tensor:
    """Attend from each step of `x`, `(batch, steps, width)`, to those up to it, and add the result to `x`."""
    batch, steps, width = ops.shape(x)

    def heads_of(kernel: Tensor) -> Tensor:
        return ops.reshape(ops.matmul(x, kernel), (batch, steps, num_heads, width // num_heads))

    query, key, value = (heads_of(weights[name]) for name in ("query", "key", "value"))
    attended = ops.dot_product_attention(query, key, value, is_causal=True)
    return x + ops.matmul(ops.reshape(attended, (batch, steps, width)), weights["output"])


@ops.op(dtypes=ops.promotion.real_floating)
def robust_loss(error: Tensor, alpha: float = 1.0, scale: float = 1.0) -> Tensor:
    """Grow as the square of `error` near 0, and beyond `scale` the slower the lower `alpha` is.

    Shapes: like `error`. Dtype: that of `error`, if it is floating.
    Source: Barron (2019), arXiv:1701.03077, eq. 8: 2 is the squared error, 1 a smooth Huber loss, 0 Cauchy's.
    """
    z = ops.square(error / scale)
    if alpha == 2.0:
        return 0.5 * z
    if alpha == 0.0:
        return ops.log1p(0.5 * z)
    distance = abs(alpha - 2.0)
    return (distance / alpha) * ((z / distance + 1.0) ** (0.5 * alpha) - 1.0)


def initial_weights(width: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Draw the kernels on the host, so that they are the same in every framework."""
    rng = np.random.default_rng(seed)
    names = ("query", "key", "value", "output")
    return {name: (rng.normal(size=(width, width)) / width**0.5).astype("float32") for name in names}


def make_data(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Sequences, the means of their steps so far, and among these means a few that are far off."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(32, 6, 4))
    y = np.cumsum(x, axis=1) / np.arange(1, 7)[:, None]
    y[rng.random(y.shape) < 0.02] += 20.0
    return x.astype("float32"), y.astype("float32")


def in_torch(num_steps: int) -> tuple[list[float], dict[str, np.ndarray]]:
    """Train it inside a module: weights are parameters, `backward` and `torch.optim` do what they always do."""
    import torch

    class Block(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            kernels = {name: torch.from_numpy(kernel) for name, kernel in initial_weights(4).items()}
            self.weights = torch.nn.ParameterDict(kernels)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return attention_block(self.weights, x, num_heads=2)

    x, y = (torch.from_numpy(array) for array in make_data())
    block = Block()
    optimizer = torch.optim.SGD(block.parameters(), lr=0.3)
    losses = []
    for _ in range(num_steps):
        optimizer.zero_grad()
        loss = robust_loss(block(x) - y).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, {name: kernel.detach().numpy() for name, kernel in block.weights.items()}


def in_jax(num_steps: int) -> tuple[list[float], dict[str, np.ndarray]]:
    """Train it in a pure function, differentiated and compiled by JAX."""
    import jax

    def loss_of(weights: dict[str, jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
        return robust_loss(attention_block(weights, x, num_heads=2) - y).mean()

    @jax.jit
    def step(weights: dict[str, jax.Array], x: jax.Array, y: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        loss, grads = jax.value_and_grad(loss_of)(weights, x, y)
        return loss, jax.tree.map(lambda w, g: w - 0.3 * g, weights, grads)

    x, y = (jax.numpy.asarray(array) for array in make_data())
    weights = jax.tree.map(jax.numpy.asarray, initial_weights(4))
    losses = []
    for _ in range(num_steps):
        loss, weights = step(weights, x, y)
        losses.append(float(loss))
    return losses, jax.tree.map(np.asarray, weights)


def in_tensorflow(num_steps: int) -> tuple[list[float], dict[str, np.ndarray]]:
    """Train it in a graph that is made once, for batches and sequences of any size."""
    import tensorflow as tf

    weights = {name: tf.Variable(kernel) for name, kernel in initial_weights(4).items()}
    sequences = tf.TensorSpec([None, None, 4], tf.float32)

    @tf.function(
        input_signature=[sequences, sequences], autograph=False
    )  # ops have no source to convert, and need none
    def step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(robust_loss(attention_block(weights, x, num_heads=2) - y))
        for name, gradient in tape.gradient(loss, weights).items():
            weights[name].assign_sub(0.3 * gradient)
        return loss

    x, y = make_data()
    losses = [float(step(x, y)) for _ in range(num_steps)]
    return losses, {name: kernel.numpy() for name, kernel in weights.items()}


def on_arrays(weights: dict[str, np.ndarray]) -> float:
    """Run it on plain arrays, with weights from wherever they were trained."""
    x, y = make_data()
    with ops.use_backend("numpy"):  # arrays alone go to the current backend
        return float(robust_loss(attention_block(weights, x, num_heads=2) - y).mean())


if __name__ == "__main__":
    for train in (in_torch, in_jax, in_tensorflow):
        try:
            losses, weights = train(num_steps=100)
        except ImportError as error:
            print(f"{train.__name__}: {error}")
            continue
        print(f"{train.__name__}: {losses[0]:.4f} -> {losses[-1]:.4f}, on arrays {on_arrays(weights):.4f}")
