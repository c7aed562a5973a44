"""`fit` with computations in 16 bits and weights in 32."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.base.random_seed import set_random_seed
from kcore_layers.layers import Dense
from kcore_ops.dtype_policies import dtype_policy, set_dtype_policy
from kcore_train.losses import sparse_categorical_crossentropy
from kcore_train.optimizers import Adam, LossScaleOptimizer

rng = np.random.default_rng(0)
X = rng.normal(size=(64, 4)).astype("float32")
LABELS = (X.sum(1) > 0).astype("int32")


@pytest.fixture(params=["mixed_bfloat16", "mixed_float16"])
def policy(request):
    """A policy that is the default while the test runs."""
    before = dtype_policy()
    set_dtype_policy(request.param)
    yield request.param
    set_dtype_policy(before)


def make_model(**arguments: Any) -> Sequential:
    set_random_seed(0)
    model = Sequential([Input((4,)), Dense(16, activation="relu"), Dense(2, activation="softmax", dtype="float32")])
    model.compile(
        **{"optimizer": Adam(0.01), "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **arguments}
    )
    return model


def fit(model: Sequential, epochs: int = 8) -> dict[str, list[float]]:
    return model.fit(X, LABELS, batch_size=16, epochs=epochs, shuffle=False, verbose=0).history


@pytest.mark.needs("gradient")
def test_learns_as_in_32_bits(backend, policy):
    model = make_model()
    history = fit(model)
    set_dtype_policy("float32")
    expected = fit(make_model())
    assert {v.dtype for v in model.trainable_variables} == {"float32"}
    assert model.layers[0].compute_dtype == policy.removeprefix("mixed_")
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=0.03)


@pytest.mark.needs("gradient")
def test_scales_the_loss_in_float16_only(backend, policy):
    model = make_model()
    assert isinstance(model.optimizer, LossScaleOptimizer) == (policy == "mixed_float16")
    assert not isinstance(make_model(auto_scale_loss=False).optimizer, LossScaleOptimizer)
    unscaled = make_model(auto_scale_loss=False)
    # Small numbers of Adam's denominator aside, a scale that is taken out again changes nothing.
    np.testing.assert_allclose(fit(model)["loss"], fit(unscaled)["loss"], rtol=0.03)


@pytest.mark.needs("gradient")
def test_a_step_whose_gradients_overflow_changes_no_weight_and_lowers_the_scale(backend):
    before = dtype_policy()
    set_dtype_policy("mixed_float16")
    try:
        model = make_model(optimizer=LossScaleOptimizer(Adam(0.01), initial_scale=2.0**40))
    finally:
        set_dtype_policy(before)
    weights = model.get_weights()
    model.train_on_batch(X, LABELS)
    for found, expected in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert float(model.optimizer.dynamic_scale.numpy()) == 2.0**39


# Numbers that float16 has not, and bfloat16 has.
OVERFLOWING = np.where(np.arange(64)[:, None] // 16 == 1, np.float32(1e6), X)

WAYS: dict[str, dict[str, Any]] = {
    "compiled": {},
    "eager": {"run_eagerly": True},
    "uncompiled": {"jit_compile": False},
    "several steps at once": {"steps_per_execution": 2},
}
INNER: dict[str, dict[str, Any]] = {
    "plain": {},
    "average": {"use_ema": True, "ema_momentum": 0.5},
    "global_clipnorm": {"global_clipnorm": 0.1},
    "accumulated": {"gradient_accumulation_steps": 2},
}
# Each pair where steps are quick to make; elsewhere each way, and each optimizer compiled.
PAIRS = [
    pytest.param(way, inner, marks=() if "compiled" == way or "plain" == inner else pytest.mark.only("torch"))
    for way in WAYS
    for inner in INNER
]


def half_model(inner: dict[str, Any], growth: int, **arguments: Any) -> Sequential:
    before = dtype_policy()
    set_dtype_policy("mixed_float16")
    try:
        scaling = LossScaleOptimizer(Adam(0.01, **inner), initial_scale=64.0, dynamic_growth_steps=growth)
        return make_model(optimizer=scaling, **arguments)
    finally:
        set_dtype_policy(before)


def state(model: Sequential) -> list[Any]:
    return [v.numpy().copy() for v in (*model.trainable_variables, *model.optimizer.inner_optimizer.variables)]


@pytest.mark.needs("gradient")
@pytest.mark.parametrize(("way", "inner"), PAIRS)
def test_fit_leaves_out_the_batch_that_overflows_as_if_it_had_not_been(backend, way, inner):
    model = half_model(INNER[inner], growth=3, **WAYS[way])
    model.optimizer.build(model.trainable_variables)
    model.fit(OVERFLOWING[:32], LABELS[:32], batch_size=16, shuffle=False, verbose=0)  # the second batch of two
    other = half_model(INNER[inner], growth=3, **WAYS[way])
    other.fit(X[:16], LABELS[:16], batch_size=16, shuffle=False, verbose=0)
    if inner != "average":  # which is put in place of the weights as fit ends
        for found, expected in zip(state(model), state(other), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert float(model.optimizer.dynamic_scale.numpy()) == 32.0
    assert int(model.optimizer.step_counter.numpy()) == 0
    iterations = model.optimizer.inner_optimizer._iterations
    assert int(iterations.numpy()) == 1
    model.fit(X[:48], LABELS[:48], batch_size=16, shuffle=False, verbose=0)  # three good steps
    assert float(model.optimizer.dynamic_scale.numpy()) == 64.0
    assert int(model.optimizer.step_counter.numpy()) == 0
    assert int(iterations.numpy()) == 4
    assert all(np.isfinite(each).all() for each in state(model))


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("inner", INNER)
def test_a_loop_of_ones_own_recovers_from_an_overflow(backend, inner):
    model = half_model(INNER[inner], growth=2)
    optimizer, variables = model.optimizer, model.trainable_variables
    optimizer.build(variables)

    def loss_of(values, x, labels):
        outputs, _ = model.stateless_call(values, [v.value for v in model.non_trainable_variables], x)
        return optimizer.scale_loss(ops.mean(sparse_categorical_crossentropy(labels, outputs)))

    scales, changed = [], []
    for i in (0, 1, 2, 3, 1):
        batch = slice(16 * i, 16 * i + 16)
        before = state(model)
        given = ops.convert_to_tensor(OVERFLOWING[batch]), ops.convert_to_tensor(LABELS[batch])
        _, gradients = ops.value_and_grad(loss_of)([v.value for v in variables], *given)
        optimizer.apply(gradients, variables)
        scales.append(float(optimizer.dynamic_scale.numpy()))
        changed.append(any(not np.array_equal(a, b) for a, b in zip(state(model), before, strict=True)))
    assert scales == [64.0, 32.0, 32.0, 64.0, 32.0]
    assert changed == [True, False, True, True, False]


@pytest.mark.needs("gradient")
def test_bfloat16_needs_no_scale_and_infinities_pass_through(backend):
    before = dtype_policy()
    set_dtype_policy("mixed_bfloat16")
    try:
        model = make_model()
    finally:
        set_dtype_policy(before)
    fit(model, epochs=1)
    model.fit(OVERFLOWING, LABELS, batch_size=16, shuffle=False, verbose=0)  # which bfloat16 has
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_evaluates_and_predicts(backend, policy):
    model = make_model()
    assert model.predict(X, verbose=0).dtype == "float32"
    assert 0.0 <= model.evaluate(X, LABELS, return_dict=True, verbose=0)["accuracy"] <= 1.0
