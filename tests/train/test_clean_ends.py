"""However a loop ends, by the data, a callback or an error, callbacks hear of it and nothing is left open."""

from __future__ import annotations

import gc
import threading
from typing import Any

import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.layers import Dense
from kcore_train.callbacks import Callback
from kcore_train.data import PyDataset
from kcore_train.optimizers import SGD

X, Y = np.ones((12, 2), "float32"), np.ones((12, 1), "float32")
LOOPS = ["fit", "evaluate", "predict"]


def linear(**arguments: Any) -> Sequential:
    model = Sequential([Input((2,)), Dense(1, kernel_initializer="ones")])
    model.compile(SGD(0.0), "mse", **arguments)
    return model


def run(how: str, data: Any, model: Any = None, **arguments: Any) -> Any:
    model = linear() if model is None else model
    arrays = data if isinstance(data, tuple) and how != "predict" else (data[0] if isinstance(data, tuple) else data,)
    size = {"batch_size": 2} if isinstance(data, tuple) else {}
    return getattr(model, how)(*arrays, verbose=0, **size, **arguments)


class Told(Callback):
    """Notes what it hears of, and may fail."""

    def __init__(self, at: str = "", error: type[BaseException] = RuntimeError) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.at, self.error = at, error

    def hear(self, name: str) -> None:
        self.heard.append(name)
        if name == self.at:
            raise self.error(f"at {name}")

    def on_train_begin(self, logs=None):
        self.hear("train_begin")

    def on_train_batch_end(self, batch, logs=None):
        self.hear("train_batch_end")

    def on_epoch_end(self, epoch, logs=None):
        self.hear("epoch_end")

    def on_train_end(self, logs=None):
        self.hear("train_end")

    def on_test_begin(self, logs=None):
        self.hear("test_begin")

    def on_test_batch_end(self, batch, logs=None):
        self.hear("test_batch_end")

    def on_test_end(self, logs=None):
        self.hear("test_end")

    def on_predict_begin(self, logs=None):
        self.hear("predict_begin")

    def on_predict_batch_end(self, batch, logs=None):
        self.hear("predict_batch_end")

    def on_predict_end(self, logs=None):
        self.hear("predict_end")


def loops() -> Any:
    """Give the loops, `fit` where the backend has gradients."""
    return pytest.mark.parametrize("how", [pytest.param("fit", marks=pytest.mark.needs("gradient")), *LOOPS[1:]])


HOOKS = {"fit": "train", "evaluate": "test", "predict": "predict"}


@loops()
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_callbacks_hear_of_the_end_also_after_an_error(backend, how, error):
    hook = HOOKS[how]
    told, other = Told(f"{hook}_batch_end", error), Told()
    with pytest.raises(error, match=f"at {hook}_batch_end"):
        run(how, (X, Y), callbacks=[told, other])
    assert told.heard == [f"{hook}_begin", f"{hook}_batch_end", f"{hook}_end"]
    assert other.heard == [f"{hook}_begin", f"{hook}_end"]


@pytest.mark.needs("gradient")
def test_an_error_in_a_validation_ends_both_loops(backend):
    told = Told("test_batch_end")
    with pytest.raises(RuntimeError, match="at test_batch_end"):
        run("fit", (X, Y), validation_data=(X, Y), callbacks=[told])
    assert told.heard == [
        "train_begin", *["train_batch_end"] * 6, "test_begin", "test_batch_end", "test_end", "train_end"
    ]  # fmt: skip


@loops()
def test_a_callback_that_fails_at_the_end_hides_neither_the_error_nor_the_end_from_others(backend, how):
    hook = HOOKS[how]
    failing, other = Told(f"{hook}_end"), Told()
    with pytest.raises(ZeroDivisionError, match="of the data") as raised:
        run(how, failing_after(1, ZeroDivisionError("of the data")), callbacks=[failing, other])
    assert other.heard[-1] == f"{hook}_end"
    assert any(f"a callback failed too: RuntimeError: at {hook}_end" in note for note in raised.value.__notes__)


def failing_after(count: int, error: BaseException) -> Any:
    for _ in range(count):
        yield X[:2], Y[:2]
    raise error


