"""Scaled losses: steps that are not finite are left out, wherever the step runs, and the scale follows."""

from __future__ import annotations

import copy

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError
from kcore_train import optimizers

GRADIENTS = (8.0, 8.0, np.inf, 8.0, np.nan, 8.0, 8.0, 8.0)
# The scale after each of them, starting from 8 and doubled after two finite steps.
SCALES = (8.0, 16.0, 8.0, 8.0, 4.0, 4.0, 8.0, 8.0)


def make(inner=None, **options):
    return optimizers.LossScaleOptimizer(
        inner or optimizers.Adam(0.1), **{"initial_scale": 8.0, "dynamic_growth_steps": 2, **options}
    )


def gradient_of(number):
    return ops.convert_to_tensor(np.array([number, 1.0], "float32"))


def scale_of(optimizer):
    return float(ops.convert_to_numpy(optimizer.scale_loss(1.0)))


def test_the_scale_halves_at_overflow_and_doubles_after_finite_steps(backend):
    optimizer, v = make(), ops.Variable([1.0, 2.0])
    scales = []
    for number in GRADIENTS:
        optimizer.apply([gradient_of(number)], [v])
        scales.append(scale_of(optimizer))
    assert tuple(scales) == SCALES


def test_only_finite_steps_are_taken(backend):
    """With the gradients scaled back: by what the scale was at each of them."""
    optimizer, v = make(), ops.Variable([1.0, 2.0])
    plain, wanted = optimizers.Adam(0.1), ops.Variable([1.0, 2.0])
    for number, scale in zip(GRADIENTS, (8.0, *SCALES), strict=False):
        before = v.numpy()
        optimizer.apply([gradient_of(number)], [v])
        if np.isfinite(number):
            plain.apply([gradient_of(number) / scale], [wanted])
        else:
            np.testing.assert_array_equal(v.numpy(), before)
    np.testing.assert_allclose(v.numpy(), wanted.numpy(), rtol=1e-6)
    assert int(optimizer.iterations.numpy()) == 6


@pytest.mark.parametrize(
    "inner",
    [
        lambda: optimizers.Adam(0.1),
        lambda: optimizers.Nadam(0.1, gradient_accumulation_steps=2),
        lambda: optimizers.SGD(0.1, momentum=0.9, use_ema=True, weight_decay=0.1),
        lambda: optimizers.Adafactor(0.1),
    ],
)
@pytest.mark.parametrize("is_compiled", [False, True], ids=["eager", "compiled"])
def test_as_a_pure_function_it_does_what_it_does_in_place(backend, inner, is_compiled):
    optimizer, pure = make(inner()), make(inner())
    v, blueprint = ops.Variable([1.0, 2.0], name="v"), ops.Variable([1.0, 2.0], name="v")
    pure.build([blueprint])
    step = ops.jit(pure.stateless_apply) if is_compiled else pure.stateless_apply
    values, state = [blueprint.value], [each.value for each in pure.variables]
    for number in GRADIENTS:
        optimizer.apply([gradient_of(number)], [v])
        values, state = step(state, [gradient_of(number)], values)
        np.testing.assert_allclose(ops.convert_to_numpy(values[0]), v.numpy(), rtol=1e-5, atol=1e-6)
    for found, wanted in zip(state, optimizer.variables, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(found), wanted.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.needs("mutable_state", "jit")
def test_a_compiled_step_that_changes_variables_leaves_out_what_is_not_finite(backend):
    optimizer, v = make(), ops.Variable([1.0, 2.0])
    optimizer.build([v])
    step = backend.training.compile_in_place_step(lambda g: optimizer.apply([g], [v]), False)
    for number in GRADIENTS:
        step(gradient_of(number))
    plain, wanted = make(), ops.Variable([1.0, 2.0])
    for number in GRADIENTS:
        plain.apply([gradient_of(number)], [wanted])
    np.testing.assert_allclose(v.numpy(), wanted.numpy(), rtol=1e-6)
    assert scale_of(optimizer) == SCALES[-1]


def test_gradients_in_half_precision_do_not_vanish_when_scaled_back(backend):
    v = ops.Variable([0.0])
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(1.0), initial_scale=2.0**15)
    optimizer.apply([ops.cast(ops.convert_to_tensor([2.0**-12]), "float16")], [v])
    assert v.numpy() == [-(2.0**-27)]


