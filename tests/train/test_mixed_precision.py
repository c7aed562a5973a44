"""`fit` with computations in 16 bits and weights in 32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.base.random_seed import set_random_seed
from kcore_layers.layers import Dense
from kcore_ops.dtype_policies import dtype_policy, set_dtype_policy
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


def test_evaluates_and_predicts(backend, policy):
    model = make_model()
    assert model.predict(X, verbose=0).dtype == "float32"
    assert 0.0 <= model.evaluate(X, LABELS, return_dict=True, verbose=0)["accuracy"] <= 1.0
