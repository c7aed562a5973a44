"""What all optimizers share: ways to run, clipping, averages, accumulation, decay, state, configuration, and errors."""

from __future__ import annotations

import copy
import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.foundation.errors import ArgumentError
from kcore_train import optimizers
from kcore_train.optimizers import schedules

SHAPES = {"kernel": (4, 3), "bias": (3,), "filters": (2, 3, 4), "gain": ()}

MAKERS = {
    "SGD": lambda **k: optimizers.SGD(0.05, **k),
    "momentum": lambda **k: optimizers.SGD(0.05, momentum=0.9, **k),
    "nesterov": lambda **k: optimizers.SGD(0.05, momentum=0.9, nesterov=True, **k),
    "Adam": lambda **k: optimizers.Adam(0.05, **k),
    "amsgrad": lambda **k: optimizers.Adam(0.05, amsgrad=True, **k),
    "AdamW": lambda **k: optimizers.AdamW(0.05, **k),
    "RMSprop": lambda **k: optimizers.RMSprop(0.05, **k),
    "centered": lambda **k: optimizers.RMSprop(0.05, momentum=0.5, centered=True, **k),
    "Adagrad": lambda **k: optimizers.Adagrad(0.05, **k),
    "Adadelta": lambda **k: optimizers.Adadelta(1.0, **k),
    "Adamax": lambda **k: optimizers.Adamax(0.05, **k),
    "Nadam": lambda **k: optimizers.Nadam(0.05, **k),
    "Ftrl": lambda **k: optimizers.Ftrl(0.05, l1_regularization_strength=0.1, **k),
    "power": lambda **k: optimizers.Ftrl(
        0.05, learning_rate_power=-0.3, l2_shrinkage_regularization_strength=0.1, beta=0.1, **k
    ),
    "Lion": lambda **k: optimizers.Lion(0.05, **k),
    "Lamb": lambda **k: optimizers.Lamb(0.05, **k),
    "Adafactor": lambda **k: optimizers.Adafactor(0.05, **k),
    "Muon": lambda **k: optimizers.Muon(0.05, **k),
    "ScheduleFreeAdamW": lambda **k: optimizers.ScheduleFreeAdamW(0.05, warmup_steps=3, **k),
    "scheduled": lambda **k: optimizers.Adam(schedules.ExponentialDecay(0.05, 2, 0.5), **k),
}
ALL_OPTIONS = {
    "weight_decay": 0.1, "clipnorm": 0.5, "use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2,
    "gradient_accumulation_steps": 2, "loss_scale_factor": 4.0,
}  # fmt: skip

every_optimizer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def draw(steps=5):
    rng = np.random.default_rng(5)
    values = [rng.normal(size=shape).astype("float32") for shape in SHAPES.values()]
    gradients = [[rng.normal(size=shape).astype("float32") for shape in SHAPES.values()] for _ in range(steps)]
    return values, gradients


def tensors(arrays):
    return [ops.convert_to_tensor(array) for array in arrays]


def make_variables(values):
    return [ops.Variable(value, name=name) for name, value in zip(SHAPES, values, strict=True)]


def numbers(variables):
    return [ops.convert_to_numpy(v) for v in variables]


def assert_close(found, wanted, rtol=1e-5, atol=1e-6):
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def run(optimizer, values, gradients):
    variables = make_variables(values)
    for step in gradients:
        optimizer.apply(tensors(step), variables)
    return variables


# The ways to run.


@every_optimizer
@pytest.mark.parametrize(
    ("options", "is_compiled"),
    [
        pytest.param({}, False, marks=pytest.mark.only("torch"), id="eager"),
        pytest.param({}, True, marks=pytest.mark.only("jax", "torch"), id="compiled"),
        pytest.param(ALL_OPTIONS, True, id="compiled-with-all-options"),
    ],
)
def test_as_a_pure_function_it_does_what_it_does_in_place(backend, make, options, is_compiled):
    values, gradients = draw()
    optimizer, pure = make(**options), make(**options)
    variables = run(optimizer, values, gradients)
    blueprint = make_variables(values)
    pure.build(blueprint)
    step = ops.jit(pure.stateless_apply) if is_compiled else pure.stateless_apply
    trained, state = tensors(values), [v.value for v in pure.variables]
    for each in gradients:
        trained, state = step(state, tensors(each), trained)
    # The divisions by 1 - 0.999 ** t magnify how a sum is rounded.
    assert_close(numbers(trained), numbers(variables), rtol=2e-5, atol=5e-6)
    assert_close(numbers(state), numbers(optimizer.variables))
    assert_close(numbers(blueprint), values, rtol=0, atol=0)
    assert int(pure._iterations.numpy()) == 0


