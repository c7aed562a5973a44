"""`LambdaCallback`: a callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import BATCH_HOOKS, HOOKS, Callback

__all__ = ["LambdaCallback"]


class LambdaCallback(Callback):
    """Call a function for each hook that is given one.

    Args:
        on_epoch_begin: function or None, what to call with `(epoch, logs)` when an epoch begins, None for nothing;
            None.
        on_epoch_end: function or None, what to call with `(epoch, logs)` when an epoch ends, None for nothing; None.
        on_train_begin: function or None, what to call with `(logs)` when `fit` begins, None for nothing; None.
        on_train_end: function or None, what to call with `(logs)` when `fit` ends, None for nothing; None.
        on_train_batch_begin: function or None, what to call with `(batch, logs)` when a step begins, None for nothing;
            None.
        on_train_batch_end: function or None, what to call with `(batch, logs)` when a step ends, None for nothing;
            None.
        **kwargs: function or None, functions for the other hooks of `Callback`, by their names; none.

    Raises:
        ArgumentError: if there is no such hook, or what is given is no function.

    >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    >>> callback.on_epoch_end(0, {"loss": 0.5})
    0 0.5
    """

    def __init__(
        self,
        on_epoch_begin: Callable[[int, Any], Any] | None = None,
        on_epoch_end: Callable[[int, Any], Any] | None = None,
        on_train_begin: Callable[[Any], Any] | None = None,
        on_train_end: Callable[[Any], Any] | None = None,
        on_train_batch_begin: Callable[[int, Any], Any] | None = None,
        on_train_batch_end: Callable[[int, Any], Any] | None = None,
        **kwargs: Callable[..., Any] | None,
    ) -> None:
        super().__init__()
        functions = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        names = (*HOOKS, *BATCH_HOOKS.values())
        for name, function in functions.items():
            if name not in names:
                raise ArgumentError(f"there is no hook {name!r}", fix=f"use one of {', '.join(names)}").at(
                    "LambdaCallback"
                )
            if function is None:
                continue
            if not callable(function):
                raise ArgumentError(f"{name} can not be {function!r}", fix="pass a function").at("LambdaCallback")
            setattr(self, name, function)
