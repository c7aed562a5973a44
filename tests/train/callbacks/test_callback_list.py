"""Who is told, of what, and in which order."""

from __future__ import annotations

import pytest
from kcore_train.callbacks import Callback, CallbackList, History, LambdaCallback, ProgbarLogger
from kcore_train.callbacks.callback import BATCH_HOOKS, HOOKS


class Recorder(Callback):
    def __init__(self):
        super().__init__()
        self.calls = []


def _recording(name):
    return lambda self, *args: self.calls.append((name, *args))


Everything = type("Everything", (Recorder,), {name: _recording(name) for name in HOOKS})


def test_a_callback_is_told_of_every_hook_with_a_number_and_logs():
    callback = Everything()
    told = CallbackList([callback])
    for name in HOOKS:
        numbered = "batch" in name or "epoch" in name
        getattr(told, name)(*((3,) if numbered else ()), {"loss": 1.0})
        assert callback.calls[-1] == (name, *((3,) if numbered else ()), {"loss": 1.0})
    assert len(callback.calls) == len(HOOKS)


def test_logs_are_an_empty_dict_where_there_are_none():
    callback = Everything()
    told = CallbackList(callback)
    told.on_train_begin()
    told.on_train_batch_begin(0)
    assert callback.calls == [("on_train_begin", {}), ("on_train_batch_begin", 0, {})]


def test_callbacks_are_told_in_their_order_and_see_what_those_before_added():
    seen = []
    told = CallbackList(
        [
            LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(extra=epoch)),
            LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(dict(logs))),
        ],
        add_history=True,
    )
    told.on_epoch_end(2, {"loss": 0.5})
    assert seen == [{"loss": 0.5, "extra": 2}]
    assert told.history.history == {"loss": [0.5], "extra": [2]}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_nobody_defines_is_known_to_be_idle(hook):
    assert not CallbackList([Callback()]).has(hook.removeprefix("on_"))
    defining = type("Defining", (Callback,), {hook: lambda self, *args: None})
    assert CallbackList([Callback(), defining()]).has(hook.removeprefix("on_"))


@pytest.mark.parametrize(("hook", "older"), BATCH_HOOKS.items())
def test_the_older_names_of_batch_hooks_are_called(hook, older):
    callback = type("Older", (Recorder,), {older: _recording(older)})()
    told = CallbackList([callback])
    assert told.has(hook.removeprefix("on_"))
    getattr(told, hook)(4, {})
    getattr(told, older)(5, {})
    assert callback.calls == [(older, 4, {}), (older, 5, {})]


def test_a_class_with_both_names_is_called_once_and_may_call_the_other():
    class Both(Recorder):
        def on_batch_end(self, batch, logs=None):
            self.calls.append("older")

        def on_train_batch_end(self, batch, logs=None):
            self.calls.append("newer")
            super().on_train_batch_end(batch, logs)

    callback = Both()
    CallbackList([callback]).on_train_batch_end(0, {})
    assert callback.calls == ["newer", "older"]


def test_a_hook_that_a_callback_gives_itself_as_training_begins_is_called():
    calls = []

    class Late(Callback):
        def on_train_begin(self, logs=None):
            self.on_train_batch_end = lambda batch, logs: calls.append(batch)

    told = CallbackList([Late()])
    assert not told.has("train_batch_end")
    told.on_train_begin()
    assert told.has("train_batch_end")
    told.on_train_batch_end(7)
    assert calls == [7]


def test_logs_that_nobody_looks_at_are_not_fetched():
    from kcore_train.loop.logs import Logs

    fetched = []
    logs = Logs(lambda: fetched.append(1) or {"loss": 1.0})
    told = CallbackList(
        [LambdaCallback(on_train_batch_end=lambda batch, logs: None)], add_history=True, add_progbar=True, verbose=2
    )
    told.on_epoch_begin(0)
    told.on_train_batch_end(0, logs)
    told.on_test_batch_end(0, logs)
    assert fetched == []


def test_model_and_params_reach_every_callback(fake_model):
    model, callback = fake_model(), Callback()
    assert callback.model is None and callback.params is None
    CallbackList([callback], model=model, epochs=2, steps=3, verbose=0)
    assert callback.model is model
    assert callback.params == {"epochs": 2, "steps": 3, "verbose": 0}


def test_a_subclass_that_does_not_call_init_works(fake_model):
    class Careless(Callback):
        def __init__(self):
            pass

    callback = Careless()
    assert callback.model is None
    model = fake_model()
    CallbackList(callback, model=model, epochs=1)
    assert callback.model is model and callback.params == {"epochs": 1}


def test_history_and_progress_are_added_once(fake_model):
    model = fake_model()
    told = CallbackList([Callback()], add_history=True, add_progbar=True, model=model)
    assert [type(each) for each in told.callbacks] == [Callback, History, ProgbarLogger]
    assert model.history is told.history is told.callbacks[1]

    history, logger = History(), ProgbarLogger()
    told = CallbackList([logger, history], add_history=True, add_progbar=True, model=model)
    assert told.callbacks == [logger, history] and model.history is history
    assert CallbackList([]).history is None


def test_lists_of_callbacks_may_be_nested():
    first, second, third = Callback(), Callback(), Callback()
    assert CallbackList([first, [second], CallbackList(third)]).callbacks == [first, second, third]


def test_an_object_with_all_the_hooks_need_not_be_a_callback(fake_model):
    names = (*HOOKS, "set_model", "set_params")
    foreign = type("Foreign", (), {name: _recording(name) for name in names})()
    foreign.calls = []
    CallbackList([foreign], model=fake_model()).on_epoch_begin(1)
    assert [call[0] for call in foreign.calls] == ["set_model", "on_epoch_begin"]


def test_what_is_no_callback_is_refused():
    with pytest.raises(ValueError, match=r"History is a class among the callbacks\n  fix: make one: History\(\)"):
        CallbackList([History])
    with pytest.raises(ValueError, match=r"3 is among the callbacks\n  fix: pass instances of Callback"):
        CallbackList([3])


# LambdaCallback and History.


def test_functions_are_called_at_the_moments_they_are_given_for():
    calls = []
    told = CallbackList(
        LambdaCallback(
            on_train_begin=lambda logs: calls.append("begin"),
            on_train_batch_end=lambda batch, logs: calls.append(batch),
            on_test_end=lambda logs: calls.append(logs["loss"]),
        )
    )
    told.on_train_begin()
    told.on_train_batch_end(3)
    told.on_test_end({"loss": 0.5})
    assert calls == ["begin", 3, 0.5]
    assert not told.has("epoch_end")


def test_a_function_for_a_hook_there_is_not_is_refused():
    with pytest.raises(
        ValueError, match=r"LambdaCallback\n  there is no hook 'on_step_end'\n  fix: use one of on_train"
    ):
        LambdaCallback(on_step_end=print)
    with pytest.raises(ValueError, match=r"on_epoch_end can not be 3\n  fix: pass a function"):
        LambdaCallback(on_epoch_end=3)


def test_history_keeps_values_of_a_fit_before_and_numbers_of_the_last(run_epochs):
    history = History()
    run_epochs(history, [3.0, 2.0])
    run_epochs(history, [1.0])
    assert history.history == {"val_loss": [3.0, 2.0, 1.0]}
    assert history.epoch == [0]
