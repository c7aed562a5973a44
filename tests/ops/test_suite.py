"""The conformance suite fails what it is there to fail."""

from __future__ import annotations

import re

import numpy as np
import pytest
from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance import BackendConformance, __main__
from kcore_ops.conformance.case import all_cases
from kcore_ops.conformance.examination import examine_op
from kcore_ops.conformance.trials import TRIALS, Trial, try_inputs


class TwoOps(Backend):
    """A backend whose table is `cast` and `add`, and the latter wrong."""

    tensor_types = (np.ndarray, np.generic)

    def table(self):
        return {"add": lambda x1, x2: np.add(x1, x2) + x1.dtype.type(1), "cast": lambda x, dtype: x.astype(dtype)}

    def to_tensor(self, value, dtype):
        return np.array(value, dtype)

    def to_numpy(self, x):
        return np.asarray(x)


@pytest.fixture
def lacking():
    found = TwoOps()
    found.name = "lacking"
    return found


def suite(**known_gaps: str) -> BackendConformance:
    """Give the suite as a plugin's file of tests would have it."""

    class OfAStranger(BackendConformance):
        pass

    OfAStranger.known_gaps = known_gaps
    return OfAStranger()


def test_a_gap_that_has_closed_fails(backend):
    with pytest.raises(AssertionError, match="floor is native and right: take it out of known_gaps"):
        suite(floor="it has no ground").test_gap_is_known_and_open(backend, "floor")


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_gap_without_a_reason_fails(backend, reason):
    with pytest.raises(AssertionError, match="known_gaps gives no reason for 'add'"):
        suite(add=reason).test_gap_is_known_and_open(backend, "add")


def test_a_gap_that_is_no_op_fails(backend):
    with pytest.raises(AssertionError, match="known_gaps names 'addd', and there is no such op"):
        suite(addd="it can not spell").test_gap_is_known_and_open(backend, "addd")


def test_gaps_that_are_missing_or_wrong_are_open(lacking):
    suite(matmul="it has no products").test_gap_is_known_and_open(lacking, "matmul")
    suite(add="it can not count").test_gap_is_known_and_open(lacking, "add")


def test_what_is_missing_and_no_known_gap_fails_once(lacking):
    with pytest.raises(
        AssertionError, match=r"^lacking lacks, and does not list in known_gaps: (?!.*\bexp,).*\bmatmul,"
    ):
        suite(exp="it does not grow").test_every_op_is_there_or_a_known_gap(lacking)


def test_tests_of_what_is_missing_are_skipped_with_the_reason(lacking):
    reason = "needs multiply, which is missing: it has no products"
    for op in ("multiply", "square"):  # a primitive, and what is defined by it
        with on(lacking), pytest.raises(pytest.skip.Exception, match=reason):
            suite(multiply="it has no products").test_value_dtype_and_spec(lacking, all_cases()[op][0])


def test_a_wrong_value_fails(lacking):
    with on(lacking), pytest.raises(AssertionError, match="add on lacking"):
        suite().test_value_dtype_and_spec(lacking, all_cases()["add"][0])


@pytest.mark.parametrize(("effort", "inputs"), [(1.0, 20), (0.25, 5), (0.0, 1)])
def test_as_many_inputs_are_tried_as_the_effort_says(lacking, effort, inputs):
    tried = []
    trial = Trial(lambda backend, case, dtype, args: tried.append(dtype), 20, dtypes=("float32", "float64"))
    try_inputs(trial, lacking, all_cases()["add"][0], effort)
    assert len(tried) == inputs
    assert set(tried) <= {"float32", "float64"}


def test_the_command_tries_the_inputs_that_the_tests_try(backend, monkeypatch):
    case = all_cases()["add"][0]
    tried = {"command": [], "tests": []}
    for name, trial in TRIALS.items():

        def check(backend, case, dtype, args, name=name):
            tried[who].append((name, dtype, repr(args)))

        monkeypatch.setitem(TRIALS, name, Trial(check, trial.examples, trial.needs, trial.dtypes, trial.is_meant))
    who = "command"
    assert examine_op(backend, "add", [case], 0.5)[0] == "native"
    who, chosen = "tests", suite()
    chosen._effort = 0.5
    for name, trial in TRIALS.items():
        if trial.is_for(backend, case):
            getattr(chosen, f"test_{name}")(backend, case)
    assert tried["command"] == tried["tests"]
    assert [name for name, _, _ in tried["tests"]].count("value_dtype_and_spec") == 10


FOUND = {"add": ("native", ""), "mean": ("derived", ""), "svd": ("missing", "backend 'numpy' has no svd")}


def test_the_command_prints_a_table(monkeypatch, capsys):
    monkeypatch.setattr(__main__, "examine", lambda backend, effort: FOUND)
    assert __main__.main(["numpy"]) == 0
    assert [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()] == [
        ["op", "how", "note"],
        ["add", "native"],
        ["mean", "derived"],
        ["svd", "missing", "backend 'numpy' has no svd"],
        [],
        ["numpy:", "3", "ops: 1 derived, 1 missing, 1 native"],
        ["this", "backend", "has no gradients"],
    ]


def test_the_command_prints_markdown(monkeypatch, capsys):
    monkeypatch.setattr(__main__, "examine", lambda backend, effort: FOUND)
    assert __main__.main(["numpy", "--markdown"]) == 0
    lines = [re.sub(" +", " ", line) for line in capsys.readouterr().out.splitlines()]
    assert lines[:3] == ["| op | how | note |", "|---|---|---|", "| add | native | |"]
    assert lines[4] == "| svd | missing | backend 'numpy' has no svd |"


def test_the_command_fails_if_anything_is_wrong(monkeypatch, capsys):
    wrong = {"add": ("wrong", "AssertionError: add on numpy: inferred int32, is int64")}
    monkeypatch.setattr(__main__, "examine", lambda backend, examples: wrong)
    assert __main__.main(["numpy"]) == 1
    assert wrong["add"][1] in capsys.readouterr().out
