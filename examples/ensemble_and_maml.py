"""An ensemble trained by `vmap`, and MAML on sinusoids: one file, three frameworks.

MAML: Finn et al. (2017), arXiv:1703.03400.

KCORE_BACKEND=torch python examples/ensemble_and_maml.py
"""

from __future__ import annotations

import kcore as keras
import numpy as np
from kcore import ops


def make_model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(40, activation="tanh"),
            keras.layers.Dense(40, activation="tanh"),
            keras.layers.Dense(1),
        ]
    )


def functional_loss(model: keras.Model):
    """Give the mean squared error as a function of the model's weights."""

    def loss_of(weights, x, y):
        outputs, _ = model.stateless_call(weights, [], x)
        return ops.mean(ops.square(outputs - y))

    return loss_of


def train_ensemble(num_members: int = 5, num_steps: int = 200, learning_rate: float = 0.05) -> np.ndarray:
    """Train several copies of a network at once on the same data; gives the loss of each after each step."""
    members = [make_model() for _ in range(num_members)]
    loss_of = functional_loss(members[0])
    weights = [
        ops.stack([m.trainable_variables[i].value for m in members]) for i in range(len(members[0].trainable_variables))
    ]

    def step(weights, x, y):
        loss, grads = ops.value_and_grad(loss_of)(weights, x, y)
        return [w - learning_rate * g for w, g in zip(weights, grads, strict=True)], loss

    train_step = ops.jit(ops.vmap(step, in_axes=(0, None, None)))
    x = ops.convert_to_tensor(np.linspace(-3, 3, 64, dtype="float32")[:, None])
    y = ops.sin(x)
    losses = []
    for _ in range(num_steps):
        weights, loss = train_step(weights, x, y)
        losses.append(ops.convert_to_numpy(loss))
    return np.array(losses)


def sinusoids(rng: np.random.Generator, num_tasks: int, num_points: int = 10) -> tuple[np.ndarray, ...]:
    """Give points to adapt to and points to be judged by, of waves of random amplitude and phase."""
    amplitude = rng.uniform(0.1, 5.0, (num_tasks, 1, 1))
    phase = rng.uniform(0, np.pi, (num_tasks, 1, 1))
    x = rng.uniform(-5, 5, (num_tasks, 2 * num_points, 1))
    y = amplitude * np.sin(x - phase)
    x, y = x.astype("float32"), y.astype("float32")
    return x[:, :num_points], y[:, :num_points], x[:, num_points:], y[:, num_points:]


def adapted(loss_of, weights, x, y, inner_rate: float = 0.01):
    """Give the weights after one step on a task."""
    grads = ops.grad(loss_of)(weights, x, y)
    return [w - inner_rate * g for w, g in zip(weights, grads, strict=True)]


def train_maml(num_steps: int = 300, num_tasks: int = 16) -> tuple[list[float], list[float]]:
    """Learn weights from which one step goes far: gives the losses after adapting, and those before."""
    model = make_model()
    loss_of = functional_loss(model)
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)

    def loss_of_task(weights, x, y, x_new, y_new):
        return loss_of(adapted(loss_of, weights, x, y), x_new, y_new)

    def meta_loss(weights, *tasks):
        # The gradient of this goes through the update inside.
        return ops.mean(ops.vmap(loss_of_task, in_axes=(None, 0, 0, 0, 0))(weights, *tasks))

    def step(weights, optimizer_values, *tasks):
        loss, grads = ops.value_and_grad(meta_loss)(weights, *tasks)
        weights, optimizer_values = optimizer.stateless_apply(optimizer_values, grads, weights)
        return weights, optimizer_values, loss

    weights = [v.value for v in model.trainable_variables]
    optimizer_values = [v.value for v in optimizer.variables]
    meta_step, before = ops.jit(step), ops.jit(loss_of)
    rng = np.random.default_rng(0)
    after_adapting, without = [], []
    for _ in range(num_steps):
        tasks = [ops.convert_to_tensor(part) for part in sinusoids(rng, num_tasks)]
        points = [ops.reshape(part, (-1, 1)) for part in tasks[2:]]
        without.append(float(ops.convert_to_numpy(before(weights, *points))))
        weights, optimizer_values, loss = meta_step(weights, optimizer_values, *tasks)
        after_adapting.append(float(ops.convert_to_numpy(loss)))
    return after_adapting, without


def main() -> None:
    keras.utils.set_random_seed(0)
    losses = train_ensemble()
    print("ensemble:", losses[0], "->", losses[-1])
    adapted_losses, plain_losses = train_maml()
    print(f"MAML: {np.mean(adapted_losses[:20]):.3f} -> {np.mean(adapted_losses[-20:]):.3f} after one step,")
    print(f"      {np.mean(plain_losses[-20:]):.3f} before it")


if __name__ == "__main__":
    main()
