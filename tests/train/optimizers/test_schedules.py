"""Learning rates over time: where they start and end, inside compiled functions, as data, and what they refuse."""

from __future__ import annotations

import copy
import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.foundation.errors import ArgumentError
from kcore_train import optimizers
from kcore_train.optimizers import schedules

ALL = [
    schedules.ExponentialDecay(1.0, 10, 0.5),
    schedules.ExponentialDecay(1.0, 10, 0.5, staircase=True),
    schedules.InverseTimeDecay(1.0, 10, 0.5),
    schedules.PolynomialDecay(1.0, 10, power=2.0),
    schedules.PolynomialDecay(1.0, 10, cycle=True),
    schedules.PiecewiseConstantDecay([3, 6], [1.0, 0.5, 0.1]),
    schedules.CosineDecay(1.0, 10),
    schedules.CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=3),
    schedules.CosineDecayRestarts(1.0, 4),
]
NAMES = [f"{type(schedule).__name__}-{i}" for i, schedule in enumerate(ALL)]


def rate(schedule, step):
    return float(ops.convert_to_numpy(schedule(step)))


@pytest.mark.parametrize("schedule", ALL, ids=NAMES)
def test_rates_are_the_same_for_numbers_tensors_and_compiled(backend, schedule):
    compiled = ops.jit(lambda step: schedule(step))
    for step in (0, 2, 4, 7, 30):
        given = ops.convert_to_tensor(step, "int32")
        assert ops.dtype(schedule(given)) == "float32"
        np.testing.assert_allclose(rate(schedule, given), rate(schedule, step), rtol=1e-6)
        np.testing.assert_allclose(
            float(ops.convert_to_numpy(compiled(given))), rate(schedule, step), rtol=1e-5, atol=1e-7
        )


@pytest.mark.parametrize("schedule", ALL, ids=NAMES)
def test_a_copy_and_what_data_makes_give_the_same_rates(backend, schedule):
    others = (
        schedules.deserialize(schedules.serialize(schedule)),
        type(schedule).from_config(schedule.get_config()),
        copy.deepcopy(schedule),
        pickle.loads(pickle.dumps(schedule)),
    )
    for other in others:
        assert type(other) is type(schedule) and other.get_config() == schedule.get_config()
        assert rate(other, 7) == rate(schedule, 7)


def test_a_cosine_falls_from_one_rate_to_the_other(backend):
    rates = [rate(schedules.CosineDecay(2.0, 8, alpha=0.25), step) for step in range(12)]
    assert rates[0] == 2.0 and rates == sorted(rates, reverse=True)
    np.testing.assert_allclose(rates[8:], 0.5, rtol=1e-6)


def test_restarts_come_at_the_first_step_of_each_fall_however_many_there_were(backend):
    """2 ** n - 1 times the first steps: where a logarithm that is rounded down would keep the fall before."""
    schedule = schedules.CosineDecayRestarts(1.0, 3)
    for n in range(1, 15):
        assert rate(schedule, 3 * (2**n - 1)) > 0.999
        assert rate(schedule, 3 * (2**n - 1) - 1) < 0.7


def test_an_optimizer_follows_its_schedule(backend):
    v = ops.Variable([1.0])
    optimizer = optimizers.SGD(schedules.PiecewiseConstantDecay([0, 1], [1.0, 0.5, 0.25]))
    lost = []
    for _ in range(3):
        before = v.numpy().item()
        optimizer.apply([ops.convert_to_tensor([1.0])], [v])
        lost.append(before - v.numpy().item())
    assert lost == [1.0, 0.5, 0.25]
    assert [each.name for each in optimizer.variables] == ["iteration"]


def test_a_schedule_counts_updates_not_steps_of_accumulation(backend):
    v = ops.Variable([1.0])
    optimizer = optimizers.SGD(schedules.PiecewiseConstantDecay([0], [0.5, 0.25]), gradient_accumulation_steps=2)
    seen = []
    for _ in range(4):
        optimizer.apply([ops.convert_to_tensor([1.0])], [v])
        seen.append(v.numpy().item())
    assert seen == [1.0, 0.5, 0.5, 0.25]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.ExponentialDecay(1.0, 0, 0.5), "decay_steps can not be 0\n  fix: use a positive number"),
        (lambda: schedules.InverseTimeDecay(1.0, -1, 0.5), "InverseTimeDecay\n  decay_steps can not be -1"),
        (lambda: schedules.PolynomialDecay(1.0, 0), "PolynomialDecay\n  decay_steps can not be 0"),
        (lambda: schedules.CosineDecay(1.0, 0), "CosineDecay\n  decay_steps can not be 0"),
        (lambda: schedules.CosineDecay(1.0, 5, warmup_steps=-2), "warmup_steps can not be -2"),
        (lambda: schedules.CosineDecayRestarts(1.0, 0), "first_decay_steps can not be 0"),
        (lambda: schedules.CosineDecayRestarts(1.0, 5, t_mul=0), "t_mul can not be 0"),
        (lambda: schedules.PiecewiseConstantDecay([1, 2], [1.0]), "1 values were given for 2 boundaries"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [3.0, 2.0, 1.0]), r"boundaries do not rise: \[2, 1\]"),
        (lambda: schedules.LearningRateSchedule().get_config(), "LearningRateSchedule has no get_config"),
        (lambda: schedules.deserialize("cosine_decoy"), "no schedule named .*\n  fix: did you mean .cosine_decay."),
        (lambda: schedules.deserialize({"class_name": "CosineDecay"}), "this is not the data of a schedule"),
    ],
)  # fmt: skip
def test_what_can_not_be_a_schedule_is_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
