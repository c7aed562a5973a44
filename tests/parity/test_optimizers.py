"""Every optimizer leads to the numbers, and keeps the state, that Keras's does, on the same framework."""

from __future__ import annotations

from typing import Any

import differences
import kcore_ops as ops
import numpy as np
import pytest
from kcore_train import optimizers
from kcore_train.optimizers import schedules
from largest import note

SHAPES = {"matrix": (4, 3), "vector": (3,), "filters": (2, 3, 4), "embeddings": (5, 2), "scalar": ()}
STEPS = 20
# Where the way of writing a formula shows. Adam and Nadam: Keras on torch takes powers of beta_2 in double precision,
# and has 1 - 0.999 ** t with more digits. Ftrl: the variable is a quotient of large sums. Muon: the polynomial
# multiplies a difference by 3.4 each time.
TOLERANCES = {"Adam": 5e-6, "AdamW": 5e-6, "Nadam": 5e-6, "Ftrl": 5e-6, "Muon": 1e-5}

OWN: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("Adam", {}),
    ("Adam", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.1, "amsgrad": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.9, "rho": 0.8}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.5}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "epsilon": 1e-2}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adadelta", {"learning_rate": 1.0, "rho": 0.8, "epsilon": 1e-3}),
    ("Adamax", {}),
    ("Adamax", {"beta_1": 0.8, "beta_2": 0.9}),
    ("Nadam", {}),
    ("Nadam", {"beta_1": 0.8, "beta_2": 0.9}),
    ("Ftrl", {}),
    ("Ftrl", {"l1_regularization_strength": 0.1, "l2_regularization_strength": 0.2, "beta": 0.3}),
    ("Ftrl", {"l2_shrinkage_regularization_strength": 0.1, "learning_rate_power": -0.3}),
    ("Lion", {}),
    ("Lion", {"beta_1": 0.8, "beta_2": 0.7}),
    ("Lamb", {}),
    ("Lamb", {"weight_decay": 0.1}),
    ("Adafactor", {}),
    ("Adafactor", {"learning_rate": 0.9}),
    ("Adafactor", {"relative_step": False, "clip_threshold": 0.5, "beta_2_decay": -0.5}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "momentum": 0.8, "ns_steps": 3, "adam_lr_ratio": 0.5}),
    ("Muon", {"weight_decay": 0.1, "adam_weight_decay": 0.2, "rms_rate": None}),
    ("Muon", {"exclude_layers": ["mat"], "exclude_embeddings": False}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-2}),
    ("ScheduleFreeAdamW", {"warmup_steps": 6, "weight_decay": 0.1}),
]
SHARED: list[tuple[str, dict[str, Any]]] = [
    (name, options)
    for name in dict.fromkeys(name for name, _ in OWN)
    for options in (
        {"weight_decay": 0.1},
        {"clipnorm": 0.5},
        {"clipvalue": 0.3},
        {"global_clipnorm": 0.8},
        {"use_ema": True, "ema_momentum": 0.8},
        {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3},
        {"loss_scale_factor": 8.0},
        {"gradient_accumulation_steps": 3},
        {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 2},
        {"gradient_accumulation_steps": 2, "clipnorm": 0.5, "weight_decay": 0.1},
    )
]
CASES = [(name, {"learning_rate": 0.05, **options}) for name, options in OWN + SHARED]
NAMES = [f"{name}-{'-'.join(f'{k}={v}' for k, v in options.items())}" for name, options in OWN + SHARED]


def draw():
    rng = np.random.default_rng(7)
    values = [rng.normal(size=shape).astype("float32") for shape in SHAPES.values()]
    gradients = [[rng.normal(size=shape).astype("float32") for shape in SHAPES.values()] for _ in range(STEPS)]
    return values, gradients


def theirs(keras, values):
    return [keras.Variable(value, name=name) for name, value in zip(SHAPES, values, strict=True)]


def ours(values):
    return [ops.Variable(value, name=name) for name, value in zip(SHAPES, values, strict=True)]


def assert_same(found, wanted, tolerance=1e-6, what="optimizers"):
    for one, other in zip(found, wanted, strict=True):
        note(what, ops.convert_to_numpy(one), other)
        np.testing.assert_allclose(ops.convert_to_numpy(one), other, rtol=tolerance, atol=tolerance)


def numbers(keras, variables):
    return [keras.ops.convert_to_numpy(v.value) for v in variables]


def run_both(keras, backend, optimizer, keras_optimizer):
    values, gradients = draw()
    mine, other = ours(values), theirs(keras, values)
    for step in gradients:
        optimizer.apply([ops.convert_to_tensor(g) for g in step], mine)
        keras_optimizer.apply([keras.ops.convert_to_tensor(g) for g in step], other)
    return mine, other