@every_optimizer
def test_one_variable_at_a_time_goes_where_all_at_once_do(backend, make):
    values, gradients = draw()
    together = run(make(), values, gradients)
    for i, v in enumerate(together):
        alone = ops.Variable(values[i], name=v.name)
        optimizer = make()
        for step in gradients:
            optimizer.apply([ops.convert_to_tensor(step[i])], [alone])
        np.testing.assert_allclose(alone.numpy(), v.numpy(), rtol=1e-5, atol=1e-6)


@every_optimizer
def test_the_update_of_elements_has_a_function_for_all_tensors_at_once_if_the_backend_has(backend, make):
    optimizer = make()
    optimizer.build([ops.Variable([1.0])])
    updater = backend.training.in_place_updater(optimizer.update)
    if updater is None or not optimizer.is_elementwise:
        return
    shared = optimizer.shared(ops.convert_to_tensor(1.0), ops.convert_to_tensor(0.05))
    values, gradients = draw(1)
    slots = [[np.full_like(v, 0.3) for v in values] for _ in optimizer._slots[0]]
    states = [tensors(values), *map(tensors, slots)]
    given = [optimizer.update(*shared, *row) for row in zip(tensors(gradients[0]), *map(list, states), strict=True)]
    wanted = [[ops.convert_to_numpy(each) for each in row] for row in given]
    assert updater(shared, tensors(gradients[0]), states)
    for i, row in enumerate(wanted):
        assert_close([ops.convert_to_numpy(column[i]) for column in states], row)


@pytest.mark.parametrize("dtype", ["bfloat16", pytest.param("float64", marks=pytest.mark.needs("float64"))])
@every_optimizer
def test_variables_keep_their_dtype(backend, make, dtype):
    values, gradients = draw(2)
    optimizer, variables = make(), [ops.Variable(v, dtype=dtype) for v in values]
    for step in gradients:
        optimizer.apply(tensors(step), variables)
    assert {v.dtype for v in variables} == {dtype}
    assert all(np.isfinite(v.numpy().astype("float32")).all() for v in variables)


@pytest.mark.needs("gradient")
@every_optimizer
def test_it_comes_nearer_to_the_least_of_a_bowl(backend, make):
    target = np.array([[0.5, -0.5], [0.2, 0.1]], "float32")
    v, optimizer = ops.Variable(np.ones((2, 2), "float32")), make()
    goal = ops.convert_to_tensor(target)
    slope = ops.grad(lambda x: ops.sum(ops.square(x - goal)))
    start = np.square(v.numpy() - target).sum()
    for _ in range(40):
        optimizer.apply([slope(v.value)], [v])
    assert np.square(v.numpy() - target).sum() < 0.95 * start


@pytest.mark.needs("gradient")
def test_an_update_can_be_differentiated(backend):
    """As in meta-learning: the slope of the loss after a step, by the learning rate."""
    v = ops.Variable([1.0, 2.0])
    optimizer = optimizers.SGD(0.1)
    optimizer.build([v])

    def loss_after(rate):
        gradient = 2 * ops.convert_to_tensor([1.0, 2.0])
        new, _ = optimizer.stateless_apply([optimizer.iterations.value, rate], [gradient], [v.value])
        return ops.sum(ops.square(new[0]))

    slope = ops.grad(loss_after)(ops.convert_to_tensor(0.1))
    np.testing.assert_allclose(float(ops.convert_to_numpy(slope)), 2 * (0.8 * -2 + 1.6 * -4), rtol=1e-5)


# Clipping.


def first_step(gradients, **options):
    """What a step of length 1 takes off: the gradients, as they were clipped."""
    variables = [ops.Variable(np.zeros_like(g)) for g in gradients]
    optimizers.SGD(1.0, **options).apply(tensors(gradients), variables)
    return [-v.numpy() for v in variables]


def test_clipping_by_value_bounds_each_number(backend):
    clipped = first_step([np.array([3.0, -0.2, -7.0], "float32")], clipvalue=0.5)
    np.testing.assert_allclose(clipped[0], [0.5, -0.2, -0.5])


def test_clipping_by_norm_keeps_the_direction_and_leaves_short_ones(backend):
    clipped = first_step([np.array([3.0, 4.0], "float32"), np.array([0.3, 0.4], "float32")], clipnorm=1.0)
    assert_close(clipped, [[0.6, 0.8], [0.3, 0.4]])
    assert_close(first_step([np.zeros(3, "float32")], clipnorm=1.0), [np.zeros(3)])


