"""What is printed as training goes on, in a terminal and elsewhere."""

from __future__ import annotations

import contextlib
import io
import re
import sys

import kcore_ops as ops
import numpy as np
import pytest
from kcore_train.callbacks import CallbackList, LambdaCallback
from kcore_train.callbacks import progbar as progbar_module
from kcore_train.callbacks.progbar import Progbar
from kcore_train.callbacks.progress_text import count_text, duration_text, step_time_text, values_text
from kcore_train.callbacks.terminal_line import say
from kcore_train.loop.logs import Logs


class Screen(io.StringIO):
    """A terminal, and what can be read in it: each drawing of a line replaces the one before."""

    encoding = "utf-8"

    def isatty(self):
        return True

    @property
    def drawings(self):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", self.getvalue())
        return [line for line in re.split(r"\r\x1b\[2K", plain) if line]

    @property
    def lines(self):
        """The lines that stay."""
        return re.sub(r"[^\n]*\r\x1b\[2K", "", re.sub(r"\x1b\[[0-9;]*m", "", self.getvalue())).splitlines()


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return Screen()


@pytest.fixture
def clock(monkeypatch):
    """A clock that is moved by hand: `clock[0]` is the time in seconds."""
    now = [100.0]
    monkeypatch.setattr(progbar_module.time, "perf_counter", lambda: now[0])
    return now


def run_fit(clock, *, screen=None, **arguments):
    with contextlib.redirect_stdout(screen or sys.stdout):
        _run_fit(clock, **arguments)


def _run_fit(clock, seconds=0.1, epochs=2, steps=5, num_steps=None, verbose=1, callbacks=(), fetched=None, **params):
    fetched = [] if fetched is None else fetched
    told = CallbackList(
        list(callbacks), add_history=True, add_progbar=True, epochs=epochs, steps=steps, verbose=verbose, **params
    )
    told.on_train_begin()
    for epoch in range(epochs):
        told.on_epoch_begin(epoch)
        for batch in range(num_steps or steps):
            clock[0] += seconds
            told.on_train_batch_end(batch, Logs(lambda b=batch: fetched.append(b) or {"loss": 1 / (b + 1)}))
        told.on_test_begin()
        told.on_test_batch_end(0, {"loss": 1.0})
        told.on_test_end({"loss": 1.0})
        told.on_epoch_end(epoch, {"loss": 0.25, "val_loss": 1.5e-5})
    told.on_train_end()


def test_fit_prints_one_line_for_each_epoch_without_a_terminal(capsys, clock):
    run_fit(clock, backend="numpy")
    line = "5/5 0s 100ms/step - loss: 0.2500 - val_loss: 1.5000e-05"
    assert capsys.readouterr().out.splitlines() == [
        "Training on the numpy backend", "Epoch 1/2", line, "Epoch 2/2", line,
    ]  # fmt: skip


def test_verbose_2_prints_the_line_of_keras(capsys, clock):
    run_fit(clock, seconds=2.0, epochs=1, verbose=2)
    assert capsys.readouterr().out.splitlines() == ["5/5 - 10s - 2s/step - loss: 0.2500 - val_loss: 1.5000e-05"]


def test_verbose_0_prints_nothing(capsys, clock):
    run_fit(clock, verbose=0, backend="numpy")
    assert capsys.readouterr().out == ""


def test_the_number_of_steps_is_learned_if_it_is_unknown(capsys, clock):
    run_fit(clock, steps=None, num_steps=7)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["Epoch", "7/7", "Epoch", "7/7"]


@pytest.mark.parametrize("stage", ["test", "predict"])
def test_evaluate_and_predict_have_a_line(capsys, clock, stage):
    told = CallbackList(None, add_progbar=True, epochs=1, steps=3, verbose=1, backend="numpy")
    getattr(told, f"on_{stage}_begin")()
    for batch in range(3):
        clock[0] += 0.01
        logs = {"loss": 1.0} if stage == "test" else {"outputs": np.zeros((2, 2))}
        getattr(told, f"on_{stage}_batch_end")(batch, logs)
    getattr(told, f"on_{stage}_end")({"loss": 1.0} if stage == "test" else None)
    expected = "3/3 0s 10ms/step" + (" - loss: 1.0000" if stage == "test" else "")
    assert capsys.readouterr().out.splitlines() == [expected]


def test_a_bar_is_drawn_four_times_a_second_and_only_then_are_logs_read(screen, clock):
    fetched = []
    run_fit(clock, screen=screen, seconds=0.1, epochs=1, steps=11, fetched=fetched)
    assert fetched == [2, 5, 8]
    assert [line.split()[0] for line in screen.drawings] == ["3/11", "6/11", "9/11", "11/11"]


def test_a_bar_says_how_much_is_left_and_how_long_that_takes(screen, clock):
    run_fit(clock, screen=screen, seconds=2.0, epochs=1, steps=100)
    assert re.fullmatch(r" 51/100 ━+.━+ 1:38 2s/step - loss: 0.0196", screen.drawings[50])
    assert screen.drawings[50].count("━") in (19, 20)
    assert screen.lines == ["100/100 ━━━━━━━━━━━━━━━━━━━━ 200s 2s/step - loss: 0.2500 - val_loss: 1.5000e-05"]


def test_only_headings_and_ends_of_epochs_stay_in_the_terminal(screen, clock):
    run_fit(clock, screen=screen, backend="numpy")
    assert [re.sub(" ━.*", "", line) for line in screen.lines] == [
        "Training on the numpy backend", "Epoch 1/2", "5/5", "Epoch 2/2", "5/5",
    ]  # fmt: skip


