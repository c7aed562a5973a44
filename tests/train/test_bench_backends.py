"""`kcore bench-backends`: what it finds, and what it says where there is nothing to find."""

from __future__ import annotations

import json
import sys

import kcore_layers as kl
import numpy as np
import pytest
from kcore_layers import layers
from kcore_ops.backends import registry
from kcore_train.bench.command import main
from kcore_train.bench.job import Job, TargetError
from kcore_train.bench.made_data import made_data
from kcore_train.bench.process import in_a_process, outcome_of
from kcore_train.bench.stopwatch import Measured, observed_fit
from kcore_train.callbacks import LambdaCallback
from kcore_train.trainer import Trainer

# The same whatever computes; where each op is compiled anew it takes minutes.
pytestmark = pytest.mark.only("numpy", "torch")

SCRIPT = """
import sys
from pathlib import Path

import kcore_layers as kl
import numpy as np
from kcore_layers import layers

here = Path(__file__).parent
if __name__ == "__main__":
    print("a line that is none of the report's", sys.argv)
    model = kl.Sequential([kl.Input((3,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    model.fit(np.ones((10, 3), "float32"), np.ones((10, 2), "float32"), batch_size=4, epochs=1)
    (here / "after_fit").touch()
"""
MODULE = """
import kcore_layers as kl
import numpy as np
from kcore_layers import layers

def model_alone():
    model = kl.Sequential([kl.Input((3,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    return model

def model_and_arrays():
    return model_alone(), np.ones((8, 3), "float32"), np.ones((8, 2), "float32")

def model_and_batches():
    return model_alone(), iter([(np.ones((5, 3), "float32"), np.ones((5, 2), "float32"))] * 4)

def model_that_is_not_compiled():
    return kl.Sequential([kl.Input((3,)), layers.Dense(2)])

def number():
    return 3

def failing():
    raise ValueError("the disk is full\\nand more")
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where a user's script and module lie; the process's arguments and path are as before afterwards."""
    (tmp_path / "bench_script.py").write_text(SCRIPT)
    (tmp_path / "bench_models.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield tmp_path
    sys.modules.pop("bench_models", None)


def job_of(target, backend, **options):
    return Job(target, backend.name, **{"steps": 4, "warm_up": 2, **options})


def dense_model(loss="mse", units=2, shape=(3,)):
    model = kl.Sequential([kl.Input(shape), layers.Dense(units)])
    model.compile("sgd", loss)
    return model


def test_a_script_is_timed_on_each_backend_and_the_report_is_json(place, backend_name, other_backend, capfd):
    names = f"{backend_name},{other_backend.name}"
    assert main(["bench_script.py", "--backends", names, "--steps", "6", "--warm-up", "2", "--json"]) == 0
    out, err = capfd.readouterr()
    report = json.loads(out)
    assert err == ""
    assert sorted(result["backend"] for result in report["results"]) == sorted(names.split(","))
    trained = [result for result in report["results"] if result["measured"] == "fit"]
    assert [result["rank"] for result in trained] == list(range(1, len(trained) + 1))
    assert [result["step_ms"] for result in trained] == sorted(result["step_ms"] for result in trained)
    assert report["fastest"] == trained[0]["backend"]
    for result in report["results"]:
        has_gradients = "gradient" in registry.load(result["backend"]).capabilities
        assert result["measured"] == ("fit" if has_gradients else "predict")
        assert result["reason"] == (None if has_gradients else "has no gradients, so only predict is timed")
        assert result["steps"] == 6 and result["batch_size"] == 4
        assert result["samples_per_second"] == pytest.approx(4000 / result["step_ms"])
        assert result["first_step_s"] > 0 and 20 < result["peak_memory_mb"] < 5000
    assert not (place / "after_fit").exists()


def test_the_table_names_the_backend_and_its_figures(place, backend, capsys):
    assert main(["bench_models:model_alone", "--backends", backend.name, "--steps", "3"]) == 0
    out = capsys.readouterr().out
    assert "bench_models:model_alone" in out and "step (ms)" in out and "peak memory (MB)" in out
    (row,) = [line for line in out.splitlines() if backend.name in line.split()]
    assert len([word for word in row.split() if word[0].isdigit() and "." in word]) >= 2
    assert ("only predict is timed" in out) == ("gradient" not in backend.capabilities)


@pytest.mark.parametrize(
    ("function", "batch_size"), [("model_alone", 32), ("model_and_arrays", 8), ("model_and_batches", 5)]
)
def test_what_a_function_returns_is_trained_on(place, backend, function, batch_size):
    outcome = outcome_of(job_of(f"bench_models:{function}", backend, steps=2, warm_up=1))
    assert outcome.measured == ("fit" if "gradient" in backend.capabilities else "predict"), outcome.reason
    assert (outcome.batch_size, outcome.steps) == (batch_size, 2)
    assert outcome.samples_per_second == pytest.approx(batch_size * 1000 / outcome.step_ms)


def test_another_batch_size_is_that_of_arrays_alone(place, backend):
    assert outcome_of(job_of("bench_models:model_alone", backend, batch_size=7)).batch_size == 7
    assert outcome_of(job_of("bench_models:model_and_arrays", backend, batch_size=2)).batch_size == 2
    refused = outcome_of(job_of("bench_models:model_and_batches", backend, batch_size=2))
    assert refused.measured is None
    assert "batch_size was given, but x has type" in refused.reason


@pytest.mark.filterwarnings("ignore:the data is used up")
def test_data_that_ends_too_soon_is_told(place, backend):
    outcome = outcome_of(job_of("bench_models:model_and_batches", backend, warm_up=4))
    assert outcome.reason == "ArgumentError: the data ended after 4 steps, and the first 4 are not timed"


@pytest.mark.filterwarnings("ignore:the data is used up")
def test_steps_that_the_data_has_are_timed_where_they_are_fewer(place, backend):
    assert outcome_of(job_of("bench_models:model_and_batches", backend, steps=50, warm_up=1)).steps == 3


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("bench_models:model_that_is_not_compiled", "the model that .* returned is not compiled; call model.compile"),
        (
            "bench_models:number",
            r"bench_models:number returned an object of type int; let it return a compiled model, \(model, x, y\)",
        ),
        ("bench_models:nothing", "the module 'bench_models' has no function 'nothing'; check the name"),
        ("bench_modles:number", "there is no module 'bench_modles'; check the name, and where you are"),
        ("bench_models.deeper:number", "there is no module 'bench_models.deeper'"),
    ],
)
def test_a_fault_of_the_target_is_said_in_a_sentence(place, backend, target, reason):
    outcome = outcome_of(job_of(target, backend))
    assert outcome.is_about_target and outcome.measured is None
    with pytest.raises(TargetError, match=reason):
        raise TargetError(outcome.reason)
    assert "\n" not in outcome.reason


