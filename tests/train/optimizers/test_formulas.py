"""Each optimizer takes the steps of its paper, written here in plain NumPy and double precision."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_train import optimizers

RATE = 0.05
STEPS = 6


def draw(shape=(4, 3)):
    rng = np.random.default_rng(3)
    return rng.normal(size=shape).astype("float32"), rng.normal(size=(STEPS, *shape)).astype("float32")


def after(optimizer, start, gradients):
    v = ops.Variable(start, name="v")
    for g in gradients:
        optimizer.apply([ops.convert_to_tensor(g)], [v])
    return v.numpy()


def sgd(x, gradients):
    for g in gradients:
        x = x - RATE * g
    return x


def nesterov(x, gradients):
    velocity = 0.0
    for g in gradients:
        velocity = 0.9 * velocity - RATE * g
        x = x + 0.9 * velocity - RATE * g
    return x


def adam(x, gradients):
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        x = x - RATE * (m / (1 - 0.9**t)) / np.sqrt(v / (1 - 0.99**t))
    return x


def amsgrad(x, gradients):
    m = v = top = 0.0
    for t, g in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        top = np.maximum(top, v)
        x = x - RATE * (m / (1 - 0.9**t)) / np.sqrt(top / (1 - 0.99**t))
    return x


def rmsprop(x, gradients):
    squares = 0.0
    for g in gradients:
        squares = 0.9 * squares + 0.1 * g**2
        x = x - RATE * g / np.sqrt(squares + 1e-7)
    return x


def centered_rmsprop(x, gradients):
    squares = mean = change = 0.0
    for g in gradients:
        squares, mean = 0.9 * squares + 0.1 * g**2, 0.9 * mean + 0.1 * g
        change = 0.5 * change + RATE * g / np.sqrt(squares - mean**2 + 1e-3)
        x = x - change
    return x


def adagrad(x, gradients):
    total = 0.1
    for g in gradients:
        total = total + g**2
        x = x - RATE * g / np.sqrt(total)
    return x


def adadelta(x, gradients):
    squares = changes = 0.0
    for g in gradients:
        squares = 0.9 * squares + 0.1 * g**2
        change = -np.sqrt(changes + 1e-3) / np.sqrt(squares + 1e-3) * g
        changes = 0.9 * changes + 0.1 * change**2
        x = x + change
    return x


def adamax(x, gradients):
    m = u = 0.0
    for t, g in enumerate(gradients, 1):
        m, u = 0.9 * m + 0.1 * g, np.maximum(0.99 * u, np.abs(g))
        x = x - RATE / (1 - 0.9**t) * m / u
    return x


def schedule_free(y, gradients):
    x = z = y
    v = 0.0
    for t, g in enumerate(gradients, 1):
        v = 0.99 * v + 0.01 * g**2
        z = z - RATE * min(t / 3, 1) * g / np.sqrt(v / (1 - 0.99**t))
        x = x + (z - x) / t
        y = 0.2 * z + 0.8 * x
    return y


def nadam(x, gradients):
    m = v = 0.0
    product = 1.0
    for t, g in enumerate(gradients, 1):
        now, soon = 0.9 * (1 - 0.5 * 0.96**t), 0.9 * (1 - 0.5 * 0.96 ** (t + 1))
        product *= now
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        ahead = soon * m / (1 - product * soon) + (1 - now) * g / (1 - product)
        x = x - RATE * ahead / np.sqrt(v / (1 - 0.99**t))
    return x


def ftrl(x, gradients):
    """As in the paper, weight by weight; the first linear term is that of the weight there is."""
    n, z = np.full(x.shape, 0.1), np.zeros(x.shape)
    for g in gradients:
        sigma = (np.sqrt(n + g**2) - np.sqrt(n)) / RATE
        n, z = n + g**2, z + g - sigma * x
        kept = -(z - np.sign(z) * 0.2) / ((0.3 + np.sqrt(n)) / RATE + 2 * 0.4)
        x = np.where(np.abs(z) <= 0.2, 0.0, kept)
    return x


def lion(x, gradients):
    m = 0.0
    for g in gradients:
        x = x - RATE * np.sign(0.9 * m + 0.1 * g)
        m = 0.99 * m + 0.01 * g
    return x


def lamb(x, gradients):
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        r = (m / (1 - 0.9**t)) / np.sqrt(v / (1 - 0.99**t))
        x = x - RATE * np.linalg.norm(x) / np.linalg.norm(r) * r
    return x


def adafactor(x, gradients):
    """Algorithm 4, with the relative step sizes of algorithm 5."""
    rows, columns = np.zeros(x.shape[0]), np.zeros(x.shape[1])
    rms = lambda a: np.sqrt(np.mean(a**2))  # noqa: E731
    for t, g in enumerate(gradients, 1):
        beta = 1 - t**-0.8
        rows = beta * rows + (1 - beta) * (g**2 + 1e-30).sum(1)
        columns = beta * columns + (1 - beta) * (g**2 + 1e-30).sum(0)
        u = g / np.sqrt(np.outer(rows, columns) / rows.sum())
        x = x - max(1e-3, rms(x)) * min(RATE, 1 / np.sqrt(t)) * u / max(1.0, rms(u))
    return x


def muon(x, gradients):
    m = 0.0
    for g in gradients:
        m = 0.95 * m + g
        d = (g + 0.95 * m).T
        d = d / np.linalg.norm(d)
        for _ in range(5):
            a = d @ d.T
            d = 3.4445 * d + (-4.775 * a + 2.0315 * a @ a) @ d
        x = x - RATE * 0.2 * np.sqrt(max(x.shape)) * d.T
    return x


FORMULAS = {
    sgd: lambda: optimizers.SGD(RATE),
    nesterov: lambda: optimizers.SGD(RATE, momentum=0.9, nesterov=True),
    adam: lambda: optimizers.Adam(RATE, beta_2=0.99),
    amsgrad: lambda: optimizers.Adam(RATE, beta_2=0.99, amsgrad=True),
    rmsprop: lambda: optimizers.RMSprop(RATE),
    centered_rmsprop: lambda: optimizers.RMSprop(RATE, centered=True, momentum=0.5, epsilon=1e-3),
    adagrad: lambda: optimizers.Adagrad(RATE),
    adadelta: lambda: optimizers.Adadelta(1.0, rho=0.9, epsilon=1e-3),
    adamax: lambda: optimizers.Adamax(RATE, beta_2=0.99),
    nadam: lambda: optimizers.Nadam(RATE, beta_2=0.99),
    schedule_free: lambda: optimizers.ScheduleFreeAdamW(RATE, 0.8, 0.99, warmup_steps=3),
    ftrl: lambda: optimizers.Ftrl(RATE, l1_regularization_strength=0.2, l2_regularization_strength=0.4, beta=0.3),
    lion: lambda: optimizers.Lion(RATE),
    lamb: lambda: optimizers.Lamb(RATE, beta_2=0.99),
    adafactor: lambda: optimizers.Adafactor(RATE),
    muon: lambda: optimizers.Muon(RATE, weight_decay=None),
}


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.__name__)
def test_steps_are_those_of_the_paper(backend, formula):
    start, gradients = draw()
    wanted = formula(start.astype("float64"), gradients.astype("float64"))
    np.testing.assert_allclose(after(FORMULAS[formula](), start, gradients), wanted, rtol=2e-5, atol=1e-5)


def test_weight_decay_of_adamw_is_apart_from_the_gradient(backend):
    start, gradients = draw()
    x, m, v = start.astype("float64"), 0.0, 0.0
    for t, g in enumerate(gradients.astype("float64"), 1):
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        x = x - RATE * 0.1 * x - RATE * (m / (1 - 0.9**t)) / np.sqrt(v / (1 - 0.99**t))
    found = after(optimizers.AdamW(RATE, beta_2=0.99, weight_decay=0.1), start, gradients)
    np.testing.assert_allclose(found, x, rtol=2e-5, atol=1e-5)


def test_muon_brings_singular_values_near_to_one(backend):
    for shape in ((6, 3), (3, 6), (4, 4)):
        x = np.random.default_rng(0).normal(size=shape).astype("float32")
        near = optimizers.Muon().zeropower_via_newtonschulz5(ops.convert_to_tensor(x), 8)
        values = np.linalg.svd(ops.convert_to_numpy(near), compute_uv=False)
        assert near.shape == shape and values.min() > 0.6 and values.max() < 1.3


def test_muon_leaves_to_adam_what_is_no_matrix_an_embedding_or_excluded(backend):
    shapes = {"dense/kernel": (2, 3), "dense/bias": (3,), "embedding/embeddings": (5, 2), "head/kernel": (3, 2)}
    variables = []
    for path, shape in shapes.items():
        variables.append(ops.Variable(np.ones(shape, "float32"), name=path))
    optimizer = optimizers.Muon(exclude_layers=["^head/"], name="muon")
    optimizer.build(variables)
    assert [v.name for v in optimizer.variables[2:]] == [
        "dense_kernel_momentum", "dense_bias_momentum", "dense_bias_velocity", "embedding_embeddings_momentum",
        "embedding_embeddings_velocity", "head_kernel_momentum", "head_kernel_velocity",
    ]  # fmt: skip


def test_adafactor_keeps_means_of_rows_and_columns(backend):
    v = ops.Variable(np.ones((2, 3, 4), "float32"), name="v")
    optimizer = optimizers.Adafactor()
    optimizer.build([v])
    assert [each.shape for each in optimizer.variables[2:]] == [(2, 3), (2, 4), (2, 3, 4)]


def test_a_step_of_lamb_on_zeros_is_that_of_adam(backend):
    start, gradients = np.zeros((4,), "float32"), np.ones((1, 4), "float32")
    np.testing.assert_allclose(after(optimizers.Lamb(0.1), start, gradients), -0.1, rtol=1e-4)
