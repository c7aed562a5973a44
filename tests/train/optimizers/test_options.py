"""What optimizers are made with, and their learning rate as a variable."""

from __future__ import annotations

import copy
import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.layers import Dense
from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError
from kcore_train import optimizers
from kcore_train.callbacks import LearningRateScheduler, ReduceLROnPlateau
from kcore_train.optimizers.schedules import ExponentialDecay


def test_the_learning_rate_is_a_variable_of_the_optimizer(backend):
    optimizer = optimizers.SGD(0.5)
    rate = optimizer.learning_rate
    assert isinstance(rate, Variable) and rate is optimizer.variables[1]
    rate.assign(0.25)
    v = Variable([1.0])
    optimizer.apply([ops.convert_to_tensor([1.0])], [v])
    np.testing.assert_allclose(v.numpy(), [0.75])
    optimizer.learning_rate = 1.0
    assert float(rate.numpy()) == 1.0 and optimizer.learning_rate is rate


def test_the_learning_rate_of_a_schedule_is_its_value_now(backend):
    optimizer = optimizers.SGD(ExponentialDecay(1.0, 1, 0.5))
    v = Variable([0.0])
    for expected in (1.0, 0.5, 0.25):
        assert float(ops.convert_to_numpy(optimizer.learning_rate)) == expected
        optimizer.apply([ops.convert_to_tensor([1.0])], [v])
    np.testing.assert_allclose(v.numpy(), [-1.75])


def test_a_schedule_may_take_the_place_of_a_number_and_of_another_schedule(backend):
    optimizer = optimizers.SGD(0.5, name="o")
    for rate in (1.0, 2.0):
        optimizer.learning_rate = ExponentialDecay(rate, 1, 0.5)
        assert float(ops.convert_to_numpy(optimizer.learning_rate)) == rate
        assert [v.path for v in optimizer.variables] == ["o/iteration"]


@pytest.mark.parametrize("rate", [ExponentialDecay(1.0, 1, 0.5), lambda: 0.5], ids=["schedule", "function"])
def test_a_rate_that_follows_something_can_not_be_set_to_a_number(backend, rate):
    optimizer = optimizers.SGD(rate)
    for error in (TypeError, ArgumentError):
        with pytest.raises(error, match="the learning rate follows a (schedule|function), and can not be set"):
            optimizer.learning_rate = 0.1


@pytest.mark.needs("gradient")
@pytest.mark.parametrize(
    "callback", [LearningRateScheduler(lambda epoch: 0.1), ReduceLROnPlateau("loss", patience=1, min_delta=1e9)]
)
def test_a_callback_can_not_set_the_rate_of_a_schedule(backend, callback):
    model = Sequential([Input((2,)), Dense(1)])
    model.compile(optimizers.SGD(ExponentialDecay(0.1, 10, 0.9)), "mse")
    with pytest.raises(TypeError, match="the learning rate follows a schedule"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=3, callbacks=[callback], verbose=0)


@pytest.mark.parametrize("rate", [np.float32(0.5), np.float64(0.5), np.array(0.5), np.int32(1), 1])
def test_a_rate_may_be_any_number(backend, rate):
    assert float(optimizers.SGD(rate).learning_rate.numpy()) == float(rate)
    optimizer = optimizers.SGD(0.1)
    optimizer.learning_rate = rate
    assert float(optimizer.learning_rate.numpy()) == float(rate)


@pytest.mark.parametrize("rate", [-1, True, None, "0.1", [0.1], np.ones(2), np.float32(-1)])
def test_what_is_no_rate_is_refused(backend, rate):
    with pytest.raises(ArgumentError, match="learning_rate can not be"):
        optimizers.SGD(rate)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.SGD(ema_overwrite_frequency=-1), "ema_overwrite_frequency can not be -1"),
        (lambda: optimizers.SGD(ema_overwrite_frequency=1.5), "ema_overwrite_frequency can not be 1.5"),
        (lambda: optimizers.Adam(gradient_accumulation_steps=1), "gradient_accumulation_steps can not be 1"),
        (lambda: optimizers.Adam(gradient_accumulation_steps="2"), "gradient_accumulation_steps can not be '2'"),
        (lambda: optimizers.Adam(name=3), "name can not be 3"),
        (lambda: optimizers.Adam(name="a/b"), "name can not be 'a/b'"),
        (lambda: optimizers.AdamW(weight_decay=None), "AdamW needs a weight_decay"),
        (lambda: optimizers.SGD(clipnorm="1"), "clipnorm can not be '1'"),
        (lambda: optimizers.SGD(momentum="1"), "momentum can not be '1'"),
    ],
)
def test_arguments_are_checked(backend, make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize(
    "options", [{"ema_overwrite_frequency": 0}, {"gradient_accumulation_steps": 0}, {"clipnorm": np.float32(1)}]
)
def test_none_of_something_may_be_zero(backend, options):
    v = Variable([1.0])
    optimizers.SGD(1.0, use_ema=True, **options).apply([ops.convert_to_tensor([1.0])], [v])
    np.testing.assert_allclose(v.numpy(), [0.0])


def test_two_optimizers_and_their_variables_have_names_of_their_own(backend):
    one, other = optimizers.Adam(), optimizers.Adam()
    assert one.name != other.name
    v = Variable([1.0], name="v")
    one.build([v]), other.build([v])
    assert not {v.path for v in one.variables} & {v.path for v in other.variables}


@pytest.mark.parametrize("again", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))])
def test_copies_leave_out_of_weight_decay_what_the_original_does(backend, again):
    optimizer, v = optimizers.SGD(1.0, weight_decay=0.5), Variable([1.0])
    optimizer.exclude_from_weight_decay([v])
    optimizer.build([v])
    other, w = again((optimizer, v))
    other.apply([ops.convert_to_tensor([0.0])], [w])
    assert w.numpy().tolist() == [1.0]