def test_clipping_by_global_norm_scales_all_alike(backend):
    given = [np.array([3.0], "float32"), np.array([[4.0]], "float32")]
    assert_close(first_step(given, global_clipnorm=1.0), [[0.6], [[0.8]]])
    assert_close(first_step(given, global_clipnorm=10.0), given)


# Averages, accumulation, scale, decay, constraints.


def test_averages_start_with_the_first_values_and_take_their_place_in_the_end(backend):
    v = ops.Variable([1.0])
    optimizer = optimizers.SGD(0.5, use_ema=True, ema_momentum=0.75)
    for _ in range(3):
        optimizer.apply(tensors([np.array([1.0], "float32")]), [v])
    np.testing.assert_allclose(v.numpy(), [-0.5])
    optimizer.finalize_variable_values([v])
    np.testing.assert_allclose(v.numpy(), [0.75 * (0.75 * 0.5 + 0.25 * 0.0) + 0.25 * -0.5])


def test_averages_take_their_place_at_the_steps_asked_for(backend):
    v = ops.Variable([1.0])
    optimizer = optimizers.SGD(0.5, use_ema=True, ema_momentum=0.75, ema_overwrite_frequency=2)
    seen = []
    for _ in range(3):
        optimizer.apply(tensors([np.array([1.0], "float32")]), [v])
        seen.append(v.numpy().item())
    np.testing.assert_allclose(seen, [0.5, 0.375, -0.125])


@every_optimizer
def test_accumulated_steps_are_one_step_of_the_mean_gradient(backend, make):
    values, gradients = draw(6)
    accumulated = run(make(gradient_accumulation_steps=3), values, gradients)
    means = [[np.mean(column, axis=0) for column in zip(*gradients[i : i + 3], strict=True)] for i in (0, 3)]
    assert_close(numbers(accumulated), numbers(run(make(), values, means)), rtol=1e-4, atol=1e-5)


def test_iterations_count_updates(backend):
    v = ops.Variable([1.0])
    plain, accumulating = optimizers.SGD(), optimizers.SGD(gradient_accumulation_steps=2)
    for _ in range(5):
        for optimizer in (plain, accumulating):
            optimizer.apply(tensors([np.array([1.0], "float32")]), [v])
    assert int(plain.iterations.numpy()) == 5
    assert int(ops.convert_to_numpy(accumulating.iterations)) == 2


def test_a_loss_and_its_scale_cancel(backend):
    optimizer = optimizers.SGD(1.0, loss_scale_factor=8.0)
    assert optimizer.scale_loss(2.0) == 16.0
    v = ops.Variable([0.0])
    optimizer.apply(tensors([np.array([16.0], "float32")]), [v])
    assert v.numpy() == [-2.0]


def test_weight_decay_leaves_out_the_variables_excluded(backend):
    names = ("kernel", "bias", "scale")
    variables = [ops.Variable([1.0], name=name) for name in names]
    optimizer = optimizers.SGD(0.5, weight_decay=0.2)
    optimizer.exclude_from_weight_decay(var_list=[variables[2]], var_names=["bias"])
    optimizer.apply(tensors([np.zeros(1, "float32")] * 3), variables)
    assert_close(numbers(variables), [[0.9], [1.0], [1.0]])


def test_constraints_hold_after_each_step(backend):
    v = ops.Variable([1.0, 1.0])
    v.constraint = lambda x: ops.maximum(x, 0.0)
    optimizers.SGD(1.0).apply(tensors([np.array([3.0, 0.5], "float32")]), [v])
    assert v.numpy().tolist() == [0.0, 0.5]


def test_a_variable_that_is_overwritten_takes_its_gradient_as_it_is(backend):
    v, w = ops.Variable([1.0]), ops.Variable([1.0])
    w.overwrite_with_gradient = True
    optimizers.SGD(0.5).apply(tensors([np.array([1.0], "float32"), np.array([7.0], "float32")]), [v, w])
    assert (v.numpy().item(), w.numpy().item()) == (0.5, 7.0)


def test_a_variable_without_gradient_stays(backend):
    v, w = ops.Variable([1.0]), ops.Variable([1.0])
    optimizers.Adam(0.5).apply([ops.convert_to_tensor([1.0]), None], [v, w])
    assert v.numpy().item() < 1.0 and w.numpy().item() == 1.0


