"""The conformance suite fails what it is there to fail."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from kcore_ops.backends import registry
from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance import BackendConformance, __main__, checks, examination, trials
from kcore_ops.conformance.case import all_cases
from kcore_ops.conformance.examination import Finding, examine_op
from kcore_ops.conformance.trials import TRIALS, Trial, try_inputs
from kcore_ops.foundation.errors import ShapeError


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

        monkeypatch.setitem(TRIALS, name, dataclasses.replace(trial, check=check))
    who = "command"
    assert examine_op(backend, "add", [case], 0.5).kind == "native"
    who, chosen = "tests", suite()
    chosen._effort = 0.5
    for name, trial in TRIALS.items():
        if trial.is_for(backend, case):
            getattr(chosen, f"test_{name}")(backend, case)
    assert tried["command"] == tried["tests"]
    assert [name for name, _, _ in tried["tests"]].count("value_dtype_and_spec") == 10


FOUND = [
    Finding("add", "native", inputs={"errors": 3, "gradient": 2}),
    Finding("mean", "derived", inputs={"errors": 6}),
    Finding("svd", "missing", "backend 'numpy' has no svd"),
]


def found(monkeypatch, *findings):
    """Let the command find what is given."""
    monkeypatch.setattr(__main__, "examine", lambda *args: iter(findings))


def test_the_command_prints_a_line_for_each_op_and_then_what_it_checked(monkeypatch, capsys):
    found(monkeypatch, *FOUND)
    assert __main__.main(["numpy"]) == 0
    assert [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()[:5]] == [
        ["op", "how", "note"],
        ["add", "native"],
        ["mean", "derived"],
        ["svd", "missing", "backend 'numpy' has no svd"],
        [],
    ]
    __main__.main(["numpy", "--quick"])
    assert capsys.readouterr().out.splitlines()[5:] == [
        "checked value dtype and spec: 0 ops, 0 inputs",
        "checked errors: 2 ops, 9 inputs",
        "checked layout: 0 ops, 0 inputs",
        "checked compiled: not run: --quick leaves it out",
        "checked place: not run: numpy has one device",
        "checked gradient: not run: numpy has not the capability 'gradient'",
        "checked second gradient: not run: --quick leaves it out",
        "",
        "numpy: 3 ops: 1 derived, 1 missing, 1 native",
    ]


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("is_alone", [True, False])
def test_the_command_says_what_it_compared_gradients_with(backend, monkeypatch, capsys, is_alone):
    other = None if is_alone else trials.other_with_gradients(backend)
    monkeypatch.setattr(__main__, "other_with_gradients", lambda backend: other)
    found(monkeypatch, *FOUND)
    __main__.main([backend.name])
    against = "finite differences" if is_alone else other.name
    assert f"checked gradient: 1 ops, 2 inputs, against {against}\n" in capsys.readouterr().out


def test_the_command_says_what_it_found_as_soon_as_it_has(monkeypatch, capsys):
    def findings(*args):
        yield FOUND[0]
        assert capsys.readouterr().out.splitlines()[-1].split() == ["add", "native"]
        yield FOUND[1]
        assert capsys.readouterr().out.split() == ["mean", "derived"]

    monkeypatch.setattr(__main__, "examine", findings)
    assert __main__.main(["numpy"]) == 0


def test_the_command_prints_markdown(monkeypatch, capsys):
    found(monkeypatch, *FOUND)
    assert __main__.main(["numpy", "--markdown"]) == 0
    lines = [re.sub(" +", " ", line) for line in capsys.readouterr().out.splitlines()]
    assert lines[:3] == ["| op | how | note |", "|---|---|---|", "| add | native | |"]
    assert lines[4:7] == ["| svd | missing | backend 'numpy' has no svd |", "",
                          "- checked value dtype and spec: 0 ops, 0 inputs"]  # fmt: skip


@pytest.mark.parametrize("kind", ["wrong", "slow"])
def test_the_command_fails_if_anything_is_wrong_or_slow_and_ends_with_it(monkeypatch, capsys, kind):
    said = "add on numpy: inferred int32, is int64"
    found(monkeypatch, Finding("add", kind, said, details=f"{said}\n" + "more\n" * 20), FOUND[1])
    assert __main__.main(["numpy"]) == 1
    out = capsys.readouterr().out
    assert f"\n{'add':<32} {kind:<8} {said}\n" in out
    assert f"\n\nadd is {kind}: {said}\n    {said}\n    more\n" in out
    assert "\n    ... and 5 lines more, by pytest -k add-\n" in out
    assert out.endswith(f"\n\nnumpy: 2 ops: 1 derived, 1 {kind}\n")


def test_the_command_tries_the_ops_in_whose_name_the_pattern_is_found(capsys):
    assert __main__.main(["numpy", "--ops", "^stop_|threshold|basic_item", "--effort", "0.1"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:4]]
    assert rows == [["basic_item", "native"], ["stop_gradient", "native"], ["threshold", "derived"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["numpy", "--ops", "sotfmax"], "--ops 'sotfmax' is found in the name of no op; close to it are softmax, "),
        (["numpy", "--ops", "("], "--ops '(' is not a regular expression: missing ), unterminated subpattern"),
        (["nunpy"], "BackendNotFound\n  no backend named 'nunpy' is installed\n"),
    ],
)
def test_the_command_refuses_what_is_not_there_with_a_word_and_no_traceback(capsys, arguments, said):
    assert __main__.main(arguments) == 2
    assert capsys.readouterr().err.startswith(said)


# What an error says, in one line.


def test_the_first_line_of_an_error_says_something():
    first_line = examination.first_line
    assert first_line(AssertionError("\n====\n  add on foo: 2 in place of 1\nmore")) == "add on foo: 2 in place of 1"
    assert first_line(ValueError("no\nmore")) == "ValueError: no"
    assert first_line(ShapeError("x has 3 axes", fix="pass a matrix").at("inv")) == "ShapeError: x has 3 axes"
    assert first_line(KeyError()) == "KeyError"
    silent = AssertionError()
    try:
        raise silent
    except AssertionError:
        assert re.fullmatch(r"AssertionError in test_suite\.py:\d+: raise silent", first_line(silent))


def test_the_note_of_a_wrong_value_says_what_is_in_place_of_what(lacking):
    finding = examine_op(lacking, "add", all_cases()["add"])
    assert finding.kind == "wrong"
    assert re.fullmatch(
        r"add on lacking: (\d+ of \d+ elements differ, \[[\d, ]+\] is )?\S+ in place of \S+", finding.note
    )
    assert "drawn=(" in finding.details  # the input


# The limit.


@pytest.fixture
def slow(monkeypatch):
    """A way to try an op by a check of one's own, up to a limit within which, on this machine, it begins."""
    monkeypatch.setattr(examination, "PATIENCE", 0.2)

    def tried(check):
        found = TwoOps()
        found.name = "slow"
        try_inputs(Trial(lambda *args: None, 1), found, all_cases()["add"][0])  # what takes long the first time
        trial = Trial(lambda backend, case, dtype, args: check(), 1000)
        for limit in (1.0, 5.0, 30.0):
            finding = examine_op(found, "add", all_cases()["add"][:1], 1.0, {"value": trial}, limit)
            if finding.inputs:
                break
        return limit, finding

    return tried