def test_a_script_that_does_not_train_is_said_to(place, backend):
    (place / "idle.py").write_text("x = 1\n")
    outcome = outcome_of(job_of("idle.py", backend))
    assert outcome.is_about_target
    assert outcome.reason == "idle.py ended without a call of fit; train the model with model.fit"


def test_a_script_that_chooses_its_backend_is_no_measure_of_another(place, backend):
    outcome = outcome_of(Job("bench_models:model_alone", "another"))
    assert outcome.reason.startswith(
        f"bench_models:model_alone makes its model on the backend {backend.name!r} whatever KCORE_BACKEND says; take"
    )


def test_the_first_line_of_an_error_is_the_reason(place, backend):
    outcome = outcome_of(job_of("bench_models:failing", backend))
    assert outcome.reason == "ValueError: the disk is full" and not outcome.is_about_target


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.py"], "there is no file nowhere.py; check the path"),
        (["a_word"], "'a_word' is no target; name a script.py, or package.module:function"),
        (["a:b", "--backends", "mlxx"], "the backend 'mlxx' is not installed; choose from "),
        (["no_such_module:f", "--backends", "{backend}"], "there is no module 'no_such_module'; check the name"),
    ],
)
def test_what_can_not_be_asked_ends_with_one_line(place, backend_name, capsys, arguments, said):
    assert main([argument.format(backend=backend_name) for argument in arguments] + ["--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"kcore bench-backends: {said}") and err.count("\n") == 1


def test_without_a_backend_it_says_so(place, capsys, monkeypatch):
    monkeypatch.setattr(registry, "backends", dict)
    assert main(["bench_script.py"]) == 2
    assert "no backend that can be used is installed; install one" in capsys.readouterr().err


def test_a_process_that_dies_or_takes_too_long_is_told(place, backend_name):
    (place / "dying.py").write_text("import os\nprint('out of luck', flush=True)\nos._exit(3)\n")
    died = in_a_process(Job("dying.py", backend_name), timeout=60.0)
    assert died.reason == "its process ended with status 3: out of luck"
    (place / "endless.py").write_text("import time\ntime.sleep(600)\n")
    late = in_a_process(Job("endless.py", backend_name), timeout=0.5)
    assert late.reason == "was not done after 0.5 s; a larger --timeout gives it longer"


def test_only_fit_is_observed_and_nothing_stays_patched(backend):
    original, heard = Trainer.fit, []
    model = dense_model()
    x, y = np.ones((12, 3), "float32"), np.ones((12, 2), "float32")
    told = LambdaCallback(on_train_begin=lambda logs: heard.append("begin"))
    with pytest.raises(Measured, match=backend.name) as caught, observed_fit(job_of("here", backend)):
        model.fit(x, y, batch_size=4, validation_data=(x, y), callbacks=[told])
    assert Trainer.fit is original
    assert caught.value.outcome.steps == 4
    assert heard == []


@pytest.mark.needs("gradient")
def test_steps_of_one_call_count_each(backend):
    model = dense_model()
    model.compile("sgd", "mse", steps_per_execution=3)
    x, y = np.ones((24, 3), "float32"), np.ones((24, 2), "float32")
    with pytest.raises(Measured, match=backend.name) as caught, observed_fit(job_of("here", backend, steps=6)):
        model.fit(x, y, batch_size=4)
    assert caught.value.outcome.steps == 6
    assert caught.value.outcome.batch_size == 4


@pytest.mark.parametrize(
    ("loss", "shape", "dtype"),
    [
        ("mse", (6, 4), "float32"),
        ("binary_crossentropy", (6, 4), "float32"),
        ("sparse_categorical_crossentropy", (6,), "int32"),
        ("categorical_crossentropy", (6, 4), "float32"),
    ],
)
def test_targets_are_what_the_loss_takes(backend, loss, shape, dtype):
    x, y = made_data(dense_model(loss, units=4), 6)
    assert (x.shape, x.dtype) == ((6, 3), "float32")
    assert (y.shape, y.dtype) == (shape, dtype)
    if loss == "categorical_crossentropy":
        np.testing.assert_array_equal(y.sum(-1), 1.0)


def test_targets_of_several_outputs_have_their_form(backend):
    a, b = kl.Input((3,), name="a"), kl.Input((5,), dtype="int32", name="b")
    embedded = layers.Flatten()(layers.Embedding(2, 2)(b))
    outputs = {"class": layers.Dense(3)(a), "value": layers.Dense(1)(embedded)}
    model = kl.Model({"a": a, "b": b}, outputs)
    model.compile("sgd", {"class": "sparse_categorical_crossentropy", "value": "mse"})
    x, y = made_data(model, 4)
    assert {name: array.shape for name, array in x.items()} == {"a": (4, 3), "b": (4, 5)}
    assert x["b"].dtype == "int32" and set(np.unique(x["b"])) <= {0, 1}
    assert {name: array.shape for name, array in y.items()} == {"class": (4,), "value": (4, 1)}
    assert np.isfinite(model.evaluate(x, y, verbose=0)).all()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda: dense_model(shape=(None, 3)), r"the input .* has the shape \(None, None, 3\), whose unknown sizes"),
        (lambda: dense_model(loss=lambda y_true, y_pred: y_pred), r"the targets for the loss '<lambda>'"),
        (lambda: dense_model(loss="ctc"), r"the targets for the loss 'ctc' and an output of the shape \(None, 2\)"),
        (lambda: kl.Sequential([layers.Dense(2)]), r"the inputs of 'sequential.*' can not be guessed, for it has no"),
    ],
)
def test_what_can_not_be_guessed_is_named(backend, model, said):
    with pytest.raises(TargetError, match=said) as caught:
        made_data(model(), 4)
    assert caught.value.fix == "let the function return (model, x, y)"
