"""`MultiOptimizer`: each variable goes where its own optimizer would take it, however the step is taken."""

from __future__ import annotations

import copy
import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.files import load_model
from kcore_layers.layers import Dense
from kcore_layers.models.cloning import clone_model
from kcore_ops.foundation.errors import ArgumentError
from kcore_train.callbacks import LearningRateScheduler, ReduceLROnPlateau
from kcore_train.optimizers import SGD, Adam, LossScaleOptimizer, MultiOptimizer, OptimizerMap, RMSprop
from kcore_train.optimizers.schedules import ExponentialDecay

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = X @ np.array([[1.0], [-1.0], [0.5]], "float32")


def two(default=None, first=None, **kwargs):
    return MultiOptimizer(
        OptimizerMap(
            default or SGD(0.1, momentum=0.9, name="rest"), {"(.*/)?first/.*": first or Adam(0.05, name="adam")}
        ),
        **kwargs,
    )


def variables(value=1.0):
    found = [ops.Variable(np.full(2, value, "float32"), name=name) for name in ("kernel", "bias", "scale")]
    for v, path in zip(found, ("first/kernel", "first/bias", "second/scale"), strict=True):
        v.path = path
    return found


def run(optimizer, own, steps=3, scale=1.0):
    for i in range(steps):
        g = [ops.convert_to_tensor(np.array([1.0 + i, -2.0], "float32") * scale) for _ in own]
        optimizer.apply(g, own)
    return [v.numpy() for v in own]


def net():
    model = Sequential([Input((3,)), Dense(4, "tanh", name="first"), Dense(1, name="second")])
    for i, w in enumerate(model.trainable_variables):
        w.assign(np.random.default_rng(i).normal(size=w.shape))
    return model


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight_decay": 0.1, "clipnorm": 0.5},
        {"global_clipnorm": 0.5},
        {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
        {"gradient_accumulation_steps": 2},
    ],
    ids=str,
)
def test_each_variable_goes_where_its_own_optimizer_takes_it(backend, options):
    together, apart = variables(), variables()
    optimizer = two(first=Adam(0.05, **options))
    run(optimizer, together, 4)
    run(Adam(0.05, **options), apart[:2], 4)
    run(SGD(0.1, momentum=0.9), apart[2:], 4)
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-6)
    assert int(optimizer.iterations.numpy()) == 4


@pytest.mark.parametrize("is_compiled", [False, True])
def test_as_a_pure_function_it_does_what_it_does_in_place(backend, is_compiled):
    expected, blueprint = run(two(), variables()), variables()
    pure = two()
    pure.build(blueprint)
    step = ops.jit(pure.stateless_apply) if is_compiled else pure.stateless_apply
    values, state = [v.value for v in blueprint], [v.value for v in pure.variables]
    for i in range(3):
        g = [ops.convert_to_tensor(np.array([1.0 + i, -2.0], "float32")) for _ in values]
        values, state = step(state, g, values)
    for one, other in zip(values, expected, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(one), other, rtol=1e-5)


def test_its_state_is_its_own_and_then_that_of_each_the_default_last(backend):
    optimizer = two(name="both")
    optimizer.build(variables())
    assert [v.path for v in optimizer.variables] == [
        "both/iteration", "both/learning_rate",
        "adam/iteration", "adam/learning_rate",
        "adam/first_kernel_momentum", "adam/first_kernel_velocity",
        "adam/first_bias_momentum", "adam/first_bias_velocity",
        "rest/iteration", "rest/learning_rate", "rest/second_scale_momentum",
    ]  # fmt: skip
    assert [each.name for each in optimizer.optimizers] == ["adam", "rest"]


def test_an_optimizer_used_twice_is_one_and_one_without_variables_keeps_its_count(backend):
    shared = SGD(0.5)
    optimizer = MultiOptimizer(OptimizerMap(shared, {"first/kernel": shared, "nothing": Adam()}))
    run(optimizer, variables(), 1)
    assert [type(each).__name__ for each in optimizer.optimizers] == ["SGD", "Adam"]
    assert [int(each.iterations.numpy()) for each in optimizer.optimizers] == [1, 0]


def test_an_optimizer_takes_no_step_without_a_gradient_for_any_of_its_variables(backend):
    own, optimizer = variables(), two()
    optimizer.apply([None, None, ops.convert_to_tensor(np.ones(2, "float32"))], own)
    np.testing.assert_allclose([v.numpy()[0] for v in own], [1.0, 1.0, 0.9])
    assert [int(each.iterations.numpy()) for each in optimizer.optimizers] == [0, 1]


