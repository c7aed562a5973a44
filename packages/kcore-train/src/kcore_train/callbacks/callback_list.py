"""`CallbackList`: several callbacks, told together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kcore_ops import tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import BATCH_HOOKS, HOOKS, Callback, Numbers
from kcore_train.callbacks.history import History
from kcore_train.callbacks.progbar_logger import ProgbarLogger

__all__ = ["CallbackList"]

Hook = Callable[..., Any]


class CallbackList(Callback):
    """Callbacks that are told together, in their order.

    Only the hooks that a callback defines are called; `has` says whether there is any, so that a loop can leave out
    the call and all that prepares it.

    Args:
        callbacks: a callback, or a list of them.
        add_history: whether a `History` is added, if there is none.
        add_progbar: whether a `ProgbarLogger` is added, if there is none.
        model: the model to hand to each.
        **params: what the loop was asked for, handed to each: `epochs`, `steps`, `verbose`, `backend`.

    Attributes:
        callbacks: the callbacks, those added last.
        history: the `History` among them, or None.

    Raises:
        ArgumentError: if something that is no callback is among them.

    >>> from kcore_train.callbacks import LambdaCallback
    >>> told = CallbackList([LambdaCallback(on_epoch_begin=lambda epoch, logs: print("epoch", epoch))])
    >>> told.has("epoch_begin"), told.has("train_batch_end")
    (True, False)
    >>> told.on_epoch_begin(3)
    epoch 3
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
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

    def set_params(self, params: Any) -> None:
        """Hand each what the loop was asked for."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Hand each the model; the model's `history` is the `History` among them."""
        super().set_model(model)
        if self.history is not None:
            object.__setattr__(model, "history", self.history)  # which is no option of the model, for it to count
        for callback in self.callbacks:
            callback.set_model(model)

    def has(self, hook: str) -> bool:
        """Say whether a callback defines a hook, named without its `on_`: "train_batch_end"."""
        return bool(self._hooks[f"on_{hook}"])

    def _find_hooks(self) -> None:
        self._hooks = {name: [hook for each in self.callbacks for hook in _defined(each, name)] for name in HOOKS}

    def _begin(self, name: str, logs: Numbers) -> None:
        self._find_hooks()
        for hook in self._hooks[name]:
            hook(logs or {})
        self._find_hooks()  # a callback may have given itself hooks as it began

    def _end(self, name: str, logs: Numbers) -> None:
        """Tell all, so that each can let go of what it holds; the first error is raised when all were told."""
        failed: Exception | None = None
        for hook in self._hooks[name]:
            try:
                hook({} if logs is None else logs)
            except Exception as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def on_train_begin(self, logs: Numbers = None) -> None:
        """Tell that `fit` begins."""
        self._begin("on_train_begin", logs)

    def on_train_end(self, logs: Numbers = None) -> None:
        """Tell that `fit` ends."""
        self._end("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: Numbers = None) -> None:
        """Tell that an epoch begins."""
        for hook in self._hooks["on_epoch_begin"]:
            hook(epoch, {} if logs is None else logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tell that an epoch ends; a callback may add to `logs` for those after it."""
        logs = {} if logs is None else logs
        for hook in self._hooks["on_epoch_end"]:
            hook(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Numbers = None) -> None:
        """Tell that a step begins."""
        for hook in self._hooks["on_train_batch_begin"]:
            hook(batch, {} if logs is None else logs)

    def on_train_batch_end(self, batch: int, logs: Numbers = None) -> None:
        """Tell that a step ends."""
        for hook in self._hooks["on_train_batch_end"]:
            hook(batch, {} if logs is None else logs)

    def on_batch_begin(self, batch: int, logs: Numbers = None) -> None:
        """Tell that a step begins."""
        self.on_train_batch_begin(batch, logs)

    def on_batch_end(self, batch: int, logs: Numbers = None) -> None:
        """Tell that a step ends."""
        self.on_train_batch_end(batch, logs)

    def on_test_begin(self, logs: Numbers = None) -> None:
        """Tell that `evaluate`, or a validation, begins."""
        self._begin("on_test_begin", logs)

    def on_test_end(self, logs: Numbers = None) -> None:
        """Tell that `evaluate`, or a validation, ends."""
        self._end("on_test_end", logs)

    def on_test_batch_begin(self, batch: int, logs: Numbers = None) -> None:
        """Tell that a batch is about to be evaluated."""
        for hook in self._hooks["on_test_batch_begin"]:
            hook(batch, {} if logs is None else logs)

    def on_test_batch_end(self, batch: int, logs: Numbers = None) -> None:
        """Tell that a batch was evaluated."""
        for hook in self._hooks["on_test_batch_end"]:
            hook(batch, {} if logs is None else logs)

    def on_predict_begin(self, logs: Numbers = None) -> None:
        """Tell that `predict` begins."""
        self._begin("on_predict_begin", logs)

    def on_predict_end(self, logs: Numbers = None) -> None:
        """Tell that `predict` ends."""
        self._end("on_predict_end", logs)

    def on_predict_batch_begin(self, batch: int, logs: Numbers = None) -> None:
        """Tell that a batch is about to be predicted."""
        for hook in self._hooks["on_predict_batch_begin"]:
            hook(batch, {} if logs is None else logs)

    def on_predict_batch_end(self, batch: int, logs: Numbers = None) -> None:
        """Tell that a batch was predicted."""
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
    """Give the method for a hook, or for its older name, in a list that is empty if it is as `Callback` has it."""
    own, cls = getattr(callback, "__dict__", {}), type(callback)
    for each in (name, BATCH_HOOKS.get(name)):
        if each is not None and (each in own or getattr(cls, each, None) is not getattr(Callback, each)):
            return [getattr(callback, each)]
    return []