def test_variables_can_join_later(backend):
    v, w = ops.Variable([1.0]), ops.Variable([1.0], name="w")
    optimizer = optimizers.Adam(0.1)
    optimizer.apply(tensors([np.ones(1, "float32")]), [v])
    optimizer.apply(tensors([np.ones(1, "float32")] * 2), [v, w])
    assert len(optimizer.variables) == 2 + 4
    assert v.numpy().item() < w.numpy().item() < 1.0


# An optimizer of one's own.


class Slowing(optimizers.Optimizer):
    """As Keras's users write them: `build` and `update_step`."""

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self.totals = self.add_optimizer_variables(variables, "total")

    def update_step(self, gradient, variable, learning_rate):
        total = self.totals[self._places[id(variable)]]
        self.assign_add(total, ops.abs(gradient))
        self.assign_sub(variable, learning_rate * gradient / total.value)


def test_an_update_step_of_ones_own_runs_in_every_way(backend):
    values, gradients = draw(2)
    wanted = [v - 0.5 * a / np.abs(a) - 0.5 * b / (np.abs(a) + np.abs(b)) for v, a, b in zip(values, *gradients)]  # noqa: B905
    assert_close(numbers(run(Slowing(0.5), values, gradients)), wanted)
    pure = Slowing(0.5)
    pure.build(make_variables(values))
    trained, state = tensors(values), [v.value for v in pure.variables]
    for step in gradients:
        trained, state = ops.jit(pure.stateless_apply)(state, tensors(step), trained)
    assert_close(numbers(trained), wanted)


# State.


@every_optimizer
def test_a_copy_goes_on_as_the_original_does(backend, make):
    values, gradients = draw(3)
    optimizer = make(use_ema=True)
    variables = run(optimizer, values, gradients)
    for copied in (copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))):
        other, others = copied((optimizer, variables))
        other.apply(tensors(gradients[0]), others)
        again, same = copied((optimizer, variables))
        again.apply(tensors(gradients[0]), same)
        assert_close(numbers(others), numbers(same))
        assert other.iterations.numpy() == 4 and optimizer.iterations.numpy() == 3
    optimizer.apply(tensors(gradients[0]), variables)
    assert_close(numbers(others), numbers(variables))


@every_optimizer
def test_saved_state_goes_on_in_another(backend, make):
    values, gradients = draw(4)
    optimizer, other = make(), make()
    variables = run(optimizer, values, gradients)
    store = {}
    optimizer.save_own_variables(store)
    others = make_variables(numbers(variables))
    other.build(others)
    other.load_own_variables(store)
    for each, mine in ((optimizer, variables), (other, others)):
        each.apply(tensors(gradients[0]), mine)
    assert_close(numbers(others), numbers(variables), rtol=0, atol=0)


def test_the_learning_rate_can_be_set(backend):
    v = ops.Variable([1.0])
    optimizer = optimizers.SGD(0.1)
    optimizer.learning_rate = 0.5
    optimizer.apply(tensors([np.ones(1, "float32")]), [v])
    assert v.numpy() == [0.5]
    assert float(ops.convert_to_numpy(optimizer.learning_rate)) == 0.5
    optimizer.learning_rate = schedules.PiecewiseConstantDecay([9], [0.25, 0.0])
    optimizer.apply(tensors([np.ones(1, "float32")]), [v])
    assert v.numpy() == [0.25] and len(optimizer.variables) == 1


def test_a_number_changed_later_counts(backend):
    """Nothing computed with the old one is kept."""
    v, optimizer = ops.Variable([1.0]), optimizers.SGD(0.5, momentum=0.5)
    optimizer.apply(tensors([np.ones(1, "float32")]), [v])
    optimizer.momentum = 0.0
    optimizer.apply(tensors([np.zeros(1, "float32")]), [v])
    assert v.numpy() == [0.5]


def test_a_function_gives_the_learning_rate(backend):
    v, rates = ops.Variable([1.0]), [0.5, 0.25]
    optimizer = optimizers.SGD(lambda: rates[0])
    optimizer.apply(tensors([np.ones(1, "float32")]), [v])
    rates.pop(0)
    optimizer.apply(tensors([np.ones(1, "float32")]), [v])
    assert v.numpy() == [0.25]


# Configuration.