def test_its_factor_scales_the_loss_in_place_of_theirs(backend):
    optimizer = two(default=SGD(0.1, momentum=0.9, loss_scale_factor=4.0), loss_scale_factor=8.0)
    assert optimizer.scale_loss(2.0) == 16.0
    for one, other in zip(run(optimizer, variables(), scale=8.0), run(two(), variables()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_inside_a_loss_scale_optimizer_a_step_that_overflows_is_left_out_for_all(backend):
    own, optimizer = variables(), LossScaleOptimizer(two(), initial_scale=2.0)
    run(optimizer, own, scale=2.0)
    for one, other in zip(own, run(two(), variables()), strict=True):
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-5)
    before = [v.numpy() for v in own]
    optimizer.apply([ops.convert_to_tensor(np.array([1.0, x], "float32")) for x in (1.0, np.inf, 1.0)], own)
    assert all((v.numpy() == old).all() for v, old in zip(own, before, strict=True))


def test_excluding_from_weight_decay_reaches_each(backend):
    optimizer = two(SGD(0.1, weight_decay=0.5), SGD(0.1, weight_decay=0.5))
    own = variables()
    optimizer.exclude_from_weight_decay(var_list=own[2:], var_names=["bias"])
    optimizer.apply([ops.convert_to_tensor(np.zeros(2, "float32"))] * 3, own)
    np.testing.assert_allclose([v.numpy()[0] for v in own], [0.95, 1.0, 1.0])


# In models.


@pytest.mark.needs("gradient")
def test_a_model_trains_as_with_the_steps_of_each_by_hand(backend, other_backend):
    """On two backends, by `fit` and by `train_on_batch`, compiled as they compile."""
    found = []
    for each in (backend, other_backend):
        for is_fit in (True, False):
            with ops.use_backend(each.name):
                model = net()
                model.compile(two(), "mse")
                if is_fit:
                    model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0)
                else:
                    for _ in range(3):
                        model.train_on_batch(X[:8], Y[:8])
                        model.train_on_batch(X[8:], Y[8:])
                found.append([*model.get_weights(), *[v.numpy() for v in model.optimizer.variables]])
    for other in found[1:]:
        for one, two_ in zip(found[0], other, strict=True):
            np.testing.assert_allclose(one, two_, rtol=2e-4, atol=1e-6)


@pytest.mark.needs("gradient")
def test_a_frozen_layer_stays_and_thaws_with_its_own_optimizer(backend):
    model = net()
    model.compile(two(), "mse")
    model.get_layer("first").trainable = False
    before = model.get_layer("first").kernel.numpy()
    model.fit(X, Y, epochs=1, verbose=0)
    np.testing.assert_array_equal(model.get_layer("first").kernel.numpy(), before)
    model.get_layer("first").trainable = True
    model.fit(X, Y, epochs=1, verbose=0)
    assert np.abs(model.get_layer("first").kernel.numpy() - before).max() > 0
    adam = model.optimizer.optimizers[0]
    assert [v.path.partition("_first_")[2] for v in adam.variables[2:]] == [
        f"{name}_{slot}" for name in ("kernel", "bias") for slot in ("momentum", "velocity")
    ]


@pytest.mark.needs("gradient")
def test_an_option_of_one_of_them_and_a_schedule_changed_in_place_count_in_the_next_step(backend):
    schedule = ExponentialDecay(0.1, 1, 1.0)
    model = net()
    model.compile(two(SGD(0.1), SGD(schedule)), "mse")
    model.fit(X, Y, epochs=1, verbose=0)
    schedule.initial_learning_rate = 0.0
    model.optimizer.optimizers[1].clipvalue = 1e-6
    before = model.get_weights()
    model.fit(X, Y, batch_size=16, epochs=1, verbose=0)
    for i, (old, new) in enumerate(zip(before, model.get_weights(), strict=True)):
        assert np.abs(new - old).max() <= (0 if i < 2 else 1e-6)
        assert i < 2 or np.abs(new - old).max() > 0


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("copied", ["file", "clone", "deepcopy", "pickle"])
def test_a_copy_of_a_model_trains_on_as_the_model_does(backend, tmp_path, copied):
    model = net()
    model.compile(two(), "mse")
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0)
    if copied == "file":
        model.save(tmp_path / "model.keras")
        other = load_model(tmp_path / "model.keras")
    elif copied == "clone":
        other = clone_model(model)
        other.set_weights(model.get_weights())
        other.compile(MultiOptimizer.from_config(model.optimizer.get_config()), "mse")
        other.optimizer.build(other.trainable_variables)
        other.optimizer.set_weights([v.numpy() for v in model.optimizer.variables])
    else:
        other = copy.deepcopy(model) if copied == "deepcopy" else pickle.loads(pickle.dumps(model))
    assert other.optimizer is not model.optimizer
    for each in (model, other):
        each.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for one, another in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-5, atol=1e-7)