# Those of ScheduleFreeAdamW are compared below: Keras has two results for it.
STEPPED = [pytest.param(*case, id=name) for case, name in zip(CASES, NAMES, strict=True)
           if case[0] != "ScheduleFreeAdamW"]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), STEPPED)
def test_twenty_steps_lead_where_they_lead_in_keras(keras, backend, name, options):
    optimizer = getattr(optimizers, name)(**options)
    keras_optimizer = getattr(keras.optimizers, name)(**options)
    mine, other = run_both(keras, backend, optimizer, keras_optimizer)
    tolerance = TOLERANCES.get(name, 1e-6)
    assert_same(mine, numbers(keras, other), tolerance, name)
    assert_same(optimizer.variables, numbers(keras, keras_optimizer.variables), tolerance, f"state of {name}")
    optimizer.finalize_variable_values(mine)
    keras_optimizer.finalize_variable_values(other)
    assert_same(mine, numbers(keras, other), tolerance, f"averages of {name}" if optimizer.use_ema else name)


@pytest.mark.parametrize("name", dict.fromkeys(case.values[0] for case in STEPPED))
def test_each_follows_a_schedule_as_in_keras(keras, backend, name):
    made = []
    for module in (optimizers, keras.optimizers):
        rate = module.schedules.PolynomialDecay(0.01, 10, 0.05)
        made.append(getattr(module, name)(rate))
    mine, other = run_both(keras, backend, *made)
    assert_same(mine, numbers(keras, other), TOLERANCES.get(name, 1e-6), name)
    assert_same(made[0].variables, numbers(keras, made[1].variables), TOLERANCES.get(name, 1e-6), f"state of {name}")


def schedule_free(values, gradients, is_of_new_z, beta_1=0.9, beta_2=0.999, epsilon=1e-8, warmup_steps=0,
                  weight_decay=0.0):  # fmt: skip
    """Give `y` after steps of algorithm 1 of Defazio et al. (2024), the average found with the new `z` or the old."""
    y = values.astype("float64")
    z, v = y, 0.0
    for t, g in enumerate(gradients, 1):
        rate = 0.05 * (min(t / warmup_steps, 1) if warmup_steps else 1)
        y = y * (1 - 0.05 * weight_decay)
        v = beta_2 * v + (1 - beta_2) * g.astype("float64") ** 2
        before, z = z, z - rate * g / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
        x = (y - (1 - beta_1) * (z if is_of_new_z else before)) / beta_1
        x = x + (z - x) / t
        y = (1 - beta_1) * z + beta_1 * x
    return y


@pytest.mark.parametrize("options", [options for name, options in OWN if name == "ScheduleFreeAdamW"])
def test_schedule_free_steps_are_those_of_keras_where_values_do_not_change_under_it(keras, backend, options):
    """Where storage changes in place, Keras takes the average apart with the new `z`, in place of the one in it."""
    values, gradients = draw()
    optimizer = optimizers.ScheduleFreeAdamW(0.05, **options)
    mine, other = run_both(keras, backend, optimizer, keras.optimizers.ScheduleFreeAdamW(0.05, **options))
    is_of_new_z = "mutable_state" in backend.capabilities
    for i, value in enumerate(values):
        of_each = [step[i] for step in gradients]
        assert_same([mine[i]], [schedule_free(value, of_each, False, **options)], 2e-6)
        assert_same(numbers(keras, other)[i : i + 1], [schedule_free(value, of_each, is_of_new_z, **options)], 2e-6)


@pytest.mark.parametrize(("name", "options"), OWN, ids=NAMES[: len(OWN)])
def test_the_state_has_the_order_shapes_and_dtypes_of_keras(keras, backend, name, options):
    """Files hold the state by its place in this order."""
    values, _ = draw()
    for shared in ({}, {"use_ema": True, "gradient_accumulation_steps": 2}):
        optimizer = getattr(optimizers, name)(**options, **shared)
        keras_optimizer = getattr(keras.optimizers, name)(**options, **shared)
        optimizer.build(ours(values))
        keras_optimizer.build(theirs(keras, values))
        # Keras on TensorFlow counts steps in int64.
        found = [(v.shape, v.dtype) for v in optimizer.variables]
        wanted = [(tuple(v.shape), v.dtype.replace("int64", "int32")) for v in keras_optimizer.variables]
        assert found == wanted
        assert_same(optimizer.variables, numbers(keras, keras_optimizer.variables))


# Keras has the same name for two slots of Adafactor, and a counter for the name of Nadam's product.
@pytest.mark.parametrize(("name", "options"), [case for case in OWN if case[0] not in ("Adafactor", "Nadam")])
def test_the_state_has_the_names_of_keras(keras, backend, name, options):
    values, _ = draw()
    optimizer = getattr(optimizers, name)(**options, name="o")
    keras_optimizer = getattr(keras.optimizers, name)(**options, name="o")
    optimizer.build(ours(values))
    keras_optimizer.build(theirs(keras, values))
    assert [(v.name, v.path) for v in optimizer.variables] == [(v.name, v.path) for v in keras_optimizer.variables]