def test_a_bar_stays_within_the_terminal(screen, clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    run_fit(clock, screen=screen, epochs=1)
    assert all(len(line) < 40 for line in screen.drawings[:-1])
    assert screen.lines[-1].endswith("val_loss: 1.5000e-05")


def test_steps_of_unknown_number_are_counted_without_a_bar(screen, clock):
    run_fit(clock, screen=screen, seconds=1.0, epochs=1, steps=None, num_steps=3)
    assert screen.drawings[1] == "      2/Unknown 2s 1s/step - loss: 0.5000"
    assert screen.lines[-1].startswith("3/3 ━━━━━━━━━━━━━━━━━━━━ 3s 1s/step")


def test_what_a_callback_says_does_not_run_into_the_bar(screen, clock):
    run_fit(
        clock, screen=screen, epochs=1, callbacks=[LambdaCallback(on_epoch_end=lambda epoch, logs: say("stopping"))]
    )
    assert screen.lines[0] == "stopping" and screen.lines[1].startswith("5/5")


def test_the_terminal_is_left_as_it_was_when_training_is_interrupted(screen, clock):
    def interrupt(batch, logs):
        seen.append(sys.stdout)
        if batch == 3:
            raise KeyboardInterrupt

    seen = []
    with pytest.raises(KeyboardInterrupt, match="^$"):
        run_fit(clock, screen=screen, callbacks=[LambdaCallback(on_train_batch_end=interrupt)])
    assert seen == [screen] * 4
    assert "\x1b[?25l" not in screen.getvalue()  # which hides the cursor


@pytest.mark.parametrize(("variable", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_no_bar_is_drawn_where_nobody_looks_at_it(screen, clock, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    run_fit(clock, screen=screen, epochs=1)
    assert screen.getvalue() == "5/5 0s 100ms/step - loss: 0.2500 - val_loss: 1.5000e-05\n"


def test_the_first_step_does_not_count_for_the_time_of_one(capsys, clock):
    bar = Progbar(3, verbose=2)
    for step, seconds in enumerate((60.0, 0.5, 0.5)):
        clock[0] += seconds
        bar.update(step + 1)
    assert capsys.readouterr().out == "3/3 - 61s - 500ms/step\n"


# The averages that Keras 3.15.1, run as a black box, shows for the values 1 to 9.
@pytest.mark.parametrize(
    ("arguments", "loss", "accuracy"),
    [
        ({}, "5.0000", "5.0000"),
        ({"stateful_metrics": ["loss"]}, "9.0000", "5.0000"),
        ({"stateless_metrics": ["loss"]}, "5.0000", "9.0000"),
        ({"stateless_metrics": []}, "9.0000", "9.0000"),
    ],
)
def test_values_are_averaged_or_shown_as_they_are(capsys, arguments, loss, accuracy):
    bar = Progbar(10, verbose=2, **arguments)
    for i in range(1, 10):
        bar.update(i, [("loss", float(i)), ("acc", i)])
    bar.update(10)
    assert capsys.readouterr().out.endswith(f" - loss: {loss} - acc: {accuracy}\n")


def test_values_of_the_last_update_are_shown_as_they_are(capsys):
    bar = Progbar(10, verbose=2)
    bar.update(5, [("loss", 1.0)])
    bar.update(10, [("loss", 3.0)])
    assert capsys.readouterr().out.endswith(" - loss: 3.0000\n")


def test_an_average_is_weighted_by_the_steps_it_stands_for(capsys):
    bar = Progbar(None, verbose=2, unit_name="sample")
    bar.add(3, [("loss", 1.0)])
    bar.add(1, [("loss", 5.0)])
    assert capsys.readouterr().out == ""
    bar.update(4, finalize=True)
    assert re.fullmatch(
        r"      4/4 - 0s - \d+us/sample - loss: 2.0000\n|4/4 - .*loss: 2.0000\n", capsys.readouterr().out
    )


def test_tensors_and_arrays_are_shown_by_their_mean(backend, capsys):
    bar = Progbar(1, verbose=2)
    bar.update(1, [("f1", ops.convert_to_tensor([0.25, 0.75])), ("loss", np.float32(2))])
    assert capsys.readouterr().out.endswith(" - f1: 0.5000 - loss: 2.0000\n")


def test_numbers_read_as_with_keras():
    assert values_text({"big": 123456789.0, "small": 1e-4, "zero": 0.0, "n": float("nan"), "m": 5e-3, "neg": -2.0}) == (
        " - big: 123456789.0000 - small: 1.0000e-04 - zero: 0.0000e+00 - n: nan - m: 0.0050 - neg: -2.0000"
    )
    assert [step_time_text(s, "step") for s in (9.0, 1.0, 0.4, 0.001, 7e-6)] == [
        "9s/step", "1s/step", "400ms/step", "1ms/step", "7us/step",
    ]  # fmt: skip
    assert [duration_text(s) for s in (0, 59.6, 90, 3600, 100 * 3600)] == ["0s", "1:00", "1:30", "1:00:00", "100:00:00"]
    assert count_text(3, 1000) == "   3/1000"


def test_a_bar_goes_where_standard_output_is_when_it_is_drawn(screen, clock):
    bar = Progbar(3, interval=0.0)
    with contextlib.redirect_stdout(screen):
        bar.update(1, values=[("value", 1.0)])
    assert "value: 1.0000" in screen.drawings[-1]
    plain = io.StringIO()
    with contextlib.redirect_stdout(plain):
        bar.update(2, values=[("value", 1.0)])
        bar.update(3, values=[("value", 1.0)])
    assert plain.getvalue().startswith("3/3 ")