@pytest.mark.needs("gradient")
def test_callbacks_set_the_learning_rate_of_each_and_logs_name_it(backend, capsys):
    model = net()
    model.compile(two(), "mse")
    halve = LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1)
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=halve).history
    np.testing.assert_allclose(history["learning_rate_adam"], [0.025, 0.0125])
    np.testing.assert_allclose(history["learning_rate_rest"], [0.05, 0.025])
    assert "Epoch 1: LearningRateScheduler sets the learning rate of adam to 0.025" in capsys.readouterr().out
    falling = ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=1e9, min_lr=0.005, verbose=1)
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=falling).history
    np.testing.assert_allclose(history["learning_rate_adam"], [0.0125, 0.0125, 0.005])
    np.testing.assert_allclose(history["learning_rate_rest"], [0.025, 0.025, 0.005])
    assert "reduces the learning rate of rest to 0.005" in capsys.readouterr().out


# What can go wrong.


def test_it_has_no_learning_rate_of_its_own(backend):
    optimizer = two()
    assert not hasattr(optimizer, "learning_rate")
    with pytest.raises(AttributeError, match="MultiOptimizer has no learning rate of its own to be read"):
        _ = optimizer.learning_rate
    with pytest.raises(AttributeError, match=r"to be set\n  fix: use that of an optimizer in it: optimizer.optim"):
        optimizer.learning_rate = 0.1


def test_what_can_not_be_in_it_is_refused_when_it_is_made(backend):
    with pytest.raises(ArgumentError, match=r"(?s)a LossScaleOptimizer is among the optimizers.*takes a MultiOptim"):
        two(first=LossScaleOptimizer(SGD()))
    with pytest.raises(ArgumentError, match="a MultiOptimizer is among the optimizers of a MultiOptimizer"):
        two(default=two())
    with pytest.raises(ArgumentError, match=r"(?s)optimizer_map can not be .*fix: pass OptimizerMap\(default"):
        MultiOptimizer({"first/.*": SGD()})


def test_a_path_that_two_patterns_match_is_refused_until_one_does(backend):
    optimizer = MultiOptimizer(OptimizerMap(SGD(), {"first/.*": SGD(), ".*/kernel": Adam()}))
    for _ in range(2):
        with pytest.raises(ArgumentError, match=r"'first/kernel' matches 2 patterns: 'first/\.\*', '\.\*/kernel'"):
            optimizer.build(variables())


def test_a_map_finds_by_the_whole_path_and_itself_first():
    one, other, rest = SGD(), Adam(), RMSprop()
    found = OptimizerMap(rest, {"ker": one, "k.*": other})
    assert found["ker"] is one and found["kernel"] is other and found["a/ker"] is rest
    assert (list(found), len(found), "ker" in found, "kernel" in found) == (["ker", "k.*"], 2, True, False)
    del found["k.*"]
    assert found["kernel"] is found.default_optimizer is rest
    again = OptimizerMap.from_config(found.get_config())
    assert again.get_config() == found.get_config() and again["ker"] is not one


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: OptimizerMap("sgd"), "default_optimizer can not be 'sgd'"),
        (lambda: OptimizerMap(SGD(), {"a": "sgd"}), "the optimizer of 'a' can not be 'sgd'"),
        (lambda: OptimizerMap(SGD(), [("a", SGD())]), "optimizer_map can not be"),
        (lambda: OptimizerMap(SGD(), {1: SGD()}), "1 is no pattern"),
        (lambda: OptimizerMap(SGD(), {"(": SGD()}), r"'\(' is no regular expression: missing \)"),
        (lambda: OptimizerMap(SGD(), {"a": SGD()}).__setitem__("a", SGD()), "'a' has an optimizer already"),
    ],
)
def test_a_map_says_what_it_can_not_hold(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
