"""`LossScaleOptimizer` decides as Keras's does: what is skipped, what is halved, and when the scale grows again."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import Variable
from kcore_train import optimizers as our_optimizers

pytestmark = pytest.mark.needs("gradient")

INNER: dict[str, tuple[str, dict[str, Any]]] = {
    "momentum": ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    "adam": ("Adam", {"learning_rate": 0.1}),
    "average": ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3}),
    "global_clipnorm": ("Adam", {"learning_rate": 0.1, "global_clipnorm": 0.5}),
    "clipnorm": ("SGD", {"learning_rate": 0.1, "clipnorm": 0.5}),
    "clipvalue": ("SGD", {"learning_rate": 0.1, "clipvalue": 0.5}),
    "accumulated": ("SGD", {"learning_rate": 0.1, "gradient_accumulation_steps": 2}),
    "accumulated, momentum and decay": (
        "AdamW", {"learning_rate": 0.1, "gradient_accumulation_steps": 3, "weight_decay": 0.1}
    ),
}  # fmt: skip

rng = np.random.default_rng(0)
VALUES = [rng.normal(size=shape).astype("float32") for shape in ((3, 2), (2,))]
# Finite steps, and some whose gradients overflowed, in one of the two or in both.
FAULTS: list[Any] = [None, np.inf, None, None, np.nan, -np.inf, None, None, None, np.inf, None, None, None]


def gradients(scale: float) -> list[list[Any]]:
    numbers = np.random.default_rng(1)
    found = []
    for i, fault in enumerate(FAULTS):
        step = [(numbers.normal(size=v.shape) * scale).astype("float32") for v in VALUES]
        if fault is not None:
            step[i % 2].flat[0] = fault
        found.append(step)
    return found


def _states(optimizer: Any, variables: list[Any]) -> list[Any]:
    return [np.array(ops.convert_to_numpy(getattr(v, "value", v))) for v in (*variables, *optimizer.variables)]


def _apply_theirs(keras: Any, optimizer: Any, given: list[Any], variables: list[Any]) -> None:
    """Take a step with Keras's, whose conditions JAX takes as functions of the state alone."""
    if keras.config.backend() != "jax":
        optimizer.apply(given)
        return
    values, states = optimizer.stateless_apply(
        [v.value for v in optimizer.variables], given, [v.value for v in variables]
    )
    for variable, value in zip((*variables, *optimizer.variables), (*values, *states), strict=True):
        variable.assign(value)


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("is_function", [False, True], ids=["in place", "a function of the state"])
def test_each_step_leaves_what_keras_leaves(backend, keras, inner, is_function):
    name, arguments = INNER[inner]
    options = {"initial_scale": 16.0, "dynamic_growth_steps": 3}
    theirs = keras.optimizers.LossScaleOptimizer(getattr(keras.optimizers, name)(**arguments), **options)
    ours = our_optimizers.LossScaleOptimizer(getattr(our_optimizers, name)(**arguments), **options)
    of_theirs = [keras.Variable(value, name=f"v{i}") for i, value in enumerate(VALUES)]
    of_ours = [Variable(value, name=f"v{i}") for i, value in enumerate(VALUES)]
    theirs.build(of_theirs)
    ours.build(of_ours)
    step = ops.jit(ours.stateless_apply) if is_function else None
    for given in gradients(scale=8.0):
        _apply_theirs(keras, theirs, [keras.ops.convert_to_tensor(g) for g in given], of_theirs)
        if step is None:
            ours.apply([ops.convert_to_tensor(g) for g in given])
        else:
            states = [v.value for v in ours.variables]
            values, states = step(states, [ops.convert_to_tensor(g) for g in given], [v.value for v in of_ours])
            for variable, value in zip((*of_ours, *ours.variables), (*values, *states), strict=True):
                variable.assign(value)
        for found, expected in zip(_states(ours, of_ours), _states(theirs, of_theirs), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
        loss = np.float32(3.0)
        scaled = keras.ops.convert_to_numpy(theirs.scale_loss(keras.ops.convert_to_tensor(loss)))
        np.testing.assert_array_equal(ops.convert_to_numpy(ours.scale_loss(ops.convert_to_tensor(loss))), scaled)