@every_optimizer
def test_what_data_makes_has_the_same_configuration_and_takes_the_same_steps(backend, make):
    values, gradients = draw(2)
    optimizer = make(weight_decay=0.1, use_ema=True, ema_momentum=0.8, global_clipnorm=2.0)
    for other in (
        optimizers.deserialize(optimizers.serialize(optimizer)),
        type(optimizer).from_config(optimizer.get_config()),
    ):
        assert type(other) is type(optimizer) and other.get_config() == optimizer.get_config()
        found = run(other, values, gradients)
    assert_close(numbers(found), numbers(run(optimizer, values, gradients)), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["adam", "Adam", "ADAM"])
def test_a_name_in_any_case_gives_the_optimizer(backend, name):
    assert isinstance(optimizers.get(name), optimizers.Adam)


def test_what_is_an_optimizer_already_comes_back(backend):
    optimizer = optimizers.RMSprop()
    assert optimizers.get(optimizer) is optimizer and optimizers.get(None) is None
    assert isinstance(optimizers.get({"class_name": "rmsprop", "config": {}}), optimizers.RMSprop)


# Errors.


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.SGD(lr=0.1), "SGD has no argument 'lr'\n  fix: use one of learning_rate, momentum"),
        (lambda: optimizers.SGD(momentun=0.9), "SGD has no argument 'momentun'\n  fix: did you mean 'momentum'"),
        (lambda: optimizers.SGD(-0.1), "SGD\n  learning_rate can not be -0.1\n  fix: pass a number"),
        (lambda: optimizers.SGD("fast"), "learning_rate can not be 'fast'"),
        (lambda: optimizers.SGD(0.1, momentum=2.0), "momentum can not be 2.0\n  fix: use a number from 0 to 1"),
        (lambda: optimizers.SGD(0.1, clipnorm=0.0), "clipnorm can not be 0.0\n  fix: use a positive number"),
        (lambda: optimizers.SGD(0.1, clipnorm=1.0, clipvalue=1.0), "only one of clipnorm, clipvalue and global_clip"),
        (lambda: optimizers.SGD(0.1, use_ema=True, ema_momentum=2), "ema_momentum can not be 2"),
        (lambda: optimizers.Lion(beta_1=0.0), "Lion\n  beta_1 can not be 0.0\n  fix: use a number above 0"),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "learning_rate_power can not be 0.5\n  fix: use 0 or a neg"),
        (lambda: optimizers.Ftrl(l1_regularization_strength=-1.0), "l1_regularization_strength can not be -1.0"),
        (lambda: optimizers.Ftrl(initial_accumulator_value=-1.0), "initial_accumulator_value can not be -1.0"),
        (lambda: optimizers.get("adagrd"), "no optimizer named 'adagrd'\n  fix: did you mean 'adagrad'"),
        (lambda: optimizers.get(3), "3 is not an optimizer"),
        (lambda: optimizers.get({"config": {}}), "this is not the data of an optimizer"),
        (lambda: optimizers.SGD().apply([1.0]), "SGD.apply\n  the optimizer does not know the variables"),
        (lambda: optimizers.SGD().apply([1.0], []), "1 gradients were given for 0 variables\n  fix: pass one gradient"),
        (lambda: optimizers.SGD().apply([None], [ops.Variable(1.0)]), "no variable has a gradient\n  fix: check that"),
        (lambda: optimizers.SGD().stateless_apply([], [], []), "the optimizer is not built\n  fix: call optimizer"),
        (lambda: optimizers.SGD().set_weights([1]), "1 arrays were given and the optimizer has 2 variables"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused(backend, make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_a_number_for_a_scheduled_learning_rate_is_refused(backend):
    optimizer = optimizers.SGD(schedules.CosineDecay(0.1, 10))
    with pytest.raises(ArgumentError, match="the learning rate follows a schedule, and can not be set to a number"):
        optimizer.learning_rate = 0.5


def test_values_that_do_not_fit_a_pure_step_are_refused(backend):
    optimizer = optimizers.SGD(0.1)
    optimizer.build([ops.Variable([1.0])])
    state = [v.value for v in optimizer.variables]
    with pytest.raises(ArgumentError, match="2 trainable variables were given and there are 1"):
        optimizer.stateless_apply(state, tensors([np.ones(1)]), tensors([np.ones(1)] * 2))
    with pytest.raises(ArgumentError, match="1 optimizer variables were given and there are 2"):
        optimizer.stateless_apply(state[:1], tensors([np.ones(1)]), tensors([np.ones(1)]))


def test_a_class_without_an_update_says_so(backend):
    class Idle(optimizers.Optimizer):
        pass

    with pytest.raises(NotImplementedError, match="Idle has neither update nor update_step"):
        Idle(0.1).apply(tensors([np.ones(1, "float32")]), [ops.Variable([1.0])])