def test_state_saved_by_keras_goes_on_here(keras, backend):
    optimizer, keras_optimizer = optimizers.Adam(0.05), keras.optimizers.Adam(0.05)
    values, gradients = draw()
    other, store = theirs(keras, values), {}
    for step in gradients:
        keras_optimizer.apply([keras.ops.convert_to_tensor(g) for g in step], other)
    keras_optimizer.save_own_variables(store)
    mine = ours(numbers(keras, other))
    optimizer.build(mine)
    optimizer.load_own_variables(store)
    keras_optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients[0]], other)
    optimizer.apply([ops.convert_to_tensor(g) for g in gradients[0]], mine)
    assert_same(mine, numbers(keras, other))


def test_the_loss_scale_moves_as_in_keras(keras, backend):
    """Keras can do it in place only where storage changes in place, and as a pure function only where it does not."""
    options = {"initial_scale": 8.0, "dynamic_growth_steps": 2}
    optimizer = optimizers.LossScaleOptimizer(optimizers.Adam(0.1), **options)
    keras_optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.1), **options)
    mine, other = ops.Variable([1.0, 2.0]), keras.Variable([1.0, 2.0])
    keras_optimizer.build([other])
    values, state = [other.value], [v.value for v in keras_optimizer.variables]
    for number in (8, 4, np.inf, 8, np.nan, 8, 8, 8):
        gradient = np.array([number, 1.0], "float32")
        optimizer.apply([ops.convert_to_tensor(gradient)], [mine])
        if "mutable_state" in backend.capabilities:
            keras_optimizer.apply([keras.ops.convert_to_tensor(gradient)], [other])
            values, state = [other.value], [v.value for v in keras_optimizer.variables]
        else:
            values, state = keras_optimizer.stateless_apply(state, [keras.ops.convert_to_tensor(gradient)], values)
        assert_same([mine], [keras.ops.convert_to_numpy(x) for x in values], 5e-6)
        assert_same(optimizer.variables, [keras.ops.convert_to_numpy(x) for x in state])


@pytest.mark.parametrize(("name", "options"), CASES, ids=NAMES)
def test_keras_reads_the_config_of_an_optimizer_and_the_other_way_round(keras, backend, name, options):
    config = getattr(optimizers, name)(**options).get_config()
    wanted = getattr(keras.optimizers, name)(**options).get_config()
    assert {key: value for key, value in config.items() if key != "name"} == {
        key: value for key, value in wanted.items() if key != "name"
    }
    if name != "Lamb":  # which Keras's own deserialize does not know
        data = optimizers.serialize(getattr(optimizers, name)(**options))
        assert keras.optimizers.deserialize(data).get_config() == data["config"]
    data = keras.optimizers.serialize(getattr(keras.optimizers, name)(**options))
    assert optimizers.deserialize(data).get_config() == data["config"]


@pytest.mark.parametrize("name", "adam ADAM rmsprop RMSprop adamw AdamW sgd nadam adamax adagrad adadelta ftrl lion "
                         "adafactor muon schedulefreeadamw ScheduleFreeAdamW".split())  # fmt: skip
def test_a_name_means_what_it_means_to_keras(keras, backend, name):
    assert type(optimizers.get(name)).__name__ == type(keras.optimizers.get(name)).__name__


SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "decay_rate": 0.5}),
    ("ExponentialDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [2, 10], "values": [3.0, 2.0, 1.0]}),
    ("PolynomialDecay", {"initial_learning_rate": 1.0, "decay_steps": 10}),
    ("PolynomialDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "end_learning_rate": 0.1, "power": 2.0}),
    ("PolynomialDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "cycle": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
    ("CosineDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "alpha": 0.1}),
    ("CosineDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "warmup_target": 2.0, "warmup_steps": 5}),
    ("CosineDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "warmup_target": 2.0, "alpha": 0.1}),
    ("CosineDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "warmup_steps": 5}),
    ("CosineDecayRestarts", {"initial_learning_rate": 1.0, "first_decay_steps": 5, "m_mul": 0.5, "alpha": 0.1}),
    ("CosineDecayRestarts", {"initial_learning_rate": 1.0, "first_decay_steps": 5, "t_mul": 1.0, "m_mul": 0.5}),
    ("CosineDecayRestarts", {"initial_learning_rate": 1.0, "first_decay_steps": 5, "t_mul": 1.5}),
]


@pytest.mark.parametrize(("name", "options"), SCHEDULES)
def test_a_schedule_gives_the_rates_of_keras(keras, backend, name, options):
    schedule, wanted = getattr(schedules, name)(**options), getattr(keras.optimizers.schedules, name)(**options)
    for step in (0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 15, 20, 26, 35, 80):
        found = ops.convert_to_numpy(schedule(ops.convert_to_tensor(step, "int32")))
        assert found.dtype == "float32"
        np.testing.assert_allclose(found, keras.ops.convert_to_numpy(wanted(step)), rtol=1e-6, atol=1e-6)
    assert schedule.get_config() == wanted.get_config()
    assert keras.optimizers.schedules.deserialize(schedules.serialize(schedule)).get_config() == schedule.get_config()
    data = keras.optimizers.schedules.serialize(wanted)
    assert schedules.deserialize(data).get_config() == schedule.get_config()


def _change_in_step_6(module, variable, ops):
    """Give what a step changes relative to the variable, with gradients of 1 and a rate of 0.5."""
    v = variable(np.ones(3, "float32"))
    optimizer = module.Adafactor(0.5, relative_step=False)
    for _ in range(6):
        before = np.array(ops.convert_to_numpy(v))
        optimizer.apply([ops.convert_to_tensor(np.ones(3, "float32"))], [v])
    return round(float(1 - (ops.convert_to_numpy(v) / before)[0]), 3)


def _decayed(module, variable, ops):
    """Give a variable after a step without gradient, excluded from the weight decay of what is inside."""
    v = variable(np.ones(1, "float32"), name="v")
    optimizer = module.MultiOptimizer(module.OptimizerMap(module.SGD(1.0, weight_decay=0.5)))
    optimizer.exclude_from_weight_decay(var_names=["v"])
    optimizer.apply([ops.convert_to_tensor(np.zeros(1, "float32"))], [v])
    return float(ops.convert_to_numpy(v)[0])


def _without_gradients(module, variable, ops):
    """Give a variable that has a gradient, where another optimizer has none at all."""
    v, w = variable(np.ones(1, "float32"), name="v"), variable(np.ones(1, "float32"), name="w")
    optimizer = module.MultiOptimizer(module.OptimizerMap(module.SGD(0.5), {"w": module.SGD(0.5)}))
    optimizer.apply([ops.convert_to_tensor(np.ones(1, "float32")), None], [v, w])
    return float(ops.convert_to_numpy(v)[0])


def _after_two_updates(module, variable, ops):
    """Give a variable after two updates of two batches each, by rates that halve with each number of a schedule."""
    v = variable(np.zeros(1, "float32"))
    rate = module.schedules.ExponentialDecay(1.0, 1, 0.5)
    optimizer = module.SGD(rate, gradient_accumulation_steps=2)
    for _ in range(4):
        optimizer.apply([ops.convert_to_tensor(np.ones(1, "float32"))], [v])
    return float(ops.convert_to_numpy(v)[0])


# What to do, what we give and what Keras does: an error, or a value.
DIFFERENT = {
    "Adafactor(relative_step=False)": (_change_in_step_6, 0.5, 0.408),
    "SGD(clipnorm=0)": (lambda module, *_: module.SGD(clipnorm=0).clipnorm, ValueError, 0),
    "SGD(decay=0.1)": (lambda module, *_: module.SGD(decay=0.1).weight_decay, ValueError, None),
    "SGD(np.float32(0.1))": (
        lambda module, _, ops: round(float(ops.convert_to_numpy(module.SGD(np.float32(0.1)).learning_rate)), 3), 0.1,
        ValueError,
    ),
    "SGD(schedule, gradient_accumulation_steps=2)": (_after_two_updates, -1.5, -0.625),
    "ScheduleFreeAdamW(beta_1=0)": (lambda module, *_: module.ScheduleFreeAdamW(beta_1=0).beta_1, ValueError, 0),
    "MultiOptimizer().exclude_from_weight_decay()": (_decayed, 1.0, 0.5),
    "MultiOptimizer with None for all gradients of one": (_without_gradients, 0.5, ValueError),
    "MultiOptimizer(MultiOptimizer)": (
        lambda module, *_: module.MultiOptimizer(
            module.OptimizerMap(module.MultiOptimizer(module.OptimizerMap(module.SGD())))
        ).loss_scale_factor, ValueError, None,
    ),
    "MultiOptimizer({})": (lambda module, *_: module.MultiOptimizer({}).loss_scale_factor, ValueError, None),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Argument `decay`")
@pytest.mark.parametrize("what", differences.OPTIMIZERS)
def test_what_is_listed_as_different_is(keras, backend, what):
    do, ours, theirs = DIFFERENT[what]

    def outcome(*args):
        try:
            return do(*args)
        except ValueError:
            return ValueError

    assert outcome(optimizers, ops.Variable, ops) == ours
    assert outcome(keras.optimizers, keras.Variable, keras.ops) == theirs