class Batches(PyDataset):
    """Batches of a dataset, whose last one fails if asked to."""

    def __init__(self, fails: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fails = fails

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Any:
        if self.fails and index == 3:
            raise ZeroDivisionError("of the data")
        return X[:2], Y[:2]


class Loader:
    """Can be read again; notes whether the iterators that it gave are closed."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.open = 0

    def __iter__(self) -> Any:
        self.open += 1
        try:
            for index in range(8):
                if self.fails and index == 3:
                    raise ZeroDivisionError("of the data")
                yield X[:2], Y[:2]
        finally:
            self.open -= 1


SOURCES = {
    "generator": lambda fails: failing_after(3 if fails else 8, ZeroDivisionError("of the data")),
    "loader": Loader,
    "dataset": Batches,
    "dataset with a thread": lambda fails: Batches(fails, workers=1),
    "dataset with threads": lambda fails: Batches(fails, workers=3),
}


def threads_of_ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("kcore-")]


@loops()
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("where", ["a callback", "the data", "nowhere"])
def test_nothing_that_made_batches_is_left(backend, how, source, where):
    data = SOURCES[source](where == "the data")
    errors = {"a callback": (RuntimeError, "at .*batch_end"), "the data": (ZeroDivisionError, "of the data")}
    callbacks = [Told(f"{HOOKS[how]}_batch_end")] if where == "a callback" else []
    steps = {"fit": "steps_per_epoch"}.get(how, "steps")
    limit = {steps: 2} if where == "nowhere" else {}
    gc.disable()  # what is left is to be closed, not collected
    try:
        if where == "nowhere":
            run(how, data, callbacks=callbacks, **limit)
        else:
            error, message = errors[where]
            with pytest.raises(error, match=message) as raised:
                run(how, data, callbacks=callbacks)
            assert raised.value.__traceback__ is not None  # it is held while we look
        assert threads_of_ours() == []
        assert getattr(data, "open", 0) == 0
    finally:
        gc.enable()


@pytest.mark.needs("gradient")
def test_the_data_of_a_validation_is_closed_after_an_error_too(backend):
    training, validation = Loader(), Loader()
    with pytest.raises(RuntimeError, match="at epoch_end"):
        run("fit", training, validation_data=validation, validation_steps=2, callbacks=[Told("epoch_end")])
    assert (training.open, validation.open, threads_of_ours()) == (0, 0, [])


@pytest.mark.needs("gradient")
def test_a_generator_that_was_given_is_read_on_by_the_next_fit(backend):
    log = []

    def batches():
        for index in range(6):
            log.append(index)
            yield X[:2], Y[:2]

    generator, model = batches(), linear()
    for _ in range(2):
        model.fit(generator, steps_per_epoch=3, verbose=0)
    assert log == list(range(6))


def test_evaluate_and_predict_end_where_a_callback_says_so(backend):
    class Stop(Told):
        def on_test_batch_end(self, batch, logs=None):
            super().on_test_batch_end(batch, logs)
            self.model.stop_evaluating = len(self.heard) > 2

        def on_predict_batch_end(self, batch, logs=None):
            super().on_predict_batch_end(batch, logs)
            self.model.stop_predicting = len(self.heard) > 2

    model = linear()
    for how, hook in (("evaluate", "test"), ("predict", "predict")) * 2:  # a second run goes on again
        stop = Stop()
        found = run(how, (X, Y), model, callbacks=[stop])
        assert stop.heard == [f"{hook}_begin", *[f"{hook}_batch_end"] * 2, f"{hook}_end"]
        if how == "predict":
            assert found.shape == (4, 1)


class Numbered(Callback):
    """Notes the numbers of batches, and the sizes of the outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.begins: list[int] = []
        self.ends: list[int] = []
        self.sizes: list[int] = []

    def on_predict_batch_begin(self, batch, logs=None):
        self.begins.append(batch)

    def on_predict_batch_end(self, batch, logs=None):
        self.ends.append(batch)
        self.sizes.append(logs["outputs"].shape[0])


@pytest.mark.parametrize("options", [{}, {"run_eagerly": True}], ids=str)
def test_predict_runs_several_batches_in_one_execution(backend, options):
    model, numbered = linear(steps_per_execution=3, **options), Numbered()
    x = np.arange(28, dtype="float32").reshape(14, 2)
    outputs = model.predict(x, batch_size=2, callbacks=[numbered], verbose=0)
    np.testing.assert_allclose(outputs, x.sum(1, keepdims=True))
    assert (numbered.begins, numbered.ends, numbered.sizes) == ([0, 3, 6], [2, 5, 6], [6, 6, 2])


@pytest.mark.needs("gradient")
class TestEpochsOfMoreStepsThanBatches:
    """An epoch is then a pass; what can be read again is, as by Keras."""

    def test_go_on_with_what_can_be_read_again(self, backend):
        told = Told()
        with pytest.warns(UserWarning, match="the data gave 6 batches of the 7 that steps_per_epoch asks for"):
            history = run("fit", (X, Y), steps_per_epoch=7, epochs=3, callbacks=[told]).history
        assert len(history["loss"]) == 3
        assert told.heard.count("train_batch_end") == 18

    def test_end_with_a_generator(self, backend):
        batches = ((X[:2], Y[:2]) for _ in range(6))
        with pytest.warns(UserWarning, match="the data is used up after 2 epochs;"):
            history = run("fit", batches, steps_per_epoch=4, epochs=5).history
        assert len(history["loss"]) == 2
        assert history["loss"] == [pytest.approx(1.0)] * 2

    def test_of_fewer_steps_go_on_where_the_last_ended(self, backend):
        told = Told()
        run("fit", (X, Y), steps_per_epoch=5, epochs=4, callbacks=[told])
        assert told.heard.count("train_batch_end") == 20

    def test_do_not_come_to_a_used_up_generator(self, backend):
        with pytest.warns(UserWarning, match="the data is used up after 1 epoch;"):
            history = run("fit", iter([(X[:2], Y[:2])] * 2), epochs=3).history
        assert len(history["loss"]) == 1
