"""`CallbackList`: several callbacks, run as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kcore_ops import tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import BATCH_HOOKS, HOOKS, Callback, Logs, MutableLogs
from kcore_train.callbacks.history import History
from kcore_train.callbacks.progbar_logger import ProgbarLogger

if TYPE_CHECKING:
    from kcore_layers.models.model import Model

__all__ = ["CallbackList"]

Hook = Callable[..., Any]


class CallbackList(Callback):
    """Run several callbacks in their order, as one.

    Only the hooks that a callback defines are called; `has` says whether there is any, so that a loop can leave out
    the call and all that prepares it.

    Args:
        callbacks: callback, list of callbacks or None, the callbacks; None.
        add_history: bool, whether to add a `History`, if there is none; False.
        add_progbar: bool, whether to add a `ProgbarLogger`, if there is none; False.
        model: model or None, `Model` or None, the model to set on each, None for one that is set later; None; None.
        **params: anything, what the loop was asked for, set on each: `epochs`, `steps`, `verbose`, `backend`; none.

    Attributes:
        callbacks: the callbacks, those added last.
        history: the `History` among them, or None.

    Raises:
        ArgumentError: if something that is no callback is among them.

    >>> from kcore_train.callbacks import LambdaCallback
    >>> callbacks = CallbackList([LambdaCallback(on_epoch_begin=lambda epoch, logs: print("epoch", epoch))])
    >>> callbacks.has("epoch_begin"), callbacks.has("train_batch_end")
    (True, False)
    >>> callbacks.on_epoch_begin(3)
    epoch 3
    """

    def __init__(
        self,
        callbacks: Callback | Iterable[Callback] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Model | None = None,
        **params: object,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = list(_callbacks_in(callbacks))
        if add_history and not any(isinstance(each, History) for each in self.callbacks):
            self.callbacks.append(History())
        if add_progbar and not any(isinstance(each, ProgbarLogger) for each in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        self.history = next((each for each in self.callbacks if isinstance(each, History)), None)
        self._hooks: dict[str, list[Hook]] = {}
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)
        self._find_hooks()

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Set what the loop was asked for on every callback.

        Args:
            params: dict, what the loop was asked for: `epochs`, `steps`, `verbose` and `backend`.
        """
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Model) -> None:
        """Set the model on every callback; its `history` is the `History` among them.

        Args:
            model: model, `Model`, the model.
        """
        super().set_model(model)
        if self.history is not None:
            object.__setattr__(model, "history", self.history)  # which is no option of the model, for it to count
        for callback in self.callbacks:
            callback.set_model(model)

    def set_training_run(self, run: Any) -> None:
        """Set the run on every callback, before it begins.

        Args:
            run: `TrainingRun`, the run.
        """
        super().set_training_run(run)
        for callback in self.callbacks:
            if hasattr(callback, "set_training_run"):  # what only looks like a callback has none
                callback.set_training_run(run)
        for callback in self.callbacks if run.is_kept else ():  # it may hold much data, which is copied to be compared
            if hasattr(callback, "note_attributes"):
                callback.note_attributes()

    def forget_training_run(self) -> None:
        """Let go of the run, and with it of its data, once it has ended."""
        for callback in (self, *self.callbacks):
            vars(callback).pop("_kcore_run", None)

    def get_state(self) -> dict[str, Any]:
        """Return the state of every callback, by its class and number among those."""
        return {name: each.get_state() for name, each in self._named().items() if hasattr(each, "get_state")}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Let every callback that there is a state of go on from that.

        Args:
            state: dict, what `get_state` returned.
        """
        for name, callback in self._named().items():
            if name in state and hasattr(callback, "set_state"):
                callback.set_state(state[name])

    def _named(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for callback in self.callbacks:
            cls = type(callback).__name__
            number = sum(name.rpartition(" ")[0] == cls for name in found)
            found[f"{cls} {number}"] = callback
        return found

    def has(self, hook: str) -> bool:
        """Return whether a callback defines a hook, named without its `on_`: "train_batch_end".

        Args:
            hook: str, the name of the hook, without its `on_`.
        """
        return bool(self._hooks[f"on_{hook}"])

    def next_due(self, hook: str) -> float:
        """Return when to run a hook of batches again, as `time.perf_counter` tells the time: now, unless all that it
        would do is to ask a progress bar whether it is to be drawn.

        Args:
            hook: str, the name of the hook, without its `on_`.
        """
        owners: list[Any] = [getattr(each, "__self__", None) for each in self._hooks[f"on_{hook}"]]
        if type(self) is not CallbackList or any(type(owner) is not ProgbarLogger for owner in owners):
            return 0.0
        return min([owner.next_due() for owner in owners], default=0.0)

    def _find_hooks(self) -> None:
        self._hooks = {name: [hook for each in self.callbacks for hook in _defined(each, name)] for name in HOOKS}

    def _begin(self, name: str, logs: Logs | None) -> None:
        self._find_hooks()
        for hook in self._hooks[name]:
            hook(logs or {})
        self._find_hooks()  # a callback may have given itself hooks as it began

    def _end(self, name: str, logs: Logs | None) -> None:
        """Run a hook of all callbacks, so that each can release what it holds, and then raise the first error."""
        failed: Exception | None = None
        for hook in self._hooks[name]:
            try:
                hook({} if logs is None else logs)
            except Exception as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when `fit` begins.

        Args:
            logs: dict or None, empty; None.
        """
        self._begin("on_train_begin", logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when `fit` ends.

        Args:
            logs: dict or None, losses and metrics of the last epoch by name; None.
        """
        self._end("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when an epoch begins.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, empty; None.
        """
        for hook in self._hooks["on_epoch_begin"]:
            hook(epoch, {} if logs is None else logs)

    def on_epoch_end(self, epoch: int, logs: MutableLogs | None = None) -> None:
        """Run the hooks of all callbacks when an epoch ends; a callback may add to `logs` for those after it.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, losses and metrics of the epoch by name; entries may be added; None.
        """
        logs = {} if logs is None else logs
        for hook in self._hooks["on_epoch_end"]:
            hook(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when a step begins.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, empty; None.
        """
        for hook in self._hooks["on_train_batch_begin"]:
            hook(batch, {} if logs is None else logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when a step ends.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, losses and metrics by name, averages over the epoch so far; None.
        """
        for hook in self._hooks["on_train_batch_end"]:
            hook(batch, {} if logs is None else logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when a step begins.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, empty; None.
        """
        self.on_train_batch_begin(batch, logs)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when a step ends.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, losses and metrics by name, averages over the epoch so far; None.
        """
        self.on_train_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when `evaluate`, or a validation, begins.

        Args:
            logs: dict or None, empty; None.
        """
        self._begin("on_test_begin", logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when `evaluate`, or a validation, ends.

        Args:
            logs: dict or None, losses and metrics of the evaluation by name; None.
        """
        self._end("on_test_end", logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when a batch is about to be evaluated.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, empty; None.
        """
        for hook in self._hooks["on_test_batch_begin"]:
            hook(batch, {} if logs is None else logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when a batch was evaluated.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, losses and metrics by name, averages over the evaluation so far; None.
        """
        for hook in self._hooks["on_test_batch_end"]:
            hook(batch, {} if logs is None else logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when `predict` begins.

        Args:
            logs: dict or None, empty; None.
        """
        self._begin("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when `predict` ends.

        Args:
            logs: dict or None, empty; None.
        """
        self._end("on_predict_end", logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when a batch is about to be predicted.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, empty; None.
        """
        for hook in self._hooks["on_predict_batch_begin"]:
            hook(batch, {} if logs is None else logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run the hooks of all callbacks when a batch was predicted.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, `{"outputs": ...}`, the outputs for the batch; None.
        """
        for hook in self._hooks["on_predict_batch_end"]:
            hook(batch, {} if logs is None else logs)


def _callbacks_in(given: Any) -> Iterator[Any]:
    for each in [] if given is None else tree.flatten(given):
        if isinstance(each, CallbackList):
            yield from each.callbacks
        elif isinstance(each, type):
            raise ArgumentError(
                f"{each.__name__} is a class among the callbacks", fix=f"make one: {each.__name__}()"
            ).at("callbacks")
        elif isinstance(each, Callback) or all(hasattr(each, name) for name in (*HOOKS, "set_model", "set_params")):
            yield each
        else:
            raise ArgumentError(
                f"{each!r} is among the callbacks", fix="pass instances of Callback; LambdaCallback wraps a function"
            ).at("callbacks")


def _defined(callback: Any, name: str) -> list[Hook]:
    """Return the method for a hook, or for its older name, in a list that is empty if it is as `Callback` has it."""
    own, cls = getattr(callback, "__dict__", {}), type(callback)
    for each in (name, BATCH_HOOKS.get(name)):
        if each is not None and (each in own or getattr(cls, each, None) is not getattr(Callback, each)):
            return [getattr(callback, each)]
    return []