def test_an_op_past_the_limit_is_slow_with_the_number_of_inputs_tried(slow):
    limit, finding = slow(lambda: time.sleep(0.05))
    count = finding.inputs["value"]
    assert finding.kind == "slow" and 0 < count < (limit + 2) / 0.05 and not finding.is_running
    assert finding.note == f"stopped at the limit, after {count} inputs, all right"


def test_a_call_that_loops_for_ever_is_stopped(slow):
    def for_ever():
        while True:
            pass

    _, finding = slow(for_ever)
    assert (finding.kind, finding.note) == ("slow", "stopped at the limit, after 1 inputs, all right")


def test_a_call_that_does_not_come_back_is_left_behind(slow):
    done = threading.Event()
    limit, finding = slow(lambda: done.wait(60))
    done.set()
    assert (finding.kind, finding.is_running) == ("slow", True)
    assert finding.note == f"stopped after {limit:g} s: a call did not return, of input 1"


def test_what_is_fast_is_what_it_is_without_a_limit(backend):
    cases = all_cases()["floor"]
    assert examine_op(backend, "floor", cases, 0.1, limit=60) == examine_op(backend, "floor", cases, 0.1)


def test_the_command_ends_though_a_call_does_not():
    code = """
        import time
        from kcore_ops.backends import registry
        from kcore_ops.conformance import __main__, examination
        examination.PATIENCE = 0.1
        registry.load("numpy").ops["floor"] = lambda x: time.sleep(600)
        list(examination.examine(registry.load("numpy"), 0.05, ["exp2"]))
        __main__.main(["numpy", "--ops", "^floor$|^exp2$", "--effort", "0.05", "--limit", "3"])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert [line.split(maxsplit=2) for line in done.stdout.splitlines()[1:3]] == [
        ["exp2", "native"],
        ["floor", "slow", "stopped after 3 s: a call did not return, of input 1"],
    ]


# What a backend does not claim to have is not drawn.


@pytest.mark.parametrize(
    ("capabilities", "lacks"),
    [({}, {"complex64", "float64"}), ({"complex"}, {"float64"}), ({"float64"}, {"complex64"}),
     ({"complex", "float64"}, set())],
)  # fmt: skip
def test_dtypes_are_drawn_that_the_backend_claims(lacking, monkeypatch, capabilities, lacks):
    monkeypatch.setattr(TwoOps, "capabilities", frozenset(capabilities))
    case = all_cases()["add"][0]
    tried = set()
    trial = Trial(lambda backend, case, dtype, args: tried.add(dtype), 300)
    try_inputs(trial, lacking, case)
    assert {"complex64", "float64"} - tried == lacks
    assert "float32" in tried and trial.is_for(lacking, case)


def test_an_op_of_complex_numbers_alone_is_not_tried_without_and_says_so(lacking):
    only = dataclasses.replace(all_cases()["add"][0], dtypes=("complex64",))
    finding = examine_op(lacking, "add", [only])
    assert finding.inputs == {}
    assert finding.note == "not tried: lacking claims none of the dtypes it is tried in, complex64"


# Gradients where there is no second backend.


@pytest.fixture
def single(backend, monkeypatch):
    """The backend under test, as if no other with gradients were installed."""
    monkeypatch.setattr(trials, "other_with_gradients", lambda backend: None)
    return backend


@pytest.mark.needs("gradient")
def test_gradients_are_not_compared_with_those_of_a_backend_that_lacks_ops(backend, lacking, monkeypatch):
    monkeypatch.setattr(TwoOps, "capabilities", frozenset({"gradient", "float64"}))
    monkeypatch.setattr(TwoOps, "vjp", lambda self, function, primals: None)
    lacking.name = "zz_lacking"  # which comes before all others
    registry.register(lacking)
    try:
        other = trials.other_with_gradients(backend)
    finally:
        registry.unregister("zz_lacking")
    assert other is not lacking and "gradient" in other.capabilities


@pytest.mark.needs("gradient", "float64")
@pytest.mark.parametrize("op", ["stop_gradient", "threshold", "round", "divide_no_nan", "relu", "quantile", "tanh"])
def test_derivatives_are_right_without_a_second_backend(single, op):
    with on(single):
        for case in all_cases()[op]:
            for name in ("gradient", "second_gradient"):
                if TRIALS[name].is_for(single, case):
                    try_inputs(TRIALS[name], single, case, 0.5)


@pytest.mark.needs("gradient", "float64")
@pytest.mark.parametrize(
    "op, order", [("tanh", 1), ("multiply", 1), ("threshold", 1), ("relu", 1), ("tanh", 2), ("exp", 2)]
)
def test_derivatives_that_are_off_by_a_little_fail_without_a_second_backend(single, monkeypatch, op, order):
    right = checks.gradients

    def wrong(backend, op, args, order_=1):
        return [g * 1.01 if order_ == order else g for g in right(backend, op, args, order_)]

    monkeypatch.setattr(checks, "gradients", lambda backend, op, args, order=1: wrong(backend, op, args, order))
    trial = TRIALS["gradient" if order == 1 else "second_gradient"]
    with on(single), pytest.raises(AssertionError, match=f"gradient of {op} on {single.name} against finite diff"):
        try_inputs(trial, single, next(case for case in all_cases()[op] if trial.is_for(single, case)), 2)


@pytest.mark.needs("gradient")
def test_a_gradient_of_what_stops_them_fails_without_a_second_backend(single, monkeypatch):
    monkeypatch.setattr(checks, "gradients", lambda backend, op, args, order=1: [np.ones(3)])
    with on(single), pytest.raises(AssertionError, match=f"gradient of stop_gradient on {single.name}"):
        try_inputs(TRIALS["gradient"], single, all_cases()["stop_gradient"][0])


# What is left behind.


def test_nothing_is_left_in_the_working_directory(tmp_path):
    commands = (
        ["-m", "kcore_ops.conformance", "numpy", "--ops", "^(add|exp2)$", "--effort", "0.1"],
        ["-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "--pyargs", "kcore_ops.conformance", "--kcore-backend",
         "numpy", "--kcore-effort", "0.1", "-k", "exp2-"],
    )  # fmt: skip
    for command in commands:
        done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name != "__pycache__"] == []


@pytest.mark.parametrize("package", ["hypothesis", "pytest"])
def test_without_what_the_suite_runs_on_it_says_what_to_install(package):
    code = f"import sys; sys.modules[{package!r}] = None; import kcore_ops.conformance"
    error = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
    assert error.endswith(
        f"ImportError: the conformance suite needs {package}, which is not installed\n"
        "  fix: pip install 'kcore-ops[conformance]'\n"
    )
