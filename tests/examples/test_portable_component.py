"""A component defined once trains by the means of each framework, and gives the same everywhere."""

from __future__ import annotations

from importlib import import_module

import kcore_ops as ops
import numpy as np
import pytest


@pytest.fixture
def component():
    return import_module("portable_component")


@pytest.fixture
def train(component, backend):
    """Training in the framework under test."""
    return getattr(component, f"in_{backend.name}")


def loss_on(component, backend_name):
    x, y = component.make_data()
    with ops.use_backend(backend_name):
        weights = {name: ops.convert_to_tensor(kernel) for name, kernel in component.initial_weights(4).items()}
        y_pred = component.attention_block(weights, ops.convert_to_tensor(x), num_heads=2)
        return ops.convert_to_numpy(component.robust_loss(y_pred - ops.convert_to_tensor(y)))


def test_it_gives_the_same_as_on_arrays(component, backend):
    np.testing.assert_allclose(loss_on(component, backend.name), loss_on(component, "numpy"), rtol=1e-4, atol=1e-5)


@pytest.mark.needs_example_of("torch", "jax", "tensorflow")
def test_it_trains_in_the_framework_and_runs_on_arrays(component, train):
    losses, weights = train(num_steps=60)
    assert losses[0] == pytest.approx(component.on_arrays(component.initial_weights(4)), rel=1e-5)
    assert losses[-1] < 0.95 * losses[0]
    assert losses[-1] == pytest.approx(component.on_arrays(weights), rel=1e-2)


def test_a_step_attends_to_none_that_comes_later(component, backend):
    weights = {name: ops.convert_to_tensor(kernel) for name, kernel in component.initial_weights(4).items()}
    x = np.random.default_rng(0).normal(size=(1, 5, 4)).astype("float32")
    later = x.copy()
    later[:, 3:] += 1.0
    out, changed = (
        ops.convert_to_numpy(component.attention_block(weights, ops.convert_to_tensor(one), num_heads=1))
        for one in (x, later)
    )
    np.testing.assert_allclose(out[:, :3], changed[:, :3], atol=1e-6)
    assert np.all(np.abs(out[:, 3:] - changed[:, 3:]).max(axis=-1) > 0.1)


@pytest.mark.parametrize("alpha", [2.0, 1.0, 0.0, -2.0])
def test_the_loss_is_a_square_near_zero_and_flatter_the_lower_alpha(component, backend, alpha):
    near, far = ops.convert_to_numpy(component.robust_loss([0.01, 10.0], alpha=alpha, scale=2.0))
    assert near == pytest.approx(0.5 * 0.005**2, rel=2e-2)
    # The formulas of the paper: squared, Charbonnier's, Cauchy's, Geman and McClure's.
    formulas = {2.0: 0.5 * 25, 1.0: 26**0.5 - 1, 0.0: np.log1p(12.5), -2.0: 2 * 25 / (25 + 4)}
    assert far == pytest.approx(formulas[alpha], rel=1e-5)


def test_the_loss_of_integers_and_of_specs_is_floating(component, backend):
    assert ops.dtype(component.robust_loss([1, 2])) == "float32"
    assert component.robust_loss(ops.TensorSpec((None,), "int32")).dtype == "float32"
    with pytest.raises(ops.DTypeError, match="DTypeError in portable_component.robust_loss\n.*real numbers"):
        component.robust_loss(np.array([1j]))
