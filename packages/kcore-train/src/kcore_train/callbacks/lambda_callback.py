"""`LambdaCallback`: a callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import BATCH_HOOKS, HOOKS, Callback

__all__ = ["LambdaCallback"]


class LambdaCallback(Callback):
    """Call functions at the moments they are given for.

    Args:
        on_epoch_begin: a function of `(epoch, logs)`.
        on_epoch_end: a function of `(epoch, logs)`.
        on_train_begin: a function of `(logs)`.
        on_train_end: a function of `(logs)`.
        on_train_batch_begin: a function of `(batch, logs)`.
        on_train_batch_end: a function of `(batch, logs)`.
        **kwargs: functions for the other hooks of `Callback`, by their names.

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