def test_one_gradient_that_is_not_finite_stops_all(backend):
    v, w = ops.Variable([1.0, 1.0]), ops.Variable([1.0, 1.0])
    optimizer = make()
    optimizer.apply([gradient_of(1.0), gradient_of(np.inf)], [v, w])
    assert v.numpy().tolist() == w.numpy().tolist() == [1.0, 1.0]
    assert not bool(ops.convert_to_numpy(optimizer.check_finite([gradient_of(1.0), gradient_of(np.nan)])))


def test_its_state_is_its_own_and_the_inner_optimizers(backend):
    optimizer = make(optimizers.SGD(0.1, momentum=0.9, name="inner"), name="outer")
    optimizer.build([ops.Variable([1.0, 2.0], name="v")])
    assert [v.path for v in optimizer.variables] == [
        "outer/iteration", "outer/learning_rate", "outer/step_counter", "outer/dynamic_scale",
        "inner/iteration", "inner/learning_rate", "inner/v_momentum",
    ]  # fmt: skip
    store = {}
    optimizer.apply([gradient_of(8.0)])
    optimizer.save_own_variables(store)
    other = make(optimizers.SGD(0.1, momentum=0.9))
    other.build([ops.Variable([1.0, 2.0])])
    other.load_own_variables(store)
    assert int(other.iterations.numpy()) == 1 and int(other.step_counter.numpy()) == 1


def test_the_learning_rate_is_the_inner_optimizers(backend):
    optimizer = make(optimizers.SGD(0.1))
    optimizer.learning_rate = 0.5
    assert float(ops.convert_to_numpy(optimizer.inner_optimizer.learning_rate)) == 0.5
    assert float(ops.convert_to_numpy(optimizer.learning_rate)) == 0.5


def test_data_and_copies_make_one_like_it(backend):
    optimizer = make(optimizers.Adam(0.25, beta_1=0.8))
    for other in (optimizers.deserialize(optimizers.serialize(optimizer)), copy.deepcopy(optimizer)):
        assert other.get_config() == optimizer.get_config()
        assert other.inner_optimizer.beta_1 == 0.8
        v = ops.Variable([1.0, 2.0])
        other.apply([gradient_of(8.0)], [v])
        assert v.numpy().item(0) < 1.0


@pytest.mark.parametrize(
    ("make_it", "message"),
    [
        (lambda: optimizers.LossScaleOptimizer("adam"), "inner_optimizer can not be 'adam'\n  fix: pass an optimizer"),
        (lambda: make(weight_decay=0.1), "LossScaleOptimizer has no argument 'weight_decay'\n  fix: pass it to"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused(backend, make_it, message):
    with pytest.raises(ArgumentError, match=message):
        make_it()


def test_a_factor_of_the_inner_optimizer_has_no_effect(backend):
    v = Variable([1.0, 2.0])
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(0.5, loss_scale_factor=100.0), initial_scale=8.0)
    assert float(ops.convert_to_numpy(optimizer.scale_loss(ops.convert_to_tensor(1.0)))) == 8.0
    optimizer.apply([ops.convert_to_tensor([800.0, 8.0])], [v])
    np.testing.assert_allclose(v.numpy(), [-49.0, 1.5])


@pytest.mark.parametrize("number", [8.0, np.inf])
def test_variables_overwritten_with_their_gradient_get_it_as_it_is_if_all_are_finite(backend, number):
    """Scales of float8 arrive that way."""
    scale, v = Variable([0.0, 0.0]), Variable([0.0, 0.0])
    scale.overwrite_with_gradient = True
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(0.5), initial_scale=8.0)
    optimizer.apply([ops.convert_to_tensor([1.0, 6.0]), ops.convert_to_tensor([number, 8.0])], [scale, v])
    np.testing.assert_array_equal(scale.numpy(), [1.0, 6.0] if number == 8.0 else [0.0, 0.0])
    np.testing.assert_array_equal(v.numpy(), [-0.5, -0.5] if number == 8.0 else [0.0, 0.0])
