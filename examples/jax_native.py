"""A kcore model in training loops of JAX's: a step with optax, and data parallelism over several devices.

KCORE_BACKEND=jax XLA_FLAGS=--xla_force_host_platform_device_count=4 python examples/jax_native.py
"""

from __future__ import annotations

import os

os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=4")

import jax
import jax.numpy as jnp
import kcore as keras
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

NUM_CLASSES = 3


def make_data() -> tuple[np.ndarray, np.ndarray]:
    """Three clouds of points, and the number of the cloud of each."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, NUM_CLASSES, 256)
    points = rng.normal(size=(256, 4)) + 3.0 * np.eye(NUM_CLASSES, 4)[labels]
    return points.astype("float32"), labels


def make_model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(NUM_CLASSES),
        ]
    )


def make_train_step(model: keras.Model, optimizer: optax.GradientTransformation):
    """Give a step as a pure function of the model's state and the optimizer's."""

    def compute_loss(trainable, non_trainable, inputs, targets):
        logits, non_trainable = model.stateless_call(trainable, non_trainable, inputs, training=True)
        return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean(), non_trainable

    def train_step(state, inputs, targets):
        trainable, non_trainable, optimizer_state = state
        (loss, non_trainable), grads = jax.value_and_grad(compute_loss, has_aux=True)(
            trainable, non_trainable, inputs, targets
        )
        updates, optimizer_state = optimizer.update(grads, optimizer_state)
        trainable = optax.apply_updates(trainable, updates)
        return (trainable, non_trainable, optimizer_state), loss

    return train_step


def initial_state(model: keras.Model, optimizer: optax.GradientTransformation):
    trainable = [v.value for v in model.trainable_variables]
    non_trainable = [v.value for v in model.non_trainable_variables]
    return trainable, non_trainable, optimizer.init(trainable)


def own_loop(num_epochs: int = 20) -> list[float]:
    """Train with optax; gives the losses. The trained values are put back into the model at the end."""
    model, optimizer = make_model(), optax.adam(1e-2)
    state = initial_state(model, optimizer)
    train_step = jax.jit(make_train_step(model, optimizer))
    x, y = make_data()
    losses = []
    for _ in range(num_epochs):
        for i in range(0, len(x), 64):
            state, loss = train_step(state, x[i : i + 64], y[i : i + 64])
        losses.append(float(loss))
    for variable, value in zip(model.trainable_variables, state[0], strict=True):
        variable.assign(value)
    for variable, value in zip(model.non_trainable_variables, state[1], strict=True):
        variable.assign(value)
    return losses


def data_parallel(num_devices: int = 4, num_steps: int = 60) -> list[float]:
    """Train with each device computing on its part of the batch; gives the losses."""
    model, optimizer = make_model(), optax.sgd(0.1)
    mesh = Mesh(np.array(jax.devices()[:num_devices]), ("batch",))
    everywhere, in_parts = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("batch"))
    state = jax.device_put(initial_state(model, optimizer), everywhere)
    train_step = jax.jit(make_train_step(model, optimizer))
    x, y = (jax.device_put(jnp.asarray(part), in_parts) for part in make_data())
    losses = []
    for _ in range(num_steps):
        state, loss = train_step(state, x, y)
        losses.append(float(loss))
    return losses


def main() -> None:
    keras.utils.set_random_seed(0)
    print("own loop:     ", own_loop()[-1])
    print("one device:   ", data_parallel(1)[-1])
    print("four devices: ", data_parallel(4)[-1])


if __name__ == "__main__":
    with keras.use_backend("jax"):
        main()
